//! The round trip of a path whose queues are empty.

use std::time::{Duration, Instant};

/// A minimum is forgotten after one to two of these. BBR empties the queue at least every 5 s.
const WINDOW: Duration = Duration::from_secs(10);
/// After a change, smoothed round trips need this long to show it.
const SETTLING: Duration = Duration::from_millis(500);

/// Least smoothed round trip of late. Acknowledgements of all paths return over one of them: when that one
/// changes, every path has another base.
#[derive(Debug)]
pub(crate) struct BaseRtt {
    from: Instant,
    turned: Instant,
    current: Option<Duration>,
    previous: Option<Duration>,
}

impl BaseRtt {
    pub(crate) fn new(now: Instant) -> Self {
        Self { from: now, turned: now, current: None, previous: None }
    }

    /// Forgets all: the way of the acknowledgements changed.
    pub(crate) fn reset(&mut self, now: Instant) {
        *self = Self::new(now + SETTLING);
    }

    /// Takes in a smoothed round trip.
    pub(crate) fn sample(&mut self, now: Instant, rtt: Duration) {
        if now < self.from {
            return;
        }
        if now.saturating_duration_since(self.turned) > WINDOW {
            self.turned = now;
            self.previous = self.current.take();
        }
        self.current = Some(self.current.map_or(rtt, |least| least.min(rtt)));
    }

    /// The base, if it is known.
    pub(crate) fn get(&self) -> Option<Duration> {
        [self.current, self.previous].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests;
