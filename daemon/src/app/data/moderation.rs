//! Fewer wake-ups under load. On a slow link each packet comes alone, and a turn of the loop for each costs several times
//! what the packet does. Network cards moderate their interrupts for the same reason.

use std::time::{Duration, Instant};

/// Under load, turns begin so long after each other. Less than what pacing sends at once (a millisecond's worth), and less
/// than what a path's jitter is.
const INTERVAL: Duration = Duration::from_micros(500);
/// Load is so many packets...
const LOAD: usize = 20;
/// ...in this time: about 50 Mbit/s of full packets. A call and its answers are a tenth of it.
const WINDOW: Duration = Duration::from_millis(5);

/// Counts packets, and says when a turn may wait for more of them.
#[derive(Debug)]
pub(super) struct Moderation {
    window: Instant,
    packets: usize,
    is_loaded: bool,
}

impl Moderation {
    /// Without load.
    pub(super) fn new(now: Instant) -> Self {
        Self { window: now, packets: 0, is_loaded: false }
    }

    /// After a turn that began at `began` and moved so many packets: how long the next may wait at `now`, if at all.
    pub(super) fn pause(&mut self, began: Instant, now: Instant, packets: usize) -> Option<Duration> {
        self.packets += packets;
        if now.saturating_duration_since(self.window) >= WINDOW {
            self.is_loaded = self.packets >= LOAD && now.saturating_duration_since(self.window) < WINDOW * 2;
            (self.window, self.packets) = (now, 0);
        }
        let rest = (began + INTERVAL).saturating_duration_since(now);
        (self.is_loaded && !rest.is_zero()).then_some(rest)
    }
}

#[cfg(test)]
mod tests;
