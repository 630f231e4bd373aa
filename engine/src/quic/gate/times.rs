//! What a gate learns of time: round trips, and how long answers take.

use std::time::{Duration, Instant};

/// A round trip measured after a pause this long replaces what was known before it.
const RTT_PAUSE: Duration = Duration::from_millis(500);

/// The round trip as it is now: noq's own figure still counts what was measured before a pause, and a path that is left
/// out because it was slow would stay so.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RoundTrip {
    /// Of late.
    pub(super) smoothed: Option<Duration>,
    /// The least ever.
    pub(super) least: Option<Duration>,
    at: Option<Instant>,
}

impl RoundTrip {
    pub(super) fn sample(&mut self, now: Instant, sample: Duration) {
        let pause = self.at.map(|at| now.saturating_duration_since(at));
        self.at = Some(now);
        self.least = Some(self.least.map_or(sample, |least| least.min(sample)));
        self.smoothed = Some(match (self.smoothed, pause) {
            (Some(before), Some(pause)) if pause < RTT_PAUSE || sample > before => (before * 7 + sample) / 8,
            _ => sample,
        });
    }
}

/// How long answers take: from sending a packet to its acknowledgement, the peer's ack delay included.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AnswerTime {
    smoothed: Option<Duration>,
    variation: Duration,
}

impl AnswerTime {
    /// The estimator of RFC 6298 §2.
    pub(super) fn sample(&mut self, sample: Duration) {
        match self.smoothed {
            None => {
                self.smoothed = Some(sample);
                self.variation = sample / 2;
            }
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(sample)) / 4;
                self.smoothed = Some((smoothed * 7 + sample) / 8);
            }
        }
    }

    /// By when an answer can be expected: smoothed time plus four times its variation.
    pub(super) fn bound(&self) -> Option<Duration> {
        self.smoothed.map(|smoothed| smoothed + self.variation * 4)
    }
}
