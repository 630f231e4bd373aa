//! CUBIC (RFC 9438) as Linux has it: fast convergence, Reno-friendly region, HyStart.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::hystart::HyStart;
use super::window::Window;

/// Multiplicative decrease: Linux's 717/1024.
const BETA: f64 = 717.0 / 1024.0;
/// Aggressiveness, in segments per second cubed (RFC 9438, section 5).
const C: f64 = 0.4;
/// Acknowledged segments per window at which a Reno with the same decrease would grow by one (section 4.3).
const RENO_ROUND: f64 = (1.0 + BETA) / (3.0 * (1.0 - BETA));
/// The curve is not computed anew within this time while the window stays.
const REFRESH: Duration = Duration::from_millis(31);
/// Round trips within this time of a new epoch are those of the recovery before it.
const SETTLING: Duration = Duration::from_secs(1);

/// The state of CUBIC.
#[derive(Debug)]
pub(in crate::host) struct Cubic {
    /// Absent where packets are paced, as it reads the spacing of acknowledgements.
    hystart: Option<HyStart>,
    /// Window before the last reduction, lower where others are converging.
    last_most: f64,
    /// Window at the curve's plateau, and seconds from the epoch to it.
    origin: f64,
    plateau: f64,
    epoch: Option<Instant>,
    /// The least round trip.
    least: Option<Duration>,
    /// What a Reno would have.
    reno: f64,
    reno_acked: f64,
    /// Segments to be acknowledged per growth by one.
    per: u32,
    computed: Option<(Instant, u32)>,
}

impl Cubic {
    pub(in crate::host) fn new(now: Instant) -> Self {
        Self {
            hystart: Some(HyStart::new(now)),
            last_most: 0.0,
            origin: 0.0,
            plateau: 0.0,
            epoch: None,
            least: None,
            reno: 0.0,
            reno_acked: 0.0,
            per: 2,
            computed: None,
        }
    }

    /// As [`Cubic::new`], with a slow start that ends by loss only.
    pub(in crate::host) fn without_hystart(now: Instant) -> Self {
        Self { hystart: None, ..Self::new(now) }
    }

    /// Takes the round trip of an acknowledgement; `una` and `next` are the first unacknowledged and unsent byte.
    pub(in crate::host) fn on_rtt(
        &mut self,
        now: Instant,
        rtt: Duration,
        una: u64,
        next: u64,
        window: &mut Window,
    ) {
        if self.epoch.is_some_and(|epoch| now.saturating_duration_since(epoch) < SETTLING) {
            return;
        }
        let least = self.least.map_or(rtt, |least| least.min(rtt));
        self.least = Some(least);
        let Some(hystart) = self.hystart.as_mut().filter(|_| window.in_slow_start()) else { return };
        if hystart.is_round_over(una) {
            hystart.begin_round(now, next);
        }
        if hystart.update(now, window.segments, rtt, least) {
            window.threshold = window.segments;
        }
    }

    /// Grows the window after `acked` segments were acknowledged in order.
    pub(in crate::host) fn on_ack(&mut self, now: Instant, acked: u32, window: &mut Window) {
        if !window.is_limiting() {
            return;
        }
        let left = if window.in_slow_start() { window.slow_start(acked) } else { acked };
        if left > 0 {
            self.update(now, left, window.segments);
            window.grow(self.per, left);
        }
    }

    /// Computes how fast to grow (RFC 9438, sections 4.2 to 4.5).
    fn update(&mut self, now: Instant, acked: u32, window: u32) {
        self.reno_acked += f64::from(acked);
        if self.computed.is_some_and(|(at, then)| then == window && now < at + REFRESH) {
            return;
        }
        self.computed = Some((now, window));
        let current = f64::from(window);
        let epoch = *self.epoch.get_or_insert_with(|| {
            self.reno_acked = f64::from(acked);
            self.reno = current;
            self.origin = self.last_most.max(current);
            self.plateau = ((self.origin - current) / C).cbrt();
            now
        });
        // One round trip ahead: that is when the growth shows.
        let time = (now.saturating_duration_since(epoch) + self.least.unwrap_or_default()).as_secs_f64();
        let target = self.origin + C * (time - self.plateau).powi(3);
        let mut per = if target > current { current / (target - current) } else { 100.0 * current };
        if self.last_most == 0.0 {
            // The capacity is not known yet, and the curve would start flat.
            per = per.min(20.0);
        }
        let round = current * RENO_ROUND;
        while self.reno_acked > round {
            self.reno_acked -= round;
            self.reno += 1.0;
        }
        if self.reno > current {
            per = per.min(current / (self.reno - current));
        }
        self.per = per.max(2.0) as u32;
    }

    /// The threshold after a loss at a window of `window` segments.
    pub(in crate::host) fn on_congestion(&mut self, window: u32) -> u32 {
        self.epoch = None;
        let window = f64::from(window);
        let converging = window < self.last_most;
        self.last_most = if converging { window * (1.0 + BETA) / 2.0 } else { window };
        ((window * BETA) as u32).max(2)
    }

    /// Forgets everything after a timeout, when slow start begins anew.
    pub(in crate::host) fn on_timeout(&mut self, now: Instant, next: u64) {
        let hystart = self.hystart.as_ref().map(|_| {
            let mut hystart = HyStart::new(now);
            hystart.begin_round(now, next);
            hystart
        });
        *self = Self { hystart, ..Self::new(now) };
    }

    /// The sender was idle for so long; the curve shall not have gone on meanwhile.
    pub(in crate::host) fn on_idle(&mut self, idle: Duration) {
        self.epoch = self.epoch.map(|epoch| epoch + idle);
    }
}
