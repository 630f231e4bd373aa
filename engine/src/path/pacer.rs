//! Spreads a path's packets over time, at the rate that its congestion controller asks for.

use std::time::{Duration, Instant};

/// How long a burst may be. A timer may fire this late without rate being lost.
const BURST: Duration = Duration::from_millis(4);
/// Smallest burst, in packets: RFC 9002 §7.7 lets a sender burst its initial window of 10.
const MIN_BURST_PACKETS: u64 = 10;
/// What is worth a wake-up: a millisecond's worth.
const QUANTUM: Duration = Duration::from_millis(1);

/// A token bucket.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: u64,
    mtu: u64,
    tokens: u64,
    updated: Instant,
}

impl Pacer {
    pub(crate) fn new(now: Instant) -> Self {
        let mtu = 1200;
        Self { rate: 0, mtu, tokens: MIN_BURST_PACKETS * mtu, updated: now }
    }

    /// Takes over a new rate (bytes/s) and packet size (bytes).
    pub(crate) fn set_rate(&mut self, now: Instant, rate: u64, mtu: u64) {
        self.refill(now);
        self.rate = rate;
        self.mtu = mtu;
        self.tokens = self.tokens.min(self.capacity());
    }

    /// Bytes that may leave now.
    pub(crate) fn credit(&mut self, now: Instant) -> u64 {
        self.refill(now);
        self.tokens
    }

    /// Notes that `bytes` left.
    pub(crate) fn sent(&mut self, bytes: u64) {
        self.tokens = self.tokens.saturating_sub(bytes);
    }

    /// When the next packet, better the next handful, may leave. `None`: never at a rate of 0.
    pub(crate) fn ready_at(&self) -> Option<Instant> {
        let quantum = bytes_in(self.rate, QUANTUM).clamp(self.mtu, self.capacity());
        let missing = quantum.saturating_sub(self.tokens);
        if missing == 0 {
            return Some(self.updated);
        }
        (self.rate > 0).then(|| self.updated + duration_of(missing, self.rate))
    }

    fn capacity(&self) -> u64 {
        bytes_in(self.rate, BURST).max(MIN_BURST_PACKETS * self.mtu)
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.updated);
        let earned = bytes_in(self.rate, elapsed);
        if earned > 0 {
            self.tokens = (self.tokens + earned).min(self.capacity());
            // Only the time that whole bytes took: the rest is not lost to rounding.
            self.updated = if self.tokens == self.capacity() {
                now
            } else {
                self.updated + duration_of(earned, self.rate)
            };
        }
    }
}

/// Bytes that a rate (bytes/s) gives in a time.
pub(crate) fn bytes_in(rate: u64, time: Duration) -> u64 {
    u64::try_from(u128::from(rate) * time.as_nanos() / 1_000_000_000).unwrap_or(u64::MAX)
}

/// Time that bytes take at a rate (bytes/s, not 0).
pub(crate) fn duration_of(bytes: u64, rate: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// So many thousandths of a value.
pub(crate) fn scale(value: u64, thousandths: u64) -> u64 {
    value.saturating_mul(thousandths) / 1000
}

/// Bytes/s of `bytes` in `time`.
pub(crate) fn bytes_per(bytes: u64, time: Duration) -> u64 {
    u64::try_from(u128::from(bytes) * 1_000_000_000 / time.as_nanos().max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
