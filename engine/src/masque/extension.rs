//! Which contexts two tandems use besides that of plain packets.
//!
//! RFC 9484 §5 leaves it to extensions to register context ids. Ours is a header field: the client lists what it
//! understands and the ids that it allocates, the gateway answers with those of them that it understands too, and what
//! is in both is agreed for the life of the request. A peer that is no tandem sends no such field, and agrees to
//! nothing.
//!
//! ```text
//! tandem-contexts: split=2, report=4
//! ```
//!
//! The value is a dictionary of integers (RFC 8941 §3.2). The client allocates, so all ids are even (RFC 9484 §5).

use std::fmt;

use crate::h3::{Headers, varint};

/// The name of the field.
pub const FIELD: &str = "tandem-contexts";

/// How many entries are read; a list that is longer comes from no tandem.
const MAX_ENTRIES: usize = 32;

/// Names of contexts with the ids that are allocated to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contexts(Vec<(String, u64)>);

impl Contexts {
    /// A client's offer: allocates an id to each name, which has to be lower-case (letters, digits, `_-.*`, the first
    /// one a letter or `*`).
    #[must_use]
    pub fn offer(names: &[&str]) -> Self {
        Self(names.iter().map(|name| (*name).to_owned()).zip((2..).step_by(2)).collect())
    }

    /// What a message says; nothing if it says nothing, or nothing that can be read (RFC 8941 §4.2 wants a field
    /// that does not parse to be ignored as a whole).
    #[must_use]
    pub fn from_headers(headers: &Headers) -> Self {
        let lines: Vec<&str> = headers.get_all(FIELD).collect();
        Self::parse(&lines.join(",")).unwrap_or_default()
    }

    /// What of an offer a gateway that knows `names` agrees to; this is its answer as well.
    #[must_use]
    pub fn accept(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| names.contains(&name.as_str()));
        self
    }

    /// What of an offer the peer has agreed to: what its answer repeats.
    #[must_use]
    pub fn confirm(mut self, answer: &Self) -> Self {
        self.0.retain(|entry| answer.0.contains(entry));
        self
    }

    /// The id allocated to a name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, id)| *id)
    }

    /// Whether no context is agreed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn parse(value: &str) -> Option<Self> {
        let mut entries: Vec<(String, u64)> = Vec::new();
        if value.trim_matches(' ').is_empty() {
            return Some(Self::default());
        }
        for member in value.split(',') {
            let (key, rest) = member.trim_matches([' ', '\t']).split_once('=')?;
            // Parameters may follow the value; none is defined.
            let digits = rest.split(';').next().unwrap_or(rest);
            let id = parse_id(digits)?;
            if !is_key(key) || entries.len() == MAX_ENTRIES {
                return None;
            }
            // Of a key given twice the last one counts (RFC 8941 §4.2.2).
            entries.retain(|(other, _)| other != key);
            entries.push((key.to_owned(), id));
        }
        // An id means one thing only, and must be one that a client may allocate.
        let mut ids: Vec<u64> = entries.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        let valid = ids.iter().all(|id| *id != 0 && id.is_multiple_of(2))
            && ids.windows(2).all(|pair| pair[0] != pair[1]);
        valid.then_some(Self(entries))
    }
}

/// The value of the field.
impl fmt::Display for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, id)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name}={id}")?;
        }
        Ok(())
    }
}

/// An integer (RFC 8941 §4.2.4) that is a context id.
fn parse_id(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|id| plain && *id <= varint::MAX)
}

/// Whether this is a key (RFC 8941 §3.1.2).
fn is_key(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '*');
    starts_well && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b))
}

#[cfg(test)]
mod tests;
