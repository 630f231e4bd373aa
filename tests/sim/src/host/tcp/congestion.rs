//! The two congestion controls behind one face.

use std::time::{Duration, Instant};

use super::bbr::{Bbr, Context, burst};
use super::config::Algorithm;
use super::cubic::Cubic;
use super::rate::RateSample;
use super::window::Window;

/// The congestion control of a connection.
#[derive(Debug)]
pub(super) enum Congestion {
    Cubic(Cubic),
    Bbr(Bbr),
}

impl Congestion {
    pub(super) fn new(algorithm: Algorithm, now: Instant, seed: u32, rtt: Option<Duration>) -> Self {
        match algorithm {
            Algorithm::Cubic => Self::Cubic(Cubic::new(now)),
            Algorithm::Bbr => Self::Bbr(Bbr::new(now, seed, rtt)),
        }
    }

    /// Whether it sets the window itself, also while losses are repaired.
    pub(super) fn sets_window(&self) -> bool {
        matches!(self, Self::Bbr(_))
    }

    /// Segments a second, and segments at once, if sending is paced.
    pub(super) fn pacing(&self) -> Option<(f64, u32)> {
        match self {
            Self::Cubic(_) => None,
            Self::Bbr(bbr) => Some((bbr.pacing_rate(), burst(bbr.pacing_rate()))),
        }
    }

    /// Takes a round trip; `una` and `next` are the first unacknowledged and the first unsent byte.
    pub(super) fn on_rtt(&mut self, now: Instant, rtt: Duration, una: u64, next: u64, window: &mut Window) {
        if let Self::Cubic(cubic) = self {
            cubic.on_rtt(now, rtt, una, next, window);
        }
    }

    /// Grows the window outside recovery, after `acked` segments. BBR does so by [`on_sample`](Self::on_sample).
    pub(super) fn on_ack(&mut self, now: Instant, acked: u32, window: &mut Window) {
        if let Self::Cubic(cubic) = self {
            cubic.on_ack(now, acked, window);
        }
    }

    /// Takes a rate sample.
    pub(super) fn on_sample(&mut self, context: Context<'_>, sample: &RateSample, window: &mut Window) {
        if let Self::Bbr(bbr) = self {
            bbr.on_ack(context, sample, window);
        }
    }

    /// Tells the threshold after congestion.
    pub(super) fn on_congestion(&mut self, window: &Window) -> u32 {
        match self {
            Self::Cubic(cubic) => cubic.on_congestion(window.segments),
            Self::Bbr(bbr) => {
                bbr.on_congestion(window.segments);
                window.threshold
            }
        }
    }

    /// A timeout; `next` is the first unsent byte.
    pub(super) fn on_timeout(&mut self, now: Instant, next: u64) {
        match self {
            Self::Cubic(cubic) => cubic.on_timeout(now, next),
            Self::Bbr(bbr) => bbr.on_timeout(),
        }
    }

    /// A reduction was needless. Tells the window to go back to, of the one before it and the present one.
    pub(super) fn on_undo(&mut self, prior: u32, present: u32) -> u32 {
        match self {
            Self::Cubic(_) => prior.max(present),
            Self::Bbr(bbr) => {
                bbr.on_undo();
                present
            }
        }
    }

    /// Sends again after `idle` with nothing in flight.
    pub(super) fn on_restart(&mut self, now: Instant, idle: Duration, app_limited: bool) {
        match self {
            Self::Cubic(cubic) => cubic.on_idle(idle),
            Self::Bbr(bbr) if app_limited => bbr.on_restart(now),
            Self::Bbr(_) => {}
        }
    }
}
