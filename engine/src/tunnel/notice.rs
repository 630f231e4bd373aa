//! What an end tells the other of its paths: on which answers are overdue, and how each is to be used.
//!
//! It goes by datagram, not by stream: QUIC sends a stream's bytes again only once something was acknowledged that left
//! later on the same path. On a path that died without a word they are lost for good, and all that follows in the
//! stream waits for them. A datagram in flight on such a path goes out again on another, like any packet. A notice
//! tells of all paths, and the newest counts.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::Tunnel;
use crate::h3::varint;
use crate::link::{Policy, Tier};
use crate::masque::datagram;
use crate::path::Outgoing;
use crate::quic::{Datagram, path_number};

/// More paths than a peer can have open at once.
const MAX_ENTRIES: usize = 64;

/// Notices sent and received.
#[derive(Debug, Default)]
pub(super) struct Notices {
    /// Number of the last one sent.
    sent: u64,
    /// Number of the newest one received.
    heard: u64,
    /// Something changed since the last one.
    due: bool,
}

/// What is told of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// The path's number.
    id: u32,
    /// Whether answers on it are overdue, or nothing is heard on it that ought to come.
    silent: bool,
    /// How both ends are to use it, where the sender has a say.
    policy: Option<Policy>,
}

impl Entry {
    fn encode(self, buf: &mut BytesMut) {
        let tier = self.policy.map_or(0, |policy| u64::from(policy.tier.code()) + 1);
        let metered = self.policy.is_some_and(|policy| policy.metered);
        varint::encode(buf, u64::from(self.id));
        varint::encode(buf, tier << 2 | u64::from(metered) << 1 | u64::from(self.silent));
    }

    /// `None` if it is malformed. A tier that is not known counts as not told.
    fn decode(input: &mut &[u8]) -> Option<Self> {
        let id = u32::try_from(varint::decode(input)?).ok()?;
        let what = varint::decode(input)?;
        let tier = (what >> 2).checked_sub(1).and_then(Tier::from_code);
        let policy = tier.map(|tier| Policy { tier, metered: what & 2 != 0 });
        Some(Self { id, silent: what & 1 == 1, policy })
    }
}

/// Number and entries of a notice. `None` if it is malformed.
fn decode(mut payload: &[u8]) -> Option<(u64, Vec<Entry>)> {
    let number = varint::decode(&mut payload)?;
    let mut entries = Vec::new();
    while !payload.is_empty() {
        if entries.len() >= MAX_ENTRIES {
            return None;
        }
        entries.push(Entry::decode(&mut payload)?);
    }
    Some((number, entries))
}

impl Tunnel {
    /// Lets the peer know how the paths stand, as soon as a packet can leave.
    pub(super) fn tell_of_paths(&mut self) {
        self.notices.due = true;
        self.dirty = true;
    }

    /// Queues a notice if one is due, before anything else.
    pub(super) fn queue_notice(&mut self) {
        let (Some(stream), Some(context)) = (self.stream, self.contexts.paths) else { return };
        if !std::mem::take(&mut self.notices.due) {
            return;
        }
        self.notices.sent += 1;
        // The client's word on the use of links counts, and the gateway has none.
        let has_say = self.asked.is_some();
        let mut buf = BytesMut::with_capacity(64);
        datagram::encode_header(&mut buf, datagram::quarter_stream_id(stream), context);
        varint::encode(&mut buf, self.notices.sent);
        for path in &self.paths {
            let policy = has_say.then(|| path.policy());
            Entry { id: path_number(path.id), silent: path.health.is_silent(), policy }.encode(&mut buf);
        }
        if self.returned.front().is_some_and(Outgoing::is_notice) {
            self.returned.pop_front();
        }
        self.returned.push_front(Outgoing::Notice(buf.freeze()));
    }

    /// Whether a datagram of ours is a notice.
    pub(super) fn is_notice(&self, datagram: &Datagram) -> bool {
        let content = datagram::parse(&datagram.bytes).ok().and_then(|parsed| parsed.content);
        content.is_some_and(|(context, _)| self.contexts.paths == Some(context))
    }

    /// Malformed ones are ignored: nothing but the use of a path hangs on them.
    pub(super) fn receive_notice(&mut self, now: Instant, payload: &Bytes) {
        let Some((number, entries)) = decode(payload) else { return };
        if number <= self.notices.heard {
            return;
        }
        self.notices.heard = number;
        for entry in entries {
            self.peer_hears(now, entry.id, !entry.silent);
            if let Some(policy) = entry.policy.filter(|_| self.asked.is_none()) {
                self.peer_set_policy(entry.id, policy);
            }
        }
    }
}

#[cfg(test)]
mod tests;
