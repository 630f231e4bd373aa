//! The rate bound on ICMP errors.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// A token bucket over all ICMP errors of one tunnel (RFC 4443, section 2.4 (f); RFC 1812, section 4.3.2.8).
#[derive(Debug, Clone)]
pub struct Limiter {
    /// Time that one error costs.
    interval: Duration,
    /// How far ahead of time the bucket may be spent.
    burst: Duration,
    /// When the bucket is full again.
    full_at: Option<Instant>,
}

impl Limiter {
    /// A full bucket of `burst` errors that regains `per_second` of them; zero of either counts as one.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst: interval * burst.max(1), full_at: None }
    }

    /// Whether one more error may be sent at `now`; if so, it is counted.
    pub fn allow(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + self.interval;
        let allowed = full_at - now <= self.burst;
        if allowed {
            self.full_at = Some(full_at);
        }
        allowed
    }
}

impl Default for Limiter {
    /// 1000 a second in bursts of 50: many flows can discover their path MTU at once, a flood is not echoed.
    fn default() -> Self {
        Self::new(1000, 50)
    }
}
