//! Cubic (RFC 9438), counted in packets of equal size.

use std::time::{Duration, Instant};

/// Ten packets, as RFC 9002 §7.2 and RFC 6928 say.
pub(super) const INITIAL_WINDOW: f64 = 10.0;
const LEAST_WINDOW: f64 = 2.0;
/// RFC 9438 §4.6 and §5.
const BETA: f64 = 0.7;
const C: f64 = 0.4;

/// The congestion window.
#[derive(Debug)]
pub(super) struct Cubic {
    window: f64,
    threshold: f64,
    /// Window before the last reduction.
    most: f64,
    /// Since when the window grows along the curve.
    epoch: Option<Instant>,
    /// What Reno would have by now (RFC 9438 §4.3).
    reno: f64,
    /// Losses of packets sent before this are the same event.
    recovery_since: Option<Instant>,
}

impl Default for Cubic {
    fn default() -> Self {
        Self {
            window: INITIAL_WINDOW,
            threshold: f64::INFINITY,
            most: 0.0,
            epoch: None,
            reno: 0.0,
            recovery_since: None,
        }
    }
}

impl Cubic {
    /// Packets that may be in flight.
    pub(super) fn window(&self) -> f64 {
        self.window
    }

    pub(super) fn in_slow_start(&self) -> bool {
        self.window < self.threshold
    }

    /// A packet sent at `sent` was acknowledged while the window was full.
    pub(super) fn on_ack(&mut self, sent: Instant, now: Instant, rtt: Duration) {
        if self.recovery_since.is_some_and(|since| sent <= since) {
            return;
        }
        if self.in_slow_start() {
            self.window += 1.0;
            return;
        }
        let epoch = *self.epoch.get_or_insert_with(|| {
            self.reno = self.window;
            self.most = self.most.max(self.window);
            now
        });
        // Time at which the curve is back at `most`: it begins where the reduction left the window.
        let k = ((self.most - self.threshold).max(0.0) / C).cbrt();
        let t = (now.saturating_duration_since(epoch) + rtt).as_secs_f64();
        let target = (C * (t - k).powi(3) + self.most).clamp(self.window, 1.5 * self.window);
        self.reno += 3.0 * (1.0 - BETA) / (1.0 + BETA) / self.window;
        self.window += (target - self.window) / self.window;
        self.window = self.window.max(self.reno);
    }

    /// A packet sent at `sent` was lost.
    pub(super) fn on_loss(&mut self, sent: Instant, now: Instant) {
        if self.recovery_since.is_some_and(|since| sent <= since) {
            return;
        }
        self.recovery_since = Some(now);
        self.epoch = None;
        // Fast convergence (RFC 9438 §4.7): a window that did not recover makes room for others.
        self.most = if self.window < self.most { self.window * (1.0 + BETA) / 2.0 } else { self.window };
        self.window = (self.window * BETA).max(LEAST_WINDOW);
        self.threshold = self.window;
    }
}
