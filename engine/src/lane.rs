//! Lanes: packets that must keep their order, numbered apart from all others, so that a gap in one flow holds no
//! other up.
//!
//! A flow's lane is chosen by its hash. What a packet says of it is called its place:
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-------------+-----------------------------------------------+
//! |U|    lane     |                sequence number                |
//! +-+-------------+-----------------------------------------------+
//! ```
//!
//! U: unordered, the receiver passes packets on as they come. In both kinds of lane each number passes once, so that
//! the sender may send a packet again whenever it doubts that it arrived.

mod resequencer;
mod window;

use bytes::{Buf, BufMut};

pub(crate) use self::resequencer::{Passed, Resequencer};
use crate::ip::{FlowKey, FlowSeed, Header};

/// Number of lanes, both kinds.
const LANES: usize = 256;
/// The bit in a lane's number that says that order does not matter.
const UNORDERED: u8 = 0x80;
/// Sequence numbers wrap at this.
const SEQUENCES: u32 = 1 << 24;
/// UDP packets up to this length (bytes, IP header included) are calls, games and queries, which a wait hurts
/// more than disorder. Bulk over UDP, such as QUIC's, comes in packets of 1,200 bytes and more.
const SMALL_UDP: usize = 600;

const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;

/// The flow of a packet of `len` bytes as a number: the lane in the topmost byte, and bits of its hash.
pub(crate) fn flow_of(header: &Header, len: usize, seed: &FlowSeed) -> u32 {
    let ordered = match header.protocol {
        PROTOCOL_TCP => true,
        PROTOCOL_UDP => len > SMALL_UDP,
        _ => false,
    };
    let hash = FlowKey::of(header).hash(seed);
    let unordered = u32::from(UNORDERED) << 24;
    if ordered { hash & !unordered } else { hash | unordered }
}

/// Lane and sequence number of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    lane: u8,
    /// Below [`SEQUENCES`].
    seq: u32,
}

impl Place {
    /// Bytes that [`encode`](Self::encode) writes.
    pub(crate) const LEN: usize = 4;

    pub(crate) fn encode(self, buf: &mut impl BufMut) {
        buf.put_u32(u32::from(self.lane) << 24 | self.seq);
    }

    /// Reads it off the front; `None` if there is too little.
    pub(crate) fn decode(buf: &mut impl Buf) -> Option<Self> {
        let word = buf.try_get_u32().ok()?;
        Some(Self { lane: (word >> 24) as u8, seq: word % SEQUENCES })
    }

    fn is_ordered(self) -> bool {
        self.lane & UNORDERED == 0
    }
}

/// How far `seq` is ahead of `base`; negative if it is behind.
fn ahead(seq: u32, base: u32) -> i32 {
    // The topmost of 24 bits becomes the sign.
    (seq.wrapping_sub(base) << 8).cast_signed() >> 8
}

fn following(seq: u32) -> u32 {
    (seq + 1) % SEQUENCES
}

/// The sender's side: gives each packet its place.
#[derive(Debug, Default)]
pub(crate) struct Sequencer {
    /// Next number of each lane; empty until the first packet.
    next: Vec<u32>,
}

impl Sequencer {
    /// The place of the next packet of a flow that [`flow_of`] named.
    pub(crate) fn place(&mut self, flow: u32) -> Place {
        if self.next.is_empty() {
            self.next.resize(LANES, 0);
        }
        let lane = (flow >> 24) as u8;
        let next = &mut self.next[usize::from(lane)];
        let seq = *next;
        *next = following(seq);
        Place { lane, seq }
    }
}

#[cfg(test)]
mod tests;
