//! Lanes: packets that must keep their order, numbered apart from all others, so that a gap in one flow holds no
//! other up.
//!
//! A flow's lane is chosen by its hash. What a packet says of it, and of its class, is called its place:
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +---+-+-------------+-------------------------------------------+
//! | C |U|    lane     |              sequence number              |
//! +---+-+-------------+-------------------------------------------+
//! ```
//!
//! C: the class, 0 realtime, 1 interactive, 2 bulk, 3 background. It is a tag and no more: numbers and order are the
//! lane's, so that a flow keeps its order when its class changes. A gateway sends the answers in the class in which the
//! client sent.
//!
//! U: unordered, the receiver passes packets on as they come. In both kinds of lane each number passes once, so that
//! the sender may send a packet again whenever it doubts that it arrived.
//!
//! A place with no packet behind it says that this one was lost and will not be sent again.

mod resequencer;
mod window;

use bytes::{Buf, BufMut};

pub(crate) use self::resequencer::{Passed, Resequencer};
use crate::class::Class;
use crate::ip::protocol;

/// Number of lanes, both kinds.
const LANES: usize = 256;
/// The bit in a lane's number that says that order does not matter.
const UNORDERED: u8 = 0x80;
/// Bits of a sequence number.
const SEQUENCE_BITS: u32 = 22;
/// Sequence numbers wrap at this. Half of them is 7 s of a lane at 300,000 packets/s, and no packet is sent again
/// after 0.3 s, so that an old number is never taken for a new one.
const SEQUENCES: u32 = 1 << SEQUENCE_BITS;
/// UDP packets up to this length (bytes, IP header included) are calls, games and queries, which a wait hurts
/// more than disorder. Bulk over UDP, such as QUIC's, comes in packets of 1,200 bytes and more.
const SMALL_UDP: usize = 600;

/// The flow of a packet of `len` bytes as a number: the lane in the topmost byte, and bits of the flow's `hash`.
///
/// TCP keeps its order in every class: it would wait for what is missing anyway, and takes disorder for loss.
pub(crate) fn flow_of(protocol: u8, len: usize, class: Class, hash: u32) -> u32 {
    let ordered = match protocol {
        protocol::TCP => true,
        protocol::UDP => len > SMALL_UDP && class != Class::Realtime,
        _ => false,
    };
    let unordered = u32::from(UNORDERED) << 24;
    if ordered { hash & !unordered } else { hash | unordered }
}

/// Class, lane and sequence number of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    class: Class,
    lane: u8,
    /// Below [`SEQUENCES`].
    seq: u32,
}

impl Place {
    /// Bytes that [`encode`](Self::encode) writes.
    pub(crate) const LEN: usize = 4;

    pub(crate) fn encode(self, buf: &mut impl BufMut) {
        let (class, lane) = (self.class.index() as u32, u32::from(self.lane));
        buf.put_u32(class << 30 | lane << SEQUENCE_BITS | self.seq);
    }

    /// Reads it off the front; `None` if there is too little.
    pub(crate) fn decode(buf: &mut impl Buf) -> Option<Self> {
        let word = buf.try_get_u32().ok()?;
        let lane = (word >> SEQUENCE_BITS) as u8;
        Some(Self { class: Class::from_code(word >> 30), lane, seq: word % SEQUENCES })
    }

    /// The class in which the packet was sent.
    pub(crate) fn class(self) -> Class {
        self.class
    }

    /// Whether later packets of its lane wait for it.
    pub(crate) fn is_ordered(self) -> bool {
        self.lane & UNORDERED == 0
    }
}

/// How far `seq` is ahead of `base`; negative if it is behind.
fn ahead(seq: u32, base: u32) -> i32 {
    // The topmost of a number's bits becomes the sign.
    const UNUSED: u32 = u32::BITS - SEQUENCE_BITS;
    (seq.wrapping_sub(base) << UNUSED).cast_signed() >> UNUSED
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
    /// The place of the next packet, sent in `class`, of a flow that [`flow_of`] named.
    pub(crate) fn place(&mut self, flow: u32, class: Class) -> Place {
        if self.next.is_empty() {
            self.next.resize(LANES, 0);
        }
        let lane = (flow >> 24) as u8;
        let next = &mut self.next[usize::from(lane)];
        let seq = *next;
        *next = following(seq);
        Place { class, lane, seq }
    }
}

#[cfg(test)]
mod tests;
