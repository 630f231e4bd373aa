//! What a connection's ends tell about how it went.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// How finely progress and windows are kept; what happens within this time becomes one entry.
const RESOLUTION: Duration = Duration::from_millis(1);

/// In-order bytes over time.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    entries: Vec<Entry>,
}

/// Arrivals within one millisecond.
#[derive(Debug, Clone, Copy)]
struct Entry {
    first: Instant,
    last: Instant,
    total: u64,
}

impl Progress {
    /// Notes that `total` bytes have been delivered by `now`.
    pub(super) fn advance(&mut self, now: Instant, total: u64) {
        match self.entries.last_mut() {
            Some(entry) if now < entry.first + RESOLUTION => {
                entry.last = now;
                entry.total = total;
            }
            _ => self.entries.push(Entry { first: now, last: now, total }),
        }
    }

    /// Bytes delivered by `at`, exact to a millisecond.
    pub fn total_at(&self, at: Instant) -> u64 {
        let later = self.entries.partition_point(|entry| entry.last <= at);
        later.checked_sub(1).map_or(0, |index| self.entries[index].total)
    }

    /// All bytes delivered.
    pub fn total(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.total)
    }

    /// When the last new byte came.
    pub fn last(&self) -> Option<Instant> {
        self.entries.last().map(|entry| entry.last)
    }

    /// Mean goodput between two times, in bits per second.
    pub fn goodput(&self, from: Instant, to: Instant) -> f64 {
        let bytes = self.total_at(to) - self.total_at(from);
        bytes as f64 * 8.0 / (to - from).as_secs_f64()
    }

    /// The longest time without a new byte between two times, and when it began.
    pub fn longest_pause(&self, from: Instant, to: Instant) -> (Duration, Instant) {
        let mut longest = (Duration::ZERO, from);
        let mut since = from;
        let begin = self.entries.partition_point(|entry| entry.last < from);
        let during = self.entries[begin..].iter().take_while(|entry| entry.first <= to);
        for (first, last) in during.map(|entry| (entry.first, entry.last)).chain([(to, to)]) {
            let pause = first.saturating_duration_since(since);
            if pause > longest.0 {
                longest = (pause, since);
            }
            since = last;
        }
        longest
    }
}

/// The congestion window over time, in segments.
#[derive(Debug, Clone, Default)]
pub struct WindowTrace {
    entries: Vec<(Instant, u32)>,
}

impl WindowTrace {
    pub(super) fn record(&mut self, now: Instant, segments: u32) {
        match self.entries.last_mut() {
            Some((_, last)) if *last == segments => {}
            Some((at, last)) if now < *at + RESOLUTION => *last = segments,
            _ => self.entries.push((now, segments)),
        }
    }

    /// Changes, oldest first, at most one a millisecond.
    pub fn entries(&self) -> &[(Instant, u32)] {
        &self.entries
    }
}

/// What a sender counts.
#[derive(Debug, Clone, Default)]
pub struct SenderStats {
    /// Segments with data that were sent, repeated ones included.
    pub segments: u64,
    /// Repeated segments.
    pub retransmissions: u64,
    /// Repeated segments that the receiver already had, as it said by DSACK (RFC 2883).
    pub spurious: u64,
    /// Retransmission timeouts.
    pub timeouts: u64,
    /// Fast recoveries begun.
    pub recoveries: u64,
    /// Reductions of the window taken back, as what seemed lost had only been late.
    pub undone: u64,
    /// Tail loss probes (RFC 8985, section 7).
    pub probes: u64,
    /// Reductions of the window because the network marked packets.
    pub ecn_reductions: u64,
    /// The congestion window.
    pub window: WindowTrace,
}

/// What a receiver counts.
#[derive(Debug, Clone, Default)]
pub struct ReceiverStats {
    /// In-order bytes, as the program could read them.
    pub progress: Progress,
    /// Segments that came while an earlier byte was missing.
    pub out_of_order: u64,
    /// Segments of which every byte had come before.
    pub duplicates: u64,
    /// Packets with a wrong checksum or length, and payloads that are not what was sent.
    pub corrupt: u64,
    /// Segments refused because their timestamp was too old (RFC 7323, section 5.3).
    pub outdated: u64,
    /// Packets that a router marked (RFC 3168).
    pub marked: u64,
}
