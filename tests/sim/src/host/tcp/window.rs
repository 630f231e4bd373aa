//! The congestion window in segments, and whether it is what limits the sender (RFC 5681, RFC 7661).

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// Initial window (RFC 6928), in segments.
pub(in crate::host) const INITIAL_WINDOW: u32 = 10;

/// Window and threshold.
#[derive(Debug)]
pub(in crate::host) struct Window {
    /// Segments that may be in flight.
    pub(in crate::host) segments: u32,
    /// Below it, slow start.
    pub(in crate::host) threshold: u32,
    /// Acknowledged segments that have not yet made a whole one more.
    credit: u32,
    /// It was full some time in this round trip.
    limited: bool,
    most_out: u32,
    /// Data beyond which the present judgement ends.
    round_end: u64,
    /// Most segments out while it was not full, and since when.
    used: u32,
    full_at: Instant,
}

impl Window {
    pub(in crate::host) fn new(now: Instant) -> Self {
        Self {
            segments: INITIAL_WINDOW,
            threshold: u32::MAX,
            credit: 0,
            limited: false,
            most_out: 0,
            round_end: 0,
            used: 0,
            full_at: now,
        }
    }

    pub(in crate::host) fn in_slow_start(&self) -> bool {
        self.segments < self.threshold
    }

    /// Whether more window would have been of use; in slow start, if half of it was.
    pub(in crate::host) fn is_limiting(&self) -> bool {
        self.limited || (self.in_slow_start() && self.segments < 2 * self.most_out)
    }

    /// Grows by each segment acknowledged up to the threshold, and returns how many were left over.
    pub(in crate::host) fn slow_start(&mut self, acked: u32) -> u32 {
        let grown = (self.segments.saturating_add(acked)).min(self.threshold);
        let left = acked - (grown - self.segments);
        self.segments = grown;
        left
    }

    /// Grows by one for each `per` segments acknowledged.
    pub(in crate::host) fn grow(&mut self, per: u32, acked: u32) {
        // Credit from when growth was slower counts once.
        if self.credit >= per {
            self.credit = 0;
            self.segments += 1;
        }
        self.credit += acked;
        self.segments += self.credit / per;
        self.credit %= per;
    }

    /// Sets the window, and begins to count anew.
    pub(in crate::host) fn reset(&mut self, segments: u32) {
        self.segments = segments.max(1);
        self.credit = 0;
    }

    /// The threshold after an undeserved loss: no less than three quarters of the present window.
    pub(in crate::host) fn current_threshold(&self) -> u32 {
        self.threshold.max(self.segments / 2 + self.segments / 4)
    }

    /// Notes after sending how full it is; `timeout` is how long it may be unused before it shrinks.
    pub(in crate::host) fn validate(
        &mut self,
        now: Instant,
        una: u64,
        next: u64,
        out: u32,
        full: bool,
        timeout: Duration,
    ) {
        if una >= self.round_end || full || (!self.limited && out > self.most_out) {
            self.limited = full;
            self.most_out = out;
            self.round_end = next;
        }
        if self.is_limiting() {
            self.used = 0;
            self.full_at = now;
            return;
        }
        self.used = self.used.max(out);
        if now.saturating_duration_since(self.full_at) >= timeout {
            let used = self.used.max(INITIAL_WINDOW);
            if used < self.segments {
                self.threshold = self.current_threshold();
                self.segments = (self.segments + used) / 2;
            }
            self.used = 0;
            self.full_at = now;
        }
    }

    /// Shrinks towards the initial window after `idle` without sending (RFC 5681, section 4.1, halved per timeout).
    pub(in crate::host) fn restart(&mut self, now: Instant, idle: Duration, timeout: Duration) {
        self.threshold = self.current_threshold();
        let restart = INITIAL_WINDOW.min(self.segments);
        let mut left = idle;
        while left > timeout && self.segments > restart {
            left -= timeout;
            self.segments /= 2;
        }
        self.segments = self.segments.max(restart);
        self.full_at = now;
        self.used = 0;
    }
}
