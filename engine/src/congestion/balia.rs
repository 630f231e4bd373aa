//! BALIA (Peng, Walid, Hwang and Low, "Multipath TCP: Analysis, Design, and Implementation", IEEE/ACM Transactions on
//! Networking 24(1), 2016; draft-walid-mptcp-congestion-control-04): paths that grow with an eye on each other. Where they
//! meet at one bottleneck, all of them together take about what one flow would, and no more for being several.
//!
//! A path alone is what Reno is (RFC 5681). Slow start is each path's own, and ends at the first sign of a queue
//! (RFC 9406), or every path would overflow a bottleneck by as much as is in flight.

use std::time::{Duration, Instant};

use super::INITIAL_WINDOW;

/// Least window, packets (RFC 9002 §7.2).
const LEAST_WINDOW: u64 = 2;
/// However much faster the best path is, a loss takes no more than half of this from a window.
const MOST_DECREASE: f64 = 1.5;
/// What the round trip grows by while slow start fills a queue: an eighth, within these bounds (RFC 9406 §4.3).
const QUEUE_SHARE: u32 = 8;
const LEAST_QUEUE: Duration = Duration::from_millis(4);
const MOST_QUEUE: Duration = Duration::from_millis(16);

/// The paths of a tunnel, as each of their controllers has to know them. Rates are windows per round trip, bytes/s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Coupling {
    /// Of all paths together.
    pub(crate) total: u64,
    /// Of the best one.
    pub(crate) best: u64,
}

/// What a spurious loss gives back.
#[derive(Debug, Clone, Copy)]
struct Before {
    window: f64,
    threshold: f64,
}

/// The controller of one path.
#[derive(Debug, Clone)]
pub(crate) struct Balia {
    mtu: u64,
    /// Bytes; growth is less than one of them at a time.
    window: f64,
    /// Where slow start ends, bytes.
    threshold: f64,
    coupling: Coupling,
    rtt: Duration,
    /// What left before this was answered for already.
    reduced: Option<Instant>,
    before: Option<Before>,
}

impl Balia {
    /// A controller for packets of `mtu` bytes.
    pub(crate) fn new(mtu: u16) -> Self {
        let mtu = u64::from(mtu);
        Self {
            mtu,
            window: (INITIAL_WINDOW * mtu) as f64,
            threshold: f64::INFINITY,
            coupling: Coupling::default(),
            rtt: Duration::from_millis(100),
            reduced: None,
            before: None,
        }
    }

    /// Bytes that may be in flight.
    pub(crate) fn window(&self) -> u64 {
        self.window as u64
    }

    /// The window at the beginning, bytes.
    pub(crate) fn initial_window(&self) -> u64 {
        INITIAL_WINDOW * self.mtu
    }

    /// Takes over a new size of packets, bytes.
    pub(crate) fn set_mtu(&mut self, mtu: u16) {
        self.mtu = u64::from(mtu);
        self.window = self.window.max(self.least());
    }

    /// Takes over how the paths stand.
    pub(crate) fn couple(&mut self, coupling: Coupling) {
        self.coupling = coupling;
    }

    /// `bytes` that left at `sent` were acknowledged, where the round trip is `rtt`, at least `rtt_min`. Without growth if
    /// there was less to send than the window allows (RFC 9002 §7.8).
    pub(crate) fn on_acked(
        &mut self,
        sent: Instant,
        bytes: u64,
        is_app_limited: bool,
        (rtt, rtt_min): (Duration, Duration),
    ) {
        self.rtt = rtt.max(Duration::from_micros(100));
        if is_app_limited || self.reduced.is_some_and(|at| sent <= at) {
            return;
        }
        if self.window >= self.threshold {
            self.window += bytes as f64 * self.growth();
            return;
        }
        self.window += bytes as f64;
        if rtt > rtt_min + (rtt_min / QUEUE_SHARE).clamp(LEAST_QUEUE, MOST_QUEUE) {
            self.threshold = self.window;
        }
    }

    /// Something that left at `sent` was lost, or marked. Once for all that is under way by then.
    pub(crate) fn on_congestion(&mut self, now: Instant, sent: Instant) {
        if self.reduced.is_some_and(|at| sent <= at) {
            return;
        }
        self.reduced = Some(now);
        self.before = Some(Before { window: self.window, threshold: self.threshold });
        let part = 0.5 * self.lead().min(MOST_DECREASE);
        self.window = (self.window * (1.0 - part)).max(self.least());
        self.threshold = self.window;
    }

    /// Nothing got through for so long that all that was learned is void (RFC 9002 §7.6.2).
    pub(crate) fn on_persistent_congestion(&mut self) {
        self.before = None;
        self.window = self.least();
    }

    /// What was taken for lost had arrived.
    pub(crate) fn on_spurious_loss(&mut self) {
        if let Some(before) = self.before.take() {
            self.window = self.window.max(before.window);
            self.threshold = before.threshold;
            self.reduced = None;
        }
    }

    /// Bytes by which the window grows for each that is acknowledged.
    fn growth(&self) -> f64 {
        let (own, lead) = (self.rate(), self.lead());
        // The sum is as old as the last turn of the tunnel; it is never less than this path alone.
        let total = (self.coupling.total as f64).max(own);
        let shared = self.mtu as f64 * own / (self.rtt.as_secs_f64() * total * total);
        shared * (1.0 + lead) / 2.0 * (4.0 + lead) / 5.0
    }

    /// How many times as fast as this path the best one is.
    fn lead(&self) -> f64 {
        (self.coupling.best as f64 / self.rate()).max(1.0)
    }

    /// Bytes/s.
    fn rate(&self) -> f64 {
        self.window / self.rtt.as_secs_f64()
    }

    fn least(&self) -> f64 {
        (LEAST_WINDOW * self.mtu) as f64
    }
}

#[cfg(test)]
mod tests;
