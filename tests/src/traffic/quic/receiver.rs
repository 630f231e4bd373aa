//! The receiving end: which numbers have come, and when to say so (RFC 9000 §13.2).

use std::time::{Duration, Instant};

/// Ranges in an acknowledgement; older ones are forgotten.
const RANGES: usize = 32;
/// Bytes of the longest acknowledgement.
pub(super) const ACK_ROOM: usize = RANGES * 16;
/// `max_ack_delay` of RFC 9000 §18.2.
pub(super) const MAX_ACK_DELAY: Duration = Duration::from_millis(25);
/// Packets after which an acknowledgement is due (RFC 9000 §13.2.2).
const ACK_EVERY: u32 = 2;

/// Numbers that have arrived, as inclusive ranges, the highest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) ranges: Vec<(u64, u64)>,
}

impl Ack {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.clear();
        for (first, last) in &self.ranges {
            out.extend_from_slice(&first.to_be_bytes());
            out.extend_from_slice(&last.to_be_bytes());
        }
    }

    /// `None` for anything else than an acknowledgement.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (pairs, rest) = bytes.as_chunks::<16>();
        let number = |bytes: &[u8]| bytes.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        let ranges = pairs
            .iter()
            .map(|pair| Some((number(&pair[..8])?, number(&pair[8..])?)))
            .collect::<Option<Vec<_>>>()?;
        let valid = rest.is_empty() && !ranges.is_empty() && ranges.iter().all(|(first, last)| first <= last);
        valid.then_some(Self { ranges })
    }

    pub(super) fn largest(&self) -> Option<u64> {
        self.ranges.first().map(|range| range.1)
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

/// State of the receiving end.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    received: Ack,
    unacknowledged: u32,
    deadline: Option<Instant>,
}

impl Receiver {
    /// Notes a packet; whether it is new.
    pub(super) fn handle_packet(&mut self, number: u64, now: Instant) -> bool {
        let in_order = self.received.largest().is_none_or(|largest| number == largest + 1);
        let new = self.insert(number);
        self.unacknowledged += 1;
        // What arrives out of order is told at once, so that a loss is found early (RFC 9000 §13.2.1).
        let at_once = !in_order || self.unacknowledged >= ACK_EVERY;
        let due = if at_once { now } else { now + MAX_ACK_DELAY };
        self.deadline = Some(self.deadline.map_or(due, |before| before.min(due)));
        new
    }

    fn insert(&mut self, number: u64) -> bool {
        let ranges = &mut self.received.ranges;
        // Packets come almost in order: the place is near the front.
        let at = ranges.iter().position(|range| range.0 <= number).unwrap_or(ranges.len());
        if ranges.get(at).is_some_and(|range| number <= range.1) {
            return false;
        }
        if at == RANGES {
            // Older than all that is remembered: it may have come before.
            return false;
        }
        let joins_older = ranges.get(at).is_some_and(|range| range.1 + 1 == number);
        let joins_newer = at > 0 && ranges[at - 1].0 == number + 1;
        match (joins_older, joins_newer) {
            (true, true) => {
                ranges[at - 1].0 = ranges[at].0;
                ranges.remove(at);
            }
            (true, false) => ranges[at].1 = number,
            (false, true) => ranges[at - 1].0 = number,
            (false, false) => ranges.insert(at, (number, number)),
        }
        ranges.truncate(RANGES);
        true
    }

    /// When an acknowledgement is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The acknowledgement, if one is due.
    pub(super) fn poll_ack(&mut self, now: Instant) -> Option<&Ack> {
        if self.deadline? > now {
            return None;
        }
        self.deadline = None;
        self.unacknowledged = 0;
        Some(&self.received)
    }
}
