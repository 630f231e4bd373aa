//! The header and trailer sections of messages: ordered lists of fields, pseudo-header fields among them.

use std::fmt;

use bytes::Bytes;

/// One field line. Names are lower-case, those of pseudo-header fields begin with a colon.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: Bytes,
    /// The value, which need not be UTF-8.
    pub value: Bytes,
}

impl Field {
    /// Whether the value is a secret: it appears in no log, and no intermediary may compress it
    /// (RFC 9204 §7.1.3).
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        matches!(self.name.as_ref(), b"authorization" | b"proxy-authorization" | b"cookie" | b"set-cookie")
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value: &dyn fmt::Debug = if self.is_sensitive() { &"(secret)" } else { &self.value };
        write!(f, "{:?}: {value:?}", self.name)
    }
}

/// The fields of one message, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<Field>);

impl Headers {
    /// The header section of a request with its four ordinary pseudo-header fields.
    #[must_use]
    pub fn request(
        method: impl Into<Bytes>,
        scheme: impl Into<Bytes>,
        authority: impl Into<Bytes>,
        path: impl Into<Bytes>,
    ) -> Self {
        Self::default()
            .with(":method", method)
            .with(":scheme", scheme)
            .with(":authority", authority)
            .with(":path", path)
    }

    /// The header section of a response.
    #[must_use]
    pub fn response(status: u16) -> Self {
        Self::default().with(":status", status.to_string())
    }

    /// The same with one field more, at the end. The name has to be lower-case.
    #[must_use]
    pub fn with(mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.0.push(Field { name: name.into(), value: value.into() });
        self
    }

    /// All fields, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.iter()
    }

    /// The value of the first field of that name, if it is there and UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// The values of all fields of that name, in order, without those that are not UTF-8.
    pub fn get_all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |field| field.name == name.as_bytes())
            .filter_map(|field| std::str::from_utf8(&field.value).ok())
    }

    /// `:method` of a request.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.get(":method")
    }

    /// `:scheme` of a request.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.get(":scheme")
    }

    /// `:authority` of a request.
    #[must_use]
    pub fn authority(&self) -> Option<&str> {
        self.get(":authority")
    }

    /// `:path` of a request: the path and, if there is one, the query.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.get(":path")
    }

    /// `:protocol` of an extended CONNECT (RFC 9220 §3).
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.get(":protocol")
    }

    /// `:status` of a response: a number of three digits.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let digits = self.get(":status")?;
        let valid = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|status| valid && *status >= 100)
    }

    /// The token of `authorization: Bearer TOKEN` (RFC 6750 §2.1).
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.get("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
    }
}

impl FromIterator<Field> for Headers {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
