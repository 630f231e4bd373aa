//! What a path carried: for figures over the last second or two, and since it was opened.

use std::time::{Duration, Instant};

use super::Outgoing;
use super::pacer::bytes_per;

/// Figures shown to people are taken over at least this long.
pub(crate) const METER_INTERVAL: Duration = Duration::from_secs(1);
/// A path that carried packets within this time does not stand by, whether or not it is wanted at the very moment: one
/// of a lower tier comes and goes with the queues of the others, many times a second.
const LATELY: Duration = Duration::from_secs(2);

/// Counts of the tunnel's own datagrams, which noq does not keep.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// When a packet was last handed over for the path.
    sent_at: Option<Instant>,
    /// Sent on it once more, because they were lost, here or on another path.
    pub(crate) retransmitted: u64,
    /// Sent on it beside another path, so that the first copy to arrive counts.
    pub(crate) duplicated: u64,
    /// Packets that came on it after a later one of their lane.
    pub(crate) reordered: u64,
    /// Packets that came on it and had to wait for an earlier one of their lane.
    pub(crate) held: u64,
}

impl Tally {
    /// Notes what is handed over for the path.
    pub(crate) fn note(&mut self, now: Instant, item: &Outgoing) {
        match item {
            Outgoing::Packet { .. } => self.sent_at = Some(now),
            Outgoing::Again(_) => {
                self.sent_at = Some(now);
                self.retransmitted += 1;
            }
            Outgoing::Report(_) | Outgoing::Notice(_) => {}
        }
    }

    /// Whether packets were sent a moment ago.
    pub(super) fn sent_lately(&self, now: Instant) -> bool {
        self.sent_at.is_some_and(|at| now.saturating_duration_since(at) < LATELY)
    }
}

/// Bytes up to some moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bytes {
    pub(crate) tx: u64,
    pub(crate) rx: u64,
}

/// Bytes of late, without a timer of its own.
#[derive(Debug)]
pub(super) struct Meter {
    older: (Instant, Bytes),
    newer: (Instant, Bytes),
}

impl Meter {
    pub(super) fn new(now: Instant) -> Self {
        Self { older: (now, Bytes::default()), newer: (now, Bytes::default()) }
    }

    /// Takes the bytes down, at least [`METER_INTERVAL`] after the last time.
    pub(super) fn roll(&mut self, now: Instant, bytes: Bytes) {
        self.older = std::mem::replace(&mut self.newer, (now, bytes));
    }

    /// Bytes since the last time but one.
    pub(super) fn lately(&self, bytes: Bytes) -> Bytes {
        let (_, before) = self.older;
        Bytes { tx: bytes.tx.saturating_sub(before.tx), rx: bytes.rx.saturating_sub(before.rx) }
    }

    /// Bytes/s that so many since then are.
    pub(super) fn rate(&self, now: Instant, lately: u64) -> u64 {
        let elapsed = now.saturating_duration_since(self.older.0);
        if elapsed.is_zero() { 0 } else { bytes_per(lately, elapsed) }
    }
}

#[cfg(test)]
mod tests;
