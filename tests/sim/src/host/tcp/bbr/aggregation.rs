//! How much more than expected acknowledgements bring at once, so that the window can bridge it (as in Linux's BBR).

use std::time::Instant;

use super::super::rate::RateSample;

/// Round trips after which the older of two maxima is dropped.
const WINDOW_ROUNDS: u32 = 5;
/// Longest time of the estimated rate that the allowance makes up, in seconds.
const MAX_SECONDS: f64 = 0.1;

/// Surplus of acknowledgements over the estimated rate.
#[derive(Debug)]
pub(super) struct Aggregation {
    /// Greatest surplus in this and the last window of rounds, in segments.
    extra: [u32; 2],
    current: usize,
    rounds: u32,
    /// Begin of the present epoch, and segments acknowledged since.
    epoch: Instant,
    acked: u32,
}

impl Aggregation {
    pub(super) fn new(now: Instant) -> Self {
        Self { extra: [0; 2], current: 0, rounds: 0, epoch: now, acked: 0 }
    }

    /// Begins to count anew after idling.
    pub(super) fn restart(&mut self, now: Instant) {
        (self.epoch, self.acked) = (now, 0);
    }

    /// Takes an acknowledgement; `rate` is in segments a second, `window` what bounds the surplus.
    pub(super) fn update(
        &mut self,
        at: Instant,
        sample: &RateSample,
        rate: f64,
        window: u32,
        new_round: bool,
    ) {
        if new_round {
            self.rounds += 1;
            if self.rounds >= WINDOW_ROUNDS {
                self.rounds = 0;
                self.current ^= 1;
                self.extra[self.current] = 0;
            }
        }
        let mut expected = (rate * at.saturating_duration_since(self.epoch).as_secs_f64()) as u32;
        if self.acked <= expected {
            self.restart(at);
            expected = 0;
        }
        self.acked += sample.acked;
        let extra = (self.acked - expected).min(window);
        self.extra[self.current] = self.extra[self.current].max(extra);
    }

    /// Segments by which the window shall exceed its target.
    pub(super) fn allowance(&self, rate: f64) -> u32 {
        self.extra[0].max(self.extra[1]).min((rate * MAX_SECONDS) as u32)
    }
}
