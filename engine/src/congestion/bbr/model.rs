//! What BBR believes of a path (draft-ietf-ccwg-bbr-06 §5.5): bandwidth, least round trip, bounds from losses; and how
//! it counts time, in rounds.

use std::time::{Duration, Instant};

use crate::congestion::rate::{Loss, Sample, Sampler};
use crate::path::pacer::{bytes_in, scale};

/// After this long without a round trip near the least one, that one is forgotten (draft §2.13, MinRTTFilterLen).
const MIN_RTT_WINDOW: Duration = Duration::from_secs(10);
/// And after this long the queue is emptied to see one (ProbeRTTInterval).
const PROBE_RTT_INTERVAL: Duration = Duration::from_secs(5);
/// Losses beyond this within a round are congestion while a queue stands (LossThresh), thousandths...
const TOLERANCE_QUEUED: u64 = 20;
/// ...and beyond this on average if none does: radio links lose in bursts.
const TOLERANCE_EMPTY: f64 = 0.1;
/// Weight of a packet in that average.
const LOSS_WEIGHT: f64 = 1.0 / 256.0;
/// And beyond this within a round nothing is gained by going a little faster, thousandths.
const TOLERANCE_SEARCH: u64 = 10;
/// What is left of a bound after a round with losses (Beta), thousandths.
const BETA: u64 = 700;
/// Rounds over which the largest lump of acknowledgements is remembered (ExtraAckedFilterLen).
const LUMP_ROUNDS: u64 = 10;
/// Round trips by which a queue is noticed while it grows.
const RECENT: usize = 8;
/// Weight of a round trip in the average of how much they differ from each other, one part in so many.
const NOISE_WEIGHT: u32 = 16;
/// Lumps beyond what this time brings are no lumps.
const MAX_LUMP: Duration = Duration::from_millis(100);

/// A round: the time that it takes until what is sent at its start is acknowledged.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    count: u64,
    /// It ends with the acknowledgement of a packet that left when so much was delivered.
    ends_at: u64,
    started: bool,
    /// Least round trip so far.
    least: Option<Duration>,
    /// Highest rate so far, bytes/s, and most that was delivered while one was measured.
    rate: u64,
    delivered: u64,
    app_limited: bool,
    lost: u64,
    /// Bytes delivered before it began.
    began_at: u64,
    marked: bool,
}

/// Bounds on what is in flight and how fast it leaves, from losses. `u64::MAX`: none.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    rate_short: u64,
    inflight_short: u64,
    inflight_long: u64,
}

const UNBOUND: Bounds = Bounds { rate_short: u64::MAX, inflight_short: u64::MAX, inflight_long: u64::MAX };

/// The model.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// Highest rates of this probing cycle and the one before, bytes/s.
    rates: [u64; 2],
    min_rtt: Option<Duration>,
    /// When the least round trip was last seen, or nearly.
    min_rtt_at: Instant,
    /// The latest round trips, in a ring.
    recent: [Duration; RECENT],
    next_recent: usize,
    /// By how much a round trip differs from the one before it, on average. A queue grows and drains slowly; what jumps is
    /// the link's jitter, or a host with much to do.
    noise: Duration,
    round: Round,
    /// The round before.
    last: Round,
    bounds: Bounds,
    /// The bounds before the losses that are dealt with now.
    undo: Bounds,
    /// Average share of packets lost.
    loss: f64,
    lumps: Lumps,
    /// Rounds on end with a queue, and the highest rate before them.
    standing: u32,
    rate_before: u64,
}

impl Model {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            rates: [0; 2],
            min_rtt: None,
            min_rtt_at: now,
            recent: [Duration::ZERO; RECENT],
            next_recent: 0,
            noise: Duration::ZERO,
            round: Round::default(),
            last: Round::default(),
            bounds: UNBOUND,
            undo: UNBOUND,
            loss: 0.0,
            lumps: Lumps::new(now),
            standing: 0,
            rate_before: 0,
        }
    }

    /// Takes in what an acknowledgement tells.
    pub(super) fn update(&mut self, now: Instant, sample: &Sample, sampler: &Sampler) {
        self.update_round(sample, sampler);
        self.update_rate(sample);
        self.update_min_rtt(now, sample.rtt);
        let (rate, round) = (self.max_rate(), self.round.count);
        self.lumps.update(now, sample.newly_acked, rate, round);
    }

    fn update_round(&mut self, sample: &Sample, sampler: &Sampler) {
        self.round.started = sample.prior_delivered >= self.round.ends_at;
        if self.round.started {
            self.last = self.round;
            if self.standing == 0 {
                self.rate_before = self.max_rate();
            }
            self.standing = if self.has_queue() { self.standing + 1 } else { 0 };
            let delivered = sampler.delivered();
            self.round = Round {
                count: self.round.count + 1,
                ends_at: delivered,
                started: true,
                began_at: delivered,
                ..Round::default()
            };
            self.last.delivered = self.last.delivered.max(delivered.saturating_sub(self.last.began_at));
        }
        self.round.least = Some(self.round.least.map_or(sample.rtt, |least| least.min(sample.rtt)));
        self.note_noise(sample.rtt);
        self.recent[self.next_recent] = sample.rtt;
        self.next_recent = (self.next_recent + 1) % RECENT;
        self.round.app_limited |= sample.app_limited;
        self.round.delivered = self.round.delivered.max(sample.delivered);
    }

    fn note_noise(&mut self, rtt: Duration) {
        let before = self.recent[(self.next_recent + RECENT - 1) % RECENT];
        if !before.is_zero() {
            let difference = rtt.abs_diff(before);
            self.noise = (self.noise * (NOISE_WEIGHT - 1) + difference) / NOISE_WEIGHT;
        }
    }

    fn update_rate(&mut self, sample: &Sample) {
        let Some(rate) = sample.rate else { return };
        self.round.rate = self.round.rate.max(rate);
        if rate >= self.max_rate() || !sample.app_limited {
            self.rates[0] = self.rates[0].max(rate);
        }
    }

    fn update_min_rtt(&mut self, now: Instant, rtt: Duration) {
        let is_less = self.min_rtt.is_none_or(|least| rtt < least);
        let expired = now.saturating_duration_since(self.min_rtt_at) > MIN_RTT_WINDOW;
        if is_less || expired {
            self.min_rtt = Some(rtt);
            self.min_rtt_at = now;
        } else if self.min_rtt.is_some_and(|least| rtt <= empty(least)) {
            self.min_rtt_at = now;
        }
    }

    /// Whether the last acknowledgement began a round.
    pub(super) fn round_started(&self) -> bool {
        self.round.started
    }

    /// By how much a round trip differs from the one before it, on average.
    pub(super) fn noise(&self) -> Duration {
        self.noise
    }

    /// Rounds so far.
    pub(super) fn rounds(&self) -> u64 {
        self.round.count
    }

    /// Highest rate of this round so far, bytes/s.
    pub(super) fn rate_so_far(&self) -> u64 {
        self.round.rate
    }

    /// Highest rate of the round before, bytes/s, if it says what the path carries.
    pub(super) fn last_rate(&self) -> Option<u64> {
        (!self.last.app_limited).then_some(self.last.rate)
    }

    /// Begins another cycle of probing: the highest rate of the one before the last is forgotten.
    pub(super) fn next_cycle(&mut self) {
        if self.rates[0] > 0 {
            self.rates = [0, self.rates[0]];
        }
    }

    fn max_rate(&self) -> u64 {
        self.rates[0].max(self.rates[1])
    }

    /// Bytes/s that the path is believed to carry.
    pub(super) fn bandwidth(&self) -> u64 {
        self.max_rate().min(self.bounds.rate_short)
    }

    /// Least round trip.
    pub(super) fn min_rtt(&self) -> Option<Duration> {
        self.min_rtt
    }

    /// Whether the least round trip has not been seen for so long that the queue is to be emptied.
    pub(super) fn min_rtt_is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.min_rtt_at) > PROBE_RTT_INTERVAL
    }

    /// What is measured now, with the queue emptied, is the least round trip.
    pub(super) fn renew_min_rtt(&mut self, now: Instant, rtt: Duration) {
        self.min_rtt = Some(rtt);
        self.min_rtt_at = now;
    }

    pub(super) fn forget_rtt(&mut self, now: Instant) {
        self.min_rtt = None;
        self.min_rtt_at = now;
        self.round.least = None;
        self.last.least = None;
        self.standing = 0;
    }

    /// Bytes that the path holds, times `thousandths`. `None` until anything is known.
    pub(super) fn bdp(&self, thousandths: u64) -> Option<u64> {
        let rtt = self.min_rtt?;
        let rate = Some(self.bandwidth()).filter(|rate| *rate > 0)?;
        Some(scale(bytes_in(rate, rtt), thousandths))
    }

    /// Bytes that the path was seen to deliver in a round trip's time lately, whatever it is believed to hold.
    pub(super) fn held_lately(&self) -> u64 {
        bytes_in(self.last.rate.min(self.bandwidth()), self.min_rtt.unwrap_or_default())
    }

    /// Whether a round trip is more than the least one that is known, beyond what jitter explains.
    pub(super) fn is_visibly_longer(&self, rtt: Duration) -> bool {
        self.min_rtt.is_some_and(|least| rtt > least + self.visible(least))
    }

    /// Whether packets wait in the link: no round trip of the last round was near the least.
    pub(super) fn has_queue(&self) -> bool {
        self.queue().is_some_and(|(queue, least)| queue > self.visible(least))
    }

    /// Whether a queue has just grown: none of the latest round trips was near the least.
    pub(super) fn queue_grew(&self) -> bool {
        self.min_rtt.is_some_and(|least| self.recent.iter().all(|rtt| *rtt > least + self.visible(least)))
    }

    /// Whether none does.
    pub(super) fn is_queue_empty(&self) -> bool {
        self.queue().is_some_and(|(queue, least)| least + queue <= empty(least))
    }

    /// A queue beyond this is one. Jitter alone would pass for a queue that stands for ever, and each time that it is
    /// drained the path would be believed to carry less.
    fn visible(&self, least: Duration) -> Duration {
        least / 8 + Duration::from_millis(1) + self.noise * 2
    }

    fn queue(&self) -> Option<(Duration, Duration)> {
        let least = self.min_rtt?;
        // The last round's, but what this one has seen already may be better news.
        let seen = [self.last.least, self.round.least].into_iter().flatten().min()?;
        Some((seen.saturating_sub(least), least))
    }

    /// Whether more waits in the link than it holds without waiting.
    pub(super) fn queue_is_long(&self) -> bool {
        self.min_rtt.is_some_and(|least| self.recent.iter().all(|rtt| *rtt > least * 2 + self.visible(least)))
    }

    /// What was measured before does not hold any more: the path carries `rate` bytes/s.
    pub(super) fn renew_rate(&mut self, rate: u64) {
        self.rates = [rate, 0];
    }

    /// What seemed to be a queue was none: the path carries what it carried before.
    pub(super) fn restore_rate(&mut self) {
        self.rates[0] = self.rates[0].max(self.rate_before);
    }

    /// Rounds on end at whose end a queue stood.
    pub(super) fn standing(&self) -> u32 {
        self.standing
    }

    /// Largest lump in which acknowledgements came lately, bytes.
    pub(super) fn extra_acked(&self) -> u64 {
        self.lumps.most().min(bytes_in(self.bandwidth(), MAX_LUMP))
    }

    /// A packet was acknowledged.
    pub(super) fn note_arrival(&mut self) {
        self.loss -= self.loss * LOSS_WEIGHT;
    }

    /// A packet was lost: whether more is lost than the path is forgiven.
    pub(super) fn note_loss(&mut self, bytes: u64, loss: &Loss) -> bool {
        self.round.lost += bytes;
        self.loss += (1.0 - self.loss) * LOSS_WEIGHT;
        let sudden = self.has_queue() && loss.lost_since * 1000 > loss.in_flight * TOLERANCE_QUEUED;
        sudden || self.loss > TOLERANCE_EMPTY
    }

    pub(super) fn note_mark(&mut self) {
        self.round.marked = true;
    }

    /// Whether the last round lost so much that going faster would mean losing more.
    pub(super) fn is_lossy(&self) -> bool {
        self.last.lost * 1000 > self.last.delivered * TOLERANCE_SEARCH
    }

    /// Whether the last round's losses or marks are congestion.
    pub(super) fn is_congested(&self) -> bool {
        let lossy = self.last.lost * 1000 > self.last.delivered * TOLERANCE_QUEUED;
        self.last.marked || lossy && (self.has_queue() || self.loss > TOLERANCE_EMPTY)
    }

    /// After a round with congestion: until the next probe no more than was delivered in it, but at least a good part
    /// of what was allowed before (draft §5.5.10.3).
    pub(super) fn lower_bounds(&mut self, window: u64) {
        if !self.is_congested() {
            return;
        }
        self.undo = self.bounds;
        let rate = if self.bounds.rate_short == u64::MAX { self.max_rate() } else { self.bounds.rate_short };
        let inflight =
            if self.bounds.inflight_short == u64::MAX { window } else { self.bounds.inflight_short };
        self.bounds.rate_short = self.last.rate.max(scale(rate, BETA));
        self.bounds.inflight_short = self.last.delivered.max(scale(inflight, BETA));
    }

    /// The bounds of the short term end with the next probe.
    pub(super) fn lift_bounds(&mut self) {
        self.bounds.rate_short = u64::MAX;
        self.bounds.inflight_short = u64::MAX;
    }

    /// So much in flight is too much.
    pub(super) fn bound_inflight(&mut self, bytes: u64) {
        self.undo = self.bounds;
        self.bounds.inflight_long = bytes;
    }

    /// As much in flight as the bound allows went well: so may this many thousandths of it.
    pub(super) fn raise_inflight(&mut self, thousandths: u64) {
        if let Some(bytes) = self.inflight_long() {
            self.bounds.inflight_long = scale(bytes, thousandths);
        }
    }

    /// Most that may be in flight in the long run, if losses have shown it.
    pub(super) fn inflight_long(&self) -> Option<u64> {
        Some(self.bounds.inflight_long).filter(|bytes| *bytes != u64::MAX)
    }

    /// Most that may be in flight until the next probe.
    pub(super) fn inflight_short(&self) -> u64 {
        self.bounds.inflight_short
    }

    /// The losses were none.
    pub(super) fn undo(&mut self) {
        let (now, before) = (self.bounds, self.undo);
        self.bounds = Bounds {
            rate_short: now.rate_short.max(before.rate_short),
            inflight_short: now.inflight_short.max(before.inflight_short),
            inflight_long: now.inflight_long.max(before.inflight_long),
        };
        self.round.lost = 0;
    }
}

/// A round trip up to which the queue counts as empty: a packet or two, and jitter.
fn empty(least: Duration) -> Duration {
    least + least / 16 + Duration::from_micros(500)
}

/// How much more than the rate explains is acknowledged at once (draft §5.5.9): radio links and acknowledgements that
/// share a path with others' data come in lumps, and the window has to cover the time between.
#[derive(Debug, Clone)]
struct Lumps {
    since: Instant,
    acked: u64,
    /// Largest of this stretch of rounds and of the one before.
    most: [u64; 2],
    turned: u64,
}

impl Lumps {
    fn new(now: Instant) -> Self {
        Self { since: now, acked: 0, most: [0; 2], turned: 0 }
    }

    fn update(&mut self, now: Instant, newly_acked: u64, rate: u64, round: u64) {
        let mut expected = bytes_in(rate, now.saturating_duration_since(self.since));
        if self.acked <= expected {
            self.since = now;
            self.acked = 0;
            expected = 0;
        }
        self.acked += newly_acked;
        if round >= self.turned + LUMP_ROUNDS / 2 {
            self.turned = round;
            self.most = [0, self.most[0]];
        }
        self.most[0] = self.most[0].max(self.acked - expected.min(self.acked));
    }

    fn most(&self) -> u64 {
        self.most[0].max(self.most[1])
    }
}
