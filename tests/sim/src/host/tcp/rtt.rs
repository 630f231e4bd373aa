//! Round-trip times and the retransmission timeout (RFC 6298, with Linux's minimum and its smoothing of the variation).

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Least variation that the timeout allows for: Linux's `tcp_rto_min_us`.
pub(super) const MIN_VARIATION: Duration = Duration::from_millis(200);
/// Longest timeout, as Linux has it.
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(120);
/// Timeout before the first sample (RFC 6298, section 2.1).
pub(super) const INITIAL_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a least round trip counts: Linux's `tcp_min_rtt_wlen`.
const MIN_WINDOW: Duration = Duration::from_secs(300);

/// Estimates from samples.
#[derive(Debug, Default)]
pub(super) struct RttEstimator {
    smoothed: Option<Duration>,
    /// Four times the mean deviation.
    deviation: Duration,
    /// The largest of it within the current round trip, at least [`MIN_VARIATION`].
    most_deviation: Duration,
    /// What the timeout adds to the smoothed round trip.
    variation: Duration,
    /// Data beyond which the current round trip ends.
    round_end: u64,
    /// Candidates for the least, rising in time and value.
    least: VecDeque<(Instant, Duration)>,
}

impl RttEstimator {
    /// Takes a sample for the timeout; `una` is the first unacknowledged byte, `next` the first unsent one.
    pub(super) fn update(&mut self, sample: Duration, una: u64, next: u64) {
        let Some(smoothed) = self.smoothed else {
            self.smoothed = Some(sample);
            self.deviation = sample * 2;
            self.variation = self.deviation.max(MIN_VARIATION);
            self.most_deviation = self.variation;
            self.round_end = next;
            return;
        };
        self.smoothed = Some((smoothed * 7 + sample) / 8);
        let error = sample.abs_diff(smoothed);
        // A round trip that gets shorter shall not lengthen the timeout: such errors count an eighth.
        let weight = if sample < smoothed && error > self.deviation / 4 { 8 } else { 1 };
        self.deviation = if error > self.deviation / 4 {
            self.deviation + (error - self.deviation / 4) / weight
        } else {
            self.deviation - (self.deviation / 4 - error)
        };
        self.most_deviation = self.most_deviation.max(self.deviation);
        self.variation = self.variation.max(self.most_deviation);
        if una > self.round_end {
            self.variation -= self.variation.saturating_sub(self.most_deviation) / 4;
            self.round_end = next;
            self.most_deviation = MIN_VARIATION;
        }
    }

    /// Takes a sample for the least round trip.
    pub(super) fn update_least(&mut self, now: Instant, sample: Duration) {
        while self.least.back().is_some_and(|&(_, value)| value >= sample) {
            self.least.pop_back();
        }
        // One candidate a second will do, and bounds what is kept.
        if self.least.back().is_none_or(|&(at, _)| at + Duration::from_secs(1) <= now) {
            self.least.push_back((now, sample));
        }
        while self.least.len() > 1 && self.least.front().is_some_and(|&(at, _)| at + MIN_WINDOW < now) {
            self.least.pop_front();
        }
    }

    /// The smoothed round trip, once there is one.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }

    /// The least round trip of the last minutes.
    pub(super) fn least(&self) -> Option<Duration> {
        self.least.front().map(|&(_, value)| value)
    }

    /// The retransmission timeout, not backed off.
    pub(super) fn timeout(&self) -> Duration {
        self.smoothed.map_or(INITIAL_TIMEOUT, |smoothed| (smoothed + self.variation).min(MAX_TIMEOUT))
    }
}
