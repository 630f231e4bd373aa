//! BBR version 1 as Linux has it (draft-cardwell-iccrg-bbr-congestion-control-00), without its detection of policers.
//!
//! It estimates the rate of the bottleneck and the least round trip, paces at the one, and keeps twice their product
//! in flight. It goes through startup, drain, eight phases of probing for rate, and now and then for the round trip.

mod aggregation;
mod filter;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::rate::{RateSample, RateSampler};
use super::window::{INITIAL_WINDOW, Window};
use aggregation::Aggregation;
use filter::MaxFilter;

/// Gain that doubles the rate every round trip: 2 / ln 2.
const HIGH_GAIN: f64 = 2.885;
/// Pacing gains of one cycle of probing, one for each least round trip.
const CYCLE: [f64; 8] = [1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
const WINDOW_GAIN: f64 = 2.0;
/// Rounds for which a rate counts.
const RATE_ROUNDS: u64 = 10;
/// How long a least round trip counts before it is probed for.
const LEAST_LIFE: Duration = Duration::from_secs(10);
/// How long the round trip is probed for, with so many segments in flight.
const PROBE_RTT: Duration = Duration::from_millis(200);
const LEAST_WINDOW: u32 = 4;
/// Growth within a round that shows that the pipe was not full, and rounds without it that show that it is.
const FULL_GROWTH: f64 = 1.25;
const FULL_ROUNDS: u32 = 3;
/// Share of the estimate that is paced, so that a queue does not build up from rounding.
const PACING_MARGIN: f64 = 0.99;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Startup,
    Drain,
    ProbeRate {
        phase: usize,
    },
    /// The end is known once the window has shrunk.
    ProbeRtt {
        until: Option<Instant>,
        round_over: bool,
    },
}

/// What the sender tells with each acknowledgement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) in_flight: u32,
    pub(super) sampler: &'a RateSampler,
    pub(super) smoothed_rtt: Option<Duration>,
    /// In fast recovery, or after a timeout.
    pub(super) recovering: bool,
    pub(super) lossy: bool,
}

/// The state of BBR.
#[derive(Debug)]
pub(super) struct Bbr {
    mode: Mode,
    /// Segments a second.
    rate: MaxFilter,
    least: Option<Duration>,
    least_at: Instant,
    round: u64,
    round_end: u64,
    round_started: bool,
    full_rate: f64,
    full_rounds: u32,
    full: bool,
    phase_started: Instant,
    /// First phase of the next cycle, other for each connection.
    first_phase: usize,
    aggregation: Aggregation,
    /// The window before recovery or probing.
    prior_window: u32,
    was_recovering: bool,
    conserving: bool,
    after_idle: bool,
    paced: f64,
    seen_rtt: bool,
}

impl Bbr {
    /// `seed` decides at which phase its cycles begin, `rtt` is the handshake's.
    pub(super) fn new(now: Instant, seed: u32, rtt: Option<Duration>) -> Self {
        let seconds = rtt.map_or(0.001, |rtt| rtt.as_secs_f64().max(0.000_001));
        Self {
            mode: Mode::Startup,
            rate: MaxFilter::default(),
            least: rtt,
            least_at: now,
            round: 0,
            round_end: 0,
            round_started: false,
            full_rate: 0.0,
            full_rounds: 0,
            full: false,
            phase_started: now,
            // Any but the second, which would drain what is not there.
            first_phase: [0, 2, 3, 4, 5, 6, 7][(seed % 7) as usize],
            aggregation: Aggregation::new(now),
            prior_window: 0,
            was_recovering: false,
            conserving: false,
            after_idle: false,
            paced: HIGH_GAIN * f64::from(INITIAL_WINDOW) / seconds,
            seen_rtt: rtt.is_some(),
        }
    }

    /// Segments a second at which to send.
    pub(super) fn pacing_rate(&self) -> f64 {
        self.paced
    }

    /// Takes an acknowledgement, and sets the window.
    pub(super) fn on_ack(&mut self, context: Context<'_>, sample: &RateSample, window: &mut Window) {
        self.update_rate(context.sampler, sample);
        if sample.delivered.is_some() && sample.acked > 0 {
            let at = context.sampler.delivered_at();
            self.aggregation.update(at, sample, self.rate.get(), window.segments, self.round_started);
        }
        self.update_phase(context.sampler.delivered_at(), sample);
        self.check_full(sample);
        self.check_drain(context, window);
        self.update_least(context, sample, window);
        self.set_pacing(context.smoothed_rtt);
        self.set_window(context, sample, window);
    }

    fn update_rate(&mut self, sampler: &RateSampler, sample: &RateSample) {
        self.round_started = false;
        let Some((delivered, interval)) = sample.delivered else { return };
        if sample.prior_delivered.is_some_and(|prior| prior >= self.round_end) {
            self.round_end = sampler.delivered();
            self.round += 1;
            self.round_started = true;
            self.conserving = false;
        }
        let rate = delivered as f64 / interval.as_secs_f64();
        if !sample.app_limited || rate >= self.rate.get() {
            self.rate.update(RATE_ROUNDS, self.round, rate);
        }
    }

    fn update_phase(&mut self, at: Instant, sample: &RateSample) {
        let Mode::ProbeRate { phase } = self.mode else { return };
        let full_length = at.saturating_duration_since(self.phase_started) > self.least.unwrap_or_default();
        let gain = CYCLE[phase];
        let over = if gain > 1.0 {
            // Probe until there is a queue, or losses show that there cannot be one.
            full_length && (sample.losses > 0 || sample.prior_in_flight >= self.inflight(gain))
        } else if gain < 1.0 {
            full_length || sample.prior_in_flight <= self.inflight(1.0)
        } else {
            full_length
        };
        if over {
            self.mode = Mode::ProbeRate { phase: (phase + 1) % CYCLE.len() };
            self.phase_started = at;
        }
    }

    fn check_full(&mut self, sample: &RateSample) {
        if self.full || !self.round_started || sample.app_limited {
            return;
        }
        if self.rate.get() >= self.full_rate * FULL_GROWTH {
            (self.full_rate, self.full_rounds) = (self.rate.get(), 0);
            return;
        }
        self.full_rounds += 1;
        self.full = self.full_rounds >= FULL_ROUNDS;
    }

    fn check_drain(&mut self, context: Context<'_>, window: &mut Window) {
        if self.mode == Mode::Startup && self.full {
            self.mode = Mode::Drain;
            window.threshold = self.inflight(1.0);
        }
        if self.mode == Mode::Drain && context.in_flight <= self.inflight(1.0) {
            self.leave_to_probing(context.sampler.delivered_at());
        }
    }

    /// Goes on with probing for rate, or with startup if that had not ended.
    fn leave_to_probing(&mut self, at: Instant) {
        self.mode = if self.full { Mode::ProbeRate { phase: self.first_phase } } else { Mode::Startup };
        self.phase_started = at;
    }

    fn update_least(&mut self, context: Context<'_>, sample: &RateSample, window: &mut Window) {
        let now = context.now;
        let expired = now > self.least_at + LEAST_LIFE;
        if let Some(rtt) = sample.rtt
            && (expired || self.least.is_none_or(|least| rtt < least))
        {
            self.least = Some(rtt);
            self.least_at = now;
        }
        let probing = matches!(self.mode, Mode::ProbeRtt { .. });
        if expired && !self.after_idle && !probing {
            self.save_window(window.segments);
            self.mode = Mode::ProbeRtt { until: None, round_over: false };
        }
        if let Mode::ProbeRtt { until, round_over } = &mut self.mode {
            match *until {
                None if context.in_flight <= LEAST_WINDOW => {
                    *until = Some(now + PROBE_RTT);
                    self.round_end = context.sampler.delivered();
                }
                None => {}
                Some(end) => {
                    *round_over |= self.round_started;
                    if *round_over && now > end {
                        self.least_at = now;
                        window.segments = window.segments.max(self.prior_window);
                        self.leave_to_probing(now);
                    }
                }
            }
        }
        if sample.delivered.is_some_and(|(delivered, _)| delivered > 0) {
            self.after_idle = false;
        }
    }

    fn gains(&self) -> (f64, f64) {
        match self.mode {
            Mode::Startup => (HIGH_GAIN, HIGH_GAIN),
            Mode::Drain => (1.0 / HIGH_GAIN, HIGH_GAIN),
            Mode::ProbeRate { phase } => (CYCLE[phase], WINDOW_GAIN),
            Mode::ProbeRtt { .. } => (1.0, 1.0),
        }
    }

    fn set_pacing(&mut self, smoothed_rtt: Option<Duration>) {
        if let Some(rtt) = smoothed_rtt.filter(|_| !self.seen_rtt) {
            self.seen_rtt = true;
            self.paced = HIGH_GAIN * f64::from(INITIAL_WINDOW) / rtt.as_secs_f64().max(0.000_001);
        }
        let rate = self.rate.get() * self.gains().0 * PACING_MARGIN;
        if self.full || rate > self.paced {
            self.paced = rate;
        }
    }

    fn set_window(&mut self, context: Context<'_>, sample: &RateSample, window: &mut Window) {
        if sample.acked > 0 && !self.recover(context, sample, window) {
            let (_, gain) = self.gains();
            let extra = if self.full { self.aggregation.allowance(self.rate.get()) } else { 0 };
            let target = self.quantized(self.product(gain) + extra);
            let grown = window.segments + sample.acked;
            if self.full {
                window.segments = grown.min(target);
            } else if window.segments < target || context.sampler.delivered() < u64::from(INITIAL_WINDOW) {
                window.segments = grown;
            }
            window.segments = window.segments.max(LEAST_WINDOW);
        }
        if matches!(self.mode, Mode::ProbeRtt { .. }) {
            window.segments = window.segments.min(LEAST_WINDOW);
        }
    }

    /// Sends no more than arrives in the first round of a recovery, and restores the window after it.
    fn recover(&mut self, context: Context<'_>, sample: &RateSample, window: &mut Window) -> bool {
        window.segments = window.segments.saturating_sub(sample.losses).max(1);
        let conserved = context.in_flight + sample.acked;
        if context.recovering && !context.lossy && !self.was_recovering {
            self.conserving = true;
            self.round_end = context.sampler.delivered();
            window.segments = conserved;
        } else if !context.recovering && self.was_recovering {
            window.segments = window.segments.max(self.prior_window);
            self.conserving = false;
        }
        self.was_recovering = context.recovering;
        if self.conserving {
            window.segments = window.segments.max(conserved);
        }
        self.conserving
    }

    /// The window is about to shrink for a loss.
    pub(super) fn on_congestion(&mut self, window: u32) {
        self.save_window(window);
    }

    /// A timeout: the rate is to be found anew.
    pub(super) fn on_timeout(&mut self) {
        self.was_recovering = true;
        self.full_rate = 0.0;
        self.round_started = true;
    }

    /// A recovery was needless: startup shall not end because of it.
    pub(super) fn on_undo(&mut self) {
        (self.full_rate, self.full_rounds) = (0.0, 0);
    }

    /// Sends again after having had nothing to send.
    pub(super) fn on_restart(&mut self, now: Instant) {
        self.after_idle = true;
        self.aggregation.restart(now);
        if matches!(self.mode, Mode::ProbeRate { .. }) {
            self.paced = self.rate.get() * PACING_MARGIN;
        }
    }

    fn save_window(&mut self, window: u32) {
        let shrunk = self.was_recovering || matches!(self.mode, Mode::ProbeRtt { .. });
        self.prior_window = if shrunk { self.prior_window.max(window) } else { window };
    }

    /// Rate times least round trip, in segments.
    fn product(&self, gain: f64) -> u32 {
        match self.least {
            Some(least) => (self.rate.get() * least.as_secs_f64() * gain).ceil() as u32,
            None => INITIAL_WINDOW,
        }
    }

    fn inflight(&self, gain: f64) -> u32 {
        self.quantized(self.product(gain))
    }

    /// Room for bursts: three of them, an even number, and two more while probing.
    fn quantized(&self, segments: u32) -> u32 {
        let probing = matches!(self.mode, Mode::ProbeRate { phase: 0 });
        ((segments + 3 * burst(self.paced) + 1) & !1) + if probing { 2 } else { 0 }
    }
}

/// Segments that are sent at once at a rate in segments a second: what takes a millisecond, at least two.
pub(super) fn burst(rate: f64) -> u32 {
    ((rate / 1000.0) as u32).clamp(2, 40)
}
