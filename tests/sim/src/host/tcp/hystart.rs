//! HyStart: leaving slow start before it loses packets (Ha and Rhee 2011, with Linux's parameters).
//!
//! Two signs end it: acknowledgements that come back to back for half of the least round trip, and the least of
//! eight round trips at the begin of a round that is an eighth above the least ever.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// Window below which slow start is left alone, in segments.
const LOW_WINDOW: u32 = 16;
/// Samples of a round that say how long its round trip is.
const MIN_SAMPLES: u32 = 8;
/// Acknowledgements within this time belong to one train.
const TRAIN_GAP: Duration = Duration::from_millis(2);
/// Bounds of the increase that counts.
const DELAY_BOUNDS: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(16));

/// One slow start.
#[derive(Debug)]
pub(super) struct HyStart {
    found: bool,
    round_start: Instant,
    last_ack: Instant,
    /// Data beyond which the round ends.
    round_end: u64,
    samples: u32,
    /// The least round trip of this round.
    least: Option<Duration>,
}

impl HyStart {
    pub(super) fn new(now: Instant) -> Self {
        Self { found: false, round_start: now, last_ack: now, round_end: 0, samples: 0, least: None }
    }

    /// Begins a round that ends when `next` is acknowledged.
    pub(super) fn begin_round(&mut self, now: Instant, next: u64) {
        (self.round_start, self.last_ack, self.round_end) = (now, now, next);
        (self.samples, self.least) = (0, None);
    }

    /// Whether the acknowledged byte `una` ends the round.
    pub(super) fn is_round_over(&self, una: u64) -> bool {
        una > self.round_end
    }

    /// Takes a round trip in slow start; true if that shall end. `least` is the least of the connection.
    pub(super) fn update(&mut self, now: Instant, window: u32, rtt: Duration, least: Duration) -> bool {
        if self.found || window < LOW_WINDOW {
            return false;
        }
        if now.saturating_duration_since(self.last_ack) <= TRAIN_GAP {
            self.last_ack = now;
            self.found = now.saturating_duration_since(self.round_start) > least / 2;
        }
        self.least = Some(self.least.map_or(rtt, |known| known.min(rtt)));
        if self.samples < MIN_SAMPLES {
            self.samples += 1;
        } else {
            let increase = (least / 8).clamp(DELAY_BOUNDS.0, DELAY_BOUNDS.1);
            self.found |= self.least.is_some_and(|round| round > least + increase);
        }
        self.found
    }
}
