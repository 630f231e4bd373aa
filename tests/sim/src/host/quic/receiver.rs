//! The receiving end: acknowledges every second packet, and at once what came out of order (RFC 9000 §13.2).

use std::time::Instant;

use super::MAX_ACK_DELAY;
use super::ranges::{ACK_ROOM, Ranges};

/// Packets after which an acknowledgement is due (RFC 9000 §13.2.2).
const ACK_EVERY: u32 = 2;

/// State of the receiving end.
#[derive(Debug, Default)]
pub struct Receiver {
    ranges: Ranges,
    unacknowledged: u32,
    ack_at: Option<Instant>,
    reordered: u64,
}

impl Receiver {
    /// Takes a packet's number. False for a copy, which changes nothing.
    pub fn handle_packet(&mut self, now: Instant, number: u64) -> bool {
        let expected = self.ranges.largest().map_or(0, |largest| largest + 1);
        if !self.ranges.insert(number) {
            return false;
        }
        self.reordered += u64::from(number < expected);
        self.unacknowledged += 1;
        let at_once = number != expected || self.unacknowledged >= ACK_EVERY;
        let due = if at_once { now } else { now + MAX_ACK_DELAY };
        self.ack_at = Some(self.ack_at.map_or(due, |earlier| earlier.min(due)));
        true
    }

    /// Writes the acknowledgement, if one is due, and returns its length.
    pub fn poll_ack(&mut self, now: Instant, into: &mut [u8; ACK_ROOM]) -> Option<usize> {
        self.ack_at.filter(|at| *at <= now)?;
        self.ack_at = None;
        self.unacknowledged = 0;
        Some(self.ranges.encode(into))
    }

    /// When an acknowledgement is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.ack_at
    }

    /// How many packets came after one with a higher number.
    pub fn reordered(&self) -> u64 {
        self.reordered
    }
}

#[cfg(test)]
mod tests;
