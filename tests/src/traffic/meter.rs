//! Counts bytes as they arrive, in slots of 5 ms, and the longest silence between two arrivals.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Width of a slot.
pub const SLOT: Duration = Duration::from_millis(5);

/// A lock-free record of arrivals, shared by all flows of a transfer.
#[derive(Debug)]
pub struct Meter {
    start: Instant,
    slots: Vec<AtomicU64>,
    total: AtomicU64,
    /// Nanoseconds from `start` to the last arrival, zero before the first.
    last: AtomicU64,
    longest_pause: AtomicU64,
}

impl Meter {
    /// A meter that starts now and has slots for that long; later arrivals count in the last slot.
    #[must_use]
    pub fn new(room: Duration) -> Self {
        let slots = (room.as_micros() / SLOT.as_micros()) as usize + 1;
        Self {
            start: Instant::now(),
            slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            total: AtomicU64::new(0),
            last: AtomicU64::new(0),
            longest_pause: AtomicU64::new(0),
        }
    }

    /// Notes an arrival.
    pub fn add(&self, bytes: usize) {
        let at = self.start.elapsed();
        let slot = ((at.as_micros() / SLOT.as_micros()) as usize).min(self.slots.len() - 1);
        self.slots[slot].fetch_add(bytes as u64, Ordering::Relaxed);
        self.total.fetch_add(bytes as u64, Ordering::Relaxed);
        let at = at.as_nanos() as u64;
        let before = self.last.swap(at, Ordering::Relaxed);
        if before > 0 {
            self.longest_pause.fetch_max(at.saturating_sub(before), Ordering::Relaxed);
        }
    }

    /// When it began.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.start
    }

    /// All bytes so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Time from the start to the last arrival.
    #[must_use]
    pub fn last_arrival(&self) -> Duration {
        Duration::from_nanos(self.last.load(Ordering::Relaxed))
    }

    /// The longest time without an arrival between the first and the last. A silence that still lasts is not in it.
    #[must_use]
    pub fn longest_pause(&self) -> Duration {
        Duration::from_nanos(self.longest_pause.load(Ordering::Relaxed))
    }

    /// Bits per second from `from` to `to`, both relative to the start and rounded to slots.
    #[must_use]
    pub fn rate_bps(&self, from: Duration, to: Duration) -> f64 {
        rate_bps(&self.samples(), from, to)
    }

    /// Bytes in each slot.
    #[must_use]
    pub fn samples(&self) -> Vec<u64> {
        self.slots.iter().map(|slot| slot.load(Ordering::Relaxed)).collect()
    }
}

/// Bits per second from `from` to `to` of samples as [`Meter::samples`] gives them, rounded to slots.
#[must_use]
pub fn rate_bps(samples: &[u64], from: Duration, to: Duration) -> f64 {
    let index = |at: Duration| ((at.as_micros() / SLOT.as_micros()) as usize).min(samples.len());
    let (from, to) = (index(from), index(to));
    if to <= from {
        return 0.0;
    }
    let bytes: u64 = samples[from..to].iter().sum();
    bytes as f64 * 8.0 / (SLOT.as_secs_f64() * (to - from) as f64)
}

#[cfg(test)]
mod tests;
