//! BBR's state machine (draft-ietf-ccwg-bbr-06 §5.3): fills the pipe, then cycles between probing for more bandwidth and
//! letting the queue drain, and now and then looks for the least round trip.

use std::time::{Duration, Instant};

use fastrand::Rng;

use super::LEAST_WINDOW;
use super::model::Model;
use crate::congestion::INITIAL_WINDOW;
use crate::congestion::rate::{Loss, Sample};
use crate::path::pacer::scale;

/// The pipe is full once so many rounds brought no growth of a quarter (§5.3.1.2)...
const FULL_ROUNDS: u32 = 3;
/// ...or one, if a queue stands then.
const FULL_ROUNDS_QUEUED: u32 = 1;
const FULL_GROWTH: u64 = 1250;
/// It is full, too, once a queue stood in the link for so many rounds on end while nothing waited here.
const OVERFULL_ROUNDS: u32 = 8;
/// A probe goes on while a round brings more than this, thousandths of the round before.
const PROBE_GROWTH: u64 = 1020;
/// Rounds without growth after which it ends without a queue, too.
const PROBE_PATIENCE: u32 = 3;
/// From one probe to the next, and what is added at random so that paths with one bottleneck do not probe in step.
const PROBE_WAIT: Duration = Duration::from_secs(2);
const PROBE_WAIT_RANDOM_MS: u64 = 1000;
/// At most so many rounds, to keep up with Reno's growth (§5.3.3.5.1).
const PROBE_ROUNDS: u64 = 63;
/// Rounds with a queue after which it is drained, and rates of the time before it are doubted.
const STANDING_ROUNDS: u32 = 4;
/// How long the queue is kept empty to see the least round trip (§5.3.4.3).
const PROBE_RTT_TIME: Duration = Duration::from_millis(200);
/// How long the way is believed after it was doubted, if it was longer, and if it was not (a neighbour's queue stands, too),
/// unless so many drains were in vain.
const DOUBT: Duration = Duration::from_secs(1);
const DOUBT_AGAIN: Duration = Duration::from_secs(5);
const PATIENT_DRAINS: u32 = 3;
/// What is left free below a bound that losses have shown, thousandths of it (Headroom, §2.8).
const WITH_HEADROOM: u64 = 850;
/// What is left of the window's target, at least, if that much in flight was too much (Beta), thousandths.
const BETA: u64 = 700;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Startup,
    Drain,
    Down,
    Cruise,
    Refill,
    Up,
    ProbeRtt,
}

/// What happened, for [`Phase::advance`].
pub(super) struct Step<'a> {
    pub(super) now: Instant,
    pub(super) in_flight: u64,
    pub(super) mtu: u64,
    /// Whether the path carries calls, so that hardly more is in flight than the path is believed to hold.
    pub(super) calls: bool,
    pub(super) sample: &'a Sample,
}

/// Where the controller stands in its cycle.
#[derive(Debug, Clone)]
pub(super) struct Phase {
    kind: Kind,
    /// Round in which it began.
    since: u64,
    filled: bool,
    /// Highest rate by which growth is judged, bytes/s, and rounds without.
    grown: u64,
    flat: u32,
    /// Startup: rounds on end with a queue in the link and none here.
    overfull: u32,
    /// When the last probe for bandwidth ended, its round, and how long to wait for the next.
    probed: Option<(Instant, u64)>,
    wait: Duration,
    /// Whether the rates of the last probe have yet to be taken over as those of a cycle.
    cycle_open: bool,
    /// ProbeRTT: until when, once little is in flight, and the least round trip since.
    until: Option<Instant>,
    least: Option<Duration>,
    /// Beside calls: how often a queue was drained and stands as before. Perhaps it is none, and the way has become longer.
    drained_in_vain: u32,
    /// Until then it takes more of them to look into that again.
    doubt_again: Option<Instant>,
}

impl Phase {
    pub(super) fn new() -> Self {
        Self {
            kind: Kind::Startup,
            since: 0,
            filled: false,
            grown: 0,
            flat: 0,
            overfull: 0,
            probed: None,
            wait: PROBE_WAIT,
            cycle_open: false,
            until: None,
            least: None,
            drained_in_vain: 0,
            doubt_again: None,
        }
    }

    /// Pacing relative to the bandwidth, thousandths (§5.3.3). In Startup the window is the limit: 4 ln 2, as the draft has it,
    /// stretches the bursts of the inner flows' slow starts by a third of a round trip.
    pub(super) fn pacing_gain(&self) -> u64 {
        match self.kind {
            Kind::Startup => 8000,
            Kind::Drain => 500,
            Kind::Down => 800,
            Kind::Up => 1250,
            Kind::Cruise | Kind::Refill | Kind::ProbeRtt => 1000,
        }
    }

    /// Window relative to what the path holds, thousandths.
    pub(super) fn window_gain(&self) -> u64 {
        if self.kind == Kind::Up { 2250 } else { 2000 }
    }

    /// Whether the pipe was full once, so that the bandwidth is known.
    pub(super) fn pipe_was_filled(&self) -> bool {
        self.filled
    }

    pub(super) fn is_probing_rtt(&self) -> bool {
        self.kind == Kind::ProbeRtt
    }

    /// Most that may be in flight to see the least round trip, bytes: half of what the path holds. Of what it was seen to
    /// deliver lately, where that is in doubt.
    pub(super) fn probe_rtt_window(&self, model: &Model) -> u64 {
        let half = model.bdp(500).unwrap_or(0);
        if self.drained_in_vain > 0 { half.min(scale(model.held_lately(), 500)) } else { half }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.kind == Kind::Down
    }

    pub(super) fn is_cruising(&self) -> bool {
        self.kind == Kind::Cruise
    }

    /// Whether losses are what it asks for.
    pub(super) fn is_probing_bandwidth(&self) -> bool {
        matches!(self.kind, Kind::Startup | Kind::Refill | Kind::Up)
    }

    /// Most that may be in flight by what losses have shown, bytes.
    pub(super) fn bound(&self, model: &Model, mtu: u64) -> u64 {
        let long = model.inflight_long().unwrap_or(u64::MAX);
        let has_headroom = matches!(self.kind, Kind::Cruise | Kind::ProbeRtt) && long != u64::MAX;
        let long = if has_headroom { scale(long, WITH_HEADROOM) } else { long };
        long.min(model.inflight_short()).max(LEAST_WINDOW * mtu)
    }

    /// Moves on after an acknowledgement.
    pub(super) fn advance(&mut self, step: &Step<'_>, model: &mut Model, random: &mut Rng) {
        match self.kind {
            Kind::Startup => self.fill(step, model),
            Kind::Drain => {
                if model.bdp(1000).is_some_and(|bdp| step.in_flight <= bdp) {
                    self.go_down(step.now, model, random);
                }
            }
            Kind::Down => self.drain(step, model),
            Kind::Cruise => self.cruise(step, model),
            Kind::Refill => {
                if model.round_started() {
                    self.enter(Kind::Up, model);
                    (self.grown, self.flat) = (model.last_rate().unwrap_or(0), 0);
                }
            }
            Kind::Up => self.probe(step, model, random),
            Kind::ProbeRtt => self.probe_rtt(step, model, random),
        }
        if self.filled && self.kind != Kind::ProbeRtt && model.min_rtt_is_old(step.now) {
            self.look_for_rtt(model);
        }
    }

    fn look_for_rtt(&mut self, model: &Model) {
        self.enter(Kind::ProbeRtt, model);
        (self.until, self.least) = (None, None);
    }

    /// A packet was lost, and with it more than the path is forgiven: while probing, that is the answer.
    pub(super) fn on_excess(&mut self, now: Instant, loss: &Loss, model: &mut Model, random: &mut Rng) {
        if self.kind != Kind::Up || loss.app_limited {
            return;
        }
        let floor = model.bdp(self.window_gain()).map_or(0, |target| scale(target, BETA));
        model.bound_inflight(loss.in_flight.max(floor));
        self.go_down(now, model, random);
    }

    fn enter(&mut self, kind: Kind, model: &Model) {
        self.kind = kind;
        self.since = model.rounds();
    }

    fn go_down(&mut self, now: Instant, model: &Model, random: &mut Rng) {
        self.enter(Kind::Down, model);
        self.probed = Some((now, model.rounds()));
        self.wait = PROBE_WAIT + Duration::from_millis(random.u64(..PROBE_WAIT_RANDOM_MS));
        self.cycle_open = true;
    }

    /// Startup: until the rate grows no more, or losses say that it is enough.
    fn fill(&mut self, step: &Step<'_>, model: &mut Model) {
        // A queue of so little is another's, or one of the way back, where a download delays what acknowledges us.
        if step.sample.app_limited && step.in_flight < INITIAL_WINDOW * step.mtu {
            return;
        }
        // Rates of a pipe that was never full are guesses; what a long queue lets out is none.
        if let Some(rate) = step.sample.rate.filter(|_| model.queue_is_long()) {
            model.renew_rate(rate);
            self.filled = true;
            self.enter(Kind::Drain, model);
            return;
        }
        if !model.round_started() {
            return;
        }
        if step.sample.app_limited {
            // Flows whose windows grow slowly fill a link without ever being held up here.
            self.overfull = if model.has_queue() { self.overfull + 1 } else { 0 };
            if self.overfull >= OVERFULL_ROUNDS {
                self.filled = true;
                self.enter(Kind::Drain, model);
            }
            return;
        }
        self.overfull = 0;
        let congested = model.is_congested() && model.rounds() > 1;
        if let Some(rate) = model.last_rate() {
            self.note_growth(rate, FULL_GROWTH);
        }
        let patience = if model.has_queue() { FULL_ROUNDS_QUEUED } else { FULL_ROUNDS };
        if self.flat < patience && !congested {
            return;
        }
        if congested {
            model.bound_inflight(step.in_flight.max(model.bdp(1000).unwrap_or(0)));
        }
        self.filled = true;
        self.enter(Kind::Drain, model);
    }

    /// Compares a round's rate with the best before it.
    fn note_growth(&mut self, rate: u64, thousandths: u64) {
        if rate > scale(self.grown, thousandths) {
            (self.grown, self.flat) = (rate, 0);
        } else {
            self.flat += 1;
        }
    }

    /// Down: until no more is in flight than the path holds.
    fn drain(&mut self, step: &Step<'_>, model: &mut Model) {
        self.close_cycle(step, model);
        let roomy = model.inflight_long().is_none_or(|long| step.in_flight <= scale(long, WITH_HEADROOM));
        if roomy && model.bdp(1000).is_some_and(|bdp| step.in_flight <= bdp) {
            self.enter(Kind::Cruise, model);
        }
    }

    /// Ends a cycle of probing once what the probe sent is acknowledged: one round after its end.
    fn close_cycle(&mut self, step: &Step<'_>, model: &mut Model) {
        if self.cycle_open && model.round_started() && model.rounds() > self.since + 1 {
            self.cycle_open = false;
            if !step.sample.app_limited {
                model.next_cycle();
            }
        }
    }

    /// Cruise: until it is time to probe, or a queue that stays has to be drained.
    fn cruise(&mut self, step: &Step<'_>, model: &mut Model) {
        self.close_cycle(step, model);
        if !model.has_queue() {
            self.drained_in_vain = 0;
        }
        let due = self.probed.is_none_or(|(at, round)| {
            step.now.saturating_duration_since(at) >= self.wait || model.rounds() >= round + PROBE_ROUNDS
        });
        if due {
            model.lift_bounds();
            self.enter(Kind::Refill, model);
        } else if model.round_started() && model.standing() >= STANDING_ROUNDS && !step.sample.app_limited {
            if model.rounds() < self.since + u64::from(STANDING_ROUNDS) {
                return;
            }
            let patience = if self.doubt_again.is_none_or(|at| step.now >= at) { 1 } else { PATIENT_DRAINS };
            if self.drained_in_vain >= patience {
                self.look_for_rtt(model);
                return;
            }
            // It is no probe: the next one comes when it would have come.
            self.enter(Kind::Down, model);
            self.cycle_open = true;
            // With more in flight, less of the rate is taken for what too small a window lets through.
            self.drained_in_vain = if step.calls { self.drained_in_vain + 1 } else { 0 };
        }
    }

    /// Up: as long as going faster delivers more.
    fn probe(&mut self, step: &Step<'_>, model: &mut Model, random: &mut Rng) {
        if model.round_started() {
            model.raise_inflight(self.pacing_gain());
        }
        if model.queue_grew() && model.rate_so_far() <= scale(self.grown, PROBE_GROWTH) {
            self.go_down(step.now, model, random);
            return;
        }
        // The first round's acknowledgements are for packets that left before it.
        if !model.round_started() || model.rounds() < self.since + 2 {
            return;
        }
        let Some(rate) = model.last_rate() else {
            self.go_down(step.now, model, random);
            return;
        };
        self.note_growth(rate, PROBE_GROWTH);
        let patience = if model.has_queue() { 1 } else { PROBE_PATIENCE };
        if self.flat >= patience {
            self.go_down(step.now, model, random);
        }
    }

    /// ProbeRTT: little in flight for a while, and a round at least.
    fn probe_rtt(&mut self, step: &Step<'_>, model: &mut Model, random: &mut Rng) {
        let little = self.probe_rtt_window(model).max(LEAST_WINDOW * step.mtu);
        match self.until {
            None if step.in_flight <= little => {
                // Others' queues are no matter where the way itself is in doubt: a round without our own will do.
                let time = if self.drained_in_vain > 0 { step.sample.rtt } else { PROBE_RTT_TIME };
                self.until = Some(step.now + time.min(PROBE_RTT_TIME));
                self.since = model.rounds();
            }
            None => {}
            Some(until) => {
                // What was under way at the beginning still waited in the queue.
                if model.rounds() > self.since {
                    let rtt = step.sample.rtt;
                    self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
                }
                if let Some(least) = self.least.filter(|_| step.now >= until) {
                    let is_longer = model.is_visibly_longer(least);
                    model.renew_min_rtt(step.now, least);
                    model.lift_bounds();
                    self.go_down(step.now, model, random);
                    self.enter(Kind::Cruise, model);
                    if std::mem::take(&mut self.drained_in_vain) > 0 {
                        self.doubt_again = Some(step.now + if is_longer { DOUBT } else { DOUBT_AGAIN });
                        if is_longer {
                            // Less was delivered for want of more in flight.
                            model.restore_rate();
                        }
                    }
                }
            }
        }
    }
}
