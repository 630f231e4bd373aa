//! Spreads packets over the round trip (RFC 9002 §7.7).

use std::time::{Duration, Instant};

use crate::host::tcp::window::INITIAL_WINDOW;

/// Packets that may leave at once: as many as at the start (RFC 9002 §7.7), and on a fast path what leaves in
/// [`BURST_TIME`], as in the implementations of the field, whose timers are no finer.
const BURST: f64 = INITIAL_WINDOW as f64;
const BURST_TIME: Duration = Duration::from_millis(2);

/// A bucket that fills at the pace.
#[derive(Debug)]
pub(super) struct Pacer {
    filled_at: Instant,
    credit: f64,
}

impl Pacer {
    pub(super) fn new(now: Instant) -> Self {
        Self { filled_at: now, credit: BURST }
    }

    /// Whether a packet may leave at this pace, in packets per second.
    pub(super) fn take(&mut self, now: Instant, pace: f64) -> bool {
        let waited = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        self.credit = (self.credit + waited * pace).min(BURST.max(pace * BURST_TIME.as_secs_f64()));
        let may = self.credit >= 1.0;
        if may {
            self.credit -= 1.0;
        }
        may
    }

    /// When the next packet may leave.
    pub(super) fn next(&self, pace: f64) -> Instant {
        self.filled_at + Duration::from_secs_f64((1.0 - self.credit).max(0.0) / pace)
    }
}
