//! BBRv3 (draft-ietf-ccwg-bbr-06): a model of the path, its bandwidth and its round trip without queues, decides how
//! fast packets leave and how many may be in flight, instead of losses alone.
//!
//! Differences to the draft, each because a tunnel sees what a single sender does not, or has other aims:
//!
//! - **Losses without a queue are not congestion** unless they are many (the idea of TCP Veno, Fu and Liew 2003): a
//!   radio link that loses 3 % would otherwise be left at a part of its rate, and what it loses is sent again anyway.
//! - **The first sign of a queue ends a probe for bandwidth** that brings no more of it; the draft waits for three
//!   rounds, and by then three quarters of a round trip's worth stand in the link.
//! - **While a queue stands, less may be in flight** than the draft's two round trips' worth: what waits here may still
//!   take another path.
//! - **While the link's queue is empty, packets leave a little faster than delivered.** Probes every two to three
//!   seconds find a link that became faster, but too late for a download of seconds.
//! - **Startup does not pace, in effect, and begins with a larger window.** What comes in is paced by its own senders, whose
//!   slow starts double as ours does: a little behind them, a queue stood before the path for as long as they last. The
//!   tunnel's queue dropped of it, or the longer round trips ended the slow start (HyStart, RFC 9406), and a flow over a
//!   long link was left at a twentieth of it for many seconds.
//! - **Beside calls, a queue that stands as before after it was drained is perhaps none**: the way has become longer, as when
//!   a phone changes cells. With next to nothing in flight for a round, that shows at once. The draft finds out after five to
//!   ten seconds, and by then what too small a window lets through would have been taken for the bandwidth, again and again.
//! - **A round trip that is almost the least counts as the least**: its queue is empty, and no pause is needed to see
//!   what it would be without one.

mod model;
mod phase;

use std::time::{Duration, Instant};

use fastrand::Rng;

use self::model::Model;
use self::phase::Phase;
use super::INITIAL_WINDOW;
use super::rate::{Sample, Sampler};
use crate::path::pacer::{bytes_in, bytes_per, scale};

/// Least window, packets.
const LEAST_WINDOW: u64 = 4;
/// Round trip until one was measured, for pacing.
const UNKNOWN_RTT: Duration = Duration::from_millis(1);
/// While a queue stands, so much of it is left to the link.
const QUEUE_ALLOWANCE: Duration = Duration::from_millis(5);
/// What is left to the link, queue or not, while it carries calls: what hosts and pacers do at once.
const CALL_QUEUE: Duration = Duration::from_micros(2_500);
/// Pacing below the estimate, thousandths: it drains what bursts leave behind (draft §5.6.2: 1 %).
const MARGIN: u64 = 990;
/// Pacing while the link's queue is empty, thousandths.
const SEARCH: u64 = 1050;

/// The controller of one path.
#[derive(Debug, Clone)]
pub(crate) struct Bbr {
    mtu: u64,
    sampler: Sampler,
    model: Model,
    phase: Phase,
    random: Rng,
    window: u64,
    /// The window before ProbeRTT cut it.
    saved_window: u64,
    pacing_rate: u64,
    /// Whether that rests on a round trip that was measured.
    paced_by_rtt: bool,
    carries_calls: bool,
}

impl Bbr {
    /// A controller for packets of `mtu` bytes. Equal seeds choose alike.
    pub(crate) fn new(now: Instant, mtu: u16, seed: u64) -> Self {
        let mtu = u64::from(mtu);
        let window = INITIAL_WINDOW * mtu;
        let phase = Phase::new();
        Self {
            mtu,
            sampler: Sampler::new(now),
            model: Model::new(now),
            pacing_rate: scale(bytes_per(window, UNKNOWN_RTT), phase.pacing_gain()),
            phase,
            random: Rng::with_seed(seed),
            window,
            saved_window: window,
            paced_by_rtt: false,
            carries_calls: false,
        }
    }

    /// Whether calls go over the path, which have to wait in the queue that it makes.
    pub(crate) fn set_calls(&mut self, carries_calls: bool) {
        self.carries_calls = carries_calls;
    }

    /// Bytes that may be in flight.
    pub(crate) fn window(&self) -> u64 {
        self.window
    }

    /// The window at the beginning, bytes.
    pub(crate) fn initial_window(&self) -> u64 {
        INITIAL_WINDOW * self.mtu
    }

    /// Bytes/s at which packets shall leave.
    pub(crate) fn pacing_rate(&self) -> u64 {
        self.pacing_rate
    }

    /// Bytes/s that the path is believed to carry; `None` until something was measured.
    pub(crate) fn bandwidth(&self) -> Option<u64> {
        Some(self.model.bandwidth()).filter(|rate| *rate > 0)
    }

    /// Takes over a new size of packets, bytes.
    pub(crate) fn set_mtu(&mut self, mtu: u16) {
        self.mtu = u64::from(mtu);
        self.window = self.window.max(LEAST_WINDOW * self.mtu);
    }

    /// A packet left.
    pub(crate) fn on_sent(&mut self, now: Instant, pn: u64, bytes: u64) {
        self.sampler.sent(now, pn, bytes);
    }

    /// There is less to send than the path may carry.
    pub(crate) fn on_app_limited(&mut self) {
        self.sampler.limit();
    }

    /// A packet that left at `sent` was acknowledged.
    pub(crate) fn on_acked(&mut self, now: Instant, pn: u64, sent: Instant, bytes: u64) {
        self.sampler.acked(now, pn, sent, bytes);
        self.model.note_arrival();
    }

    /// An acknowledgement was processed in full, after which `in_flight` bytes remain.
    pub(crate) fn on_ack_end(&mut self, now: Instant, in_flight: u64) {
        self.sampler.set_in_flight(in_flight);
        let least = self.model.min_rtt().unwrap_or_default();
        let Some(sample) = self.sampler.sample(now, least) else { return };
        self.model.update(now, &sample, &self.sampler);
        if self.model.round_started() {
            self.adapt_bounds(&sample);
        }
        let step = phase::Step { now, in_flight, mtu: self.mtu, calls: self.carries_calls, sample: &sample };
        let before = self.phase.is_probing_rtt();
        self.phase.advance(&step, &mut self.model, &mut self.random);
        match (before, self.phase.is_probing_rtt()) {
            (false, true) => self.saved_window = self.window,
            (true, false) => self.window = self.window.max(self.saved_window),
            _ => {}
        }
        self.set_pacing_rate(sample.app_limited);
        self.set_window(sample.newly_acked);
    }

    /// A packet was lost.
    pub(crate) fn on_lost(&mut self, now: Instant, pn: u64, bytes: u64) {
        let Some(loss) = self.sampler.lost_one(pn, bytes) else { return };
        if self.model.note_loss(bytes, &loss) {
            self.phase.on_excess(now, &loss, &mut self.model, &mut self.random);
        }
    }

    /// The network marked packets instead of dropping them (RFC 9000 §13.4).
    pub(crate) fn on_marked(&mut self) {
        self.model.note_mark();
    }

    /// What was declared lost had arrived.
    pub(crate) fn on_spurious_loss(&mut self) {
        self.model.undo();
    }

    /// Nothing was acknowledged for several probe timeouts (RFC 9002 §7.6): begins with little, but knows the path.
    pub(crate) fn on_persistent_congestion(&mut self) {
        self.saved_window = self.saved_window.max(self.window);
        self.window = LEAST_WINDOW * self.mtu;
    }

    /// The way of the acknowledgements changed: every round trip is another one now.
    pub(crate) fn forget_rtt(&mut self, now: Instant) {
        self.model.forget_rtt(now);
    }

    /// Once a round: losses bound what may be in flight until the next probe; where there are none and no queue, a
    /// bound from earlier ones was too low.
    fn adapt_bounds(&mut self, sample: &Sample) {
        if !self.phase.is_probing_bandwidth() {
            self.model.lower_bounds(self.window);
        }
        if self.searches() && !sample.app_limited {
            self.model.raise_inflight(SEARCH);
        }
    }

    fn set_pacing_rate(&mut self, app_limited: bool) {
        let bandwidth = self.model.bandwidth();
        let rate = if bandwidth == 0 {
            let rtt = self.model.min_rtt().unwrap_or(UNKNOWN_RTT).max(UNKNOWN_RTT);
            bytes_per(INITIAL_WINDOW * self.mtu, rtt)
        } else {
            bandwidth
        };
        let searches = self.searches();
        let gain = self.phase.pacing_gain();
        let rate = match gain {
            1000 if searches && !app_limited => scale(rate, SEARCH),
            1000 => scale(rate, MARGIN),
            _ => scale(rate, gain),
        };
        // Until the pipe is known to be full, an estimate from too little data does not slow it down.
        if self.phase.pipe_was_filled() || rate > self.pacing_rate || !self.paced_by_rtt {
            self.pacing_rate = rate;
            self.paced_by_rtt = true;
        }
    }

    /// Whether the link shows room for more, between two probes.
    fn searches(&self) -> bool {
        self.phase.is_cruising() && self.model.is_queue_empty() && !self.model.is_lossy()
    }

    fn set_window(&mut self, newly_acked: u64) {
        let target = self.target();
        if self.phase.pipe_was_filled() {
            self.window = (self.window + newly_acked).min(target);
        } else if self.window < target || self.sampler.delivered() < self.initial_window() {
            self.window += newly_acked;
        }
        let bound = self.phase.bound(&self.model, self.mtu);
        let rtt_bound = match self.phase.is_probing_rtt() {
            true => self.phase.probe_rtt_window(&self.model),
            false => u64::MAX,
        };
        self.window = self.window.min(bound).min(rtt_bound).max(LEAST_WINDOW * self.mtu);
    }

    /// What the window grows to: twice what the path holds, and what arrives in lumps.
    fn target(&self) -> u64 {
        let Some(bdp) = self.model.bdp(self.phase.window_gain()) else { return self.initial_window() };
        // A pacer's burst, and what the peer may hold back before it acknowledges.
        let bursts = bytes_in(self.pacing_rate, Duration::from_millis(2)).max(6 * self.mtu);
        let mut target = bdp + self.model.extra_acked() + bursts;
        if self.phase.pipe_was_filled() && self.model.has_queue() {
            if self.phase.is_draining() {
                // Pace alone would not drain a link that is slower than believed.
                return self.model.bdp(1000).unwrap_or(0).max(bursts);
            }
            let most = self.model.bdp(1500).unwrap_or(0) + bytes_in(self.model.bandwidth(), QUEUE_ALLOWANCE);
            target = target.min(most.max(bursts));
        }
        if self.phase.pipe_was_filled() && self.carries_calls {
            let queue = CALL_QUEUE + self.model.noise() * 2;
            let held = self.model.bdp(self.phase.pacing_gain().max(1000)).unwrap_or(0);
            target = target.min((held + bytes_in(self.model.bandwidth(), queue)).max(bursts));
        }
        target
    }
}

#[cfg(test)]
mod tests;
