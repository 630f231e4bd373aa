//! A path of a tunnel: one link's share of the connection, with its queue, its pace and its health.

mod base;
pub(crate) mod pacer;
mod queue;
mod report;
pub(crate) mod state;
mod tally;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use self::base::BaseRtt;
use self::pacer::{Pacer, bytes_per, scale};
use self::queue::PathQueue;
pub(crate) use self::queue::{Outgoing, Precedence};
pub use self::report::{Account, PathReport, Told, Usage};
pub use self::state::PathState;
use self::state::{AnswerTimes, Health};
pub(crate) use self::tally::METER_INTERVAL;
use self::tally::{Bytes, Meter, Tally};
use crate::duplication::{Allowance, Duplication};
use crate::link::{LinkId, Policy, Tier};
use crate::quic::gate::Gate;
use crate::quic::{Conn, PathId, path_number};
use crate::schedule::Candidate;

/// Rate of a path about which nothing is known yet, bytes/s: 1 Mbit/s.
const UNKNOWN_RATE: u64 = 125_000;
/// A path that carried little has shown little. So much is sent on it as if it were not much slower than the
/// best one, or it would be taken for slow for ever...
const EXPLORATION: u64 = 256 << 10;
/// ...namely at this part of the best one's rate.
const EXPLORED_SHARE: u64 = 4;
/// One part in so many of the queue counts when paths are compared.
const QUEUE_WEIGHT: u32 = 8;
/// One part in so many of the window is left to calls by whatever else a path carries, for as long as it carried a call
/// within this time. A path whose acknowledgements come over one that just died gets none until that is noticed: bulk
/// fills its window, and the call's packets, which the other path lost, would have to wait. As the window may just have
/// become less than what is in flight, calls may go beyond it by as much, until there is room again.
const CALL_RESERVE: u64 = 8;
const CALL_PAUSE: Duration = Duration::from_secs(1);
/// RTT of a path about which nothing is known yet.
const UNKNOWN_RTT: Duration = Duration::from_millis(100);
/// A path that is left out is asked for its round trip this often, while others carry traffic.
const REFRESH: Duration = Duration::from_millis(500);
/// What a path lost counts for half after this time without news: a path that is left out has to get another chance.
const LOSS_HALF_LIFE: Duration = Duration::from_secs(1);
/// A path that lost less than this part of late is not known for its losses.
const LITTLE_LOSS: f64 = 0.01;
/// Weight of one packet's fate in the loss share.
const LOSS_WEIGHT: f64 = 1.0 / 256.0;
/// RFC 9002 §7.7: a window-based controller is paced a little faster than a window per RTT. In thousandths.
const WINDOW_GAIN: u64 = 1250;

/// One path.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) id: PathId,
    pub(crate) link: LinkId,
    pub(crate) remote: SocketAddr,
    pub(crate) tier: Tier,
    metered: bool,
    pub(crate) health: Health,
    pub(crate) pacer: Pacer,
    queue: PathQueue,
    rate: u64,
    /// Bytes that may still go out on the chance that the path is faster than it could show so far.
    exploration: u64,
    rtt: Duration,
    base: BaseRtt,
    answered: Instant,
    /// Bytes received on it, and when that last grew.
    heard: (u64, Instant),
    mtu: u64,
    loss: f64,
    fates_seen: (u64, u64),
    /// Up to when [`loss`](Self::loss) is counted.
    loss_at: Instant,
    meter: Meter,
    pub(crate) tally: Tally,
    /// What the peer last told of it, and when.
    pub(crate) told: Option<(Instant, Account)>,
    copies: Allowance,
    /// When a call's packet was last queued, if that is not long ago.
    call_at: Option<Instant>,
    /// Bytes of calls that left beyond the window since there was room.
    beyond: u64,
}

/// What a report of a path says of it beside the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside {
    /// What the scheduler makes of it.
    pub(crate) usage: Usage,
    /// How much longer than the fastest it takes, where it works.
    pub(crate) delay: Option<Duration>,
    /// Bytes that all paths sent lately.
    pub(crate) tx: u64,
    /// Bytes that came on all paths lately.
    pub(crate) rx: u64,
}

impl Path {
    pub(crate) fn new(now: Instant, id: PathId, link: LinkId, remote: SocketAddr, policy: Policy) -> Self {
        Self {
            id,
            link,
            remote,
            tier: policy.tier,
            metered: policy.metered,
            health: Health::new(now),
            pacer: Pacer::new(now),
            queue: PathQueue::default(),
            rate: UNKNOWN_RATE,
            exploration: EXPLORATION,
            rtt: UNKNOWN_RTT,
            base: BaseRtt::new(now),
            answered: now,
            heard: (0, now),
            mtu: 1200,
            loss: 0.0,
            fates_seen: (0, 0),
            loss_at: now,
            meter: Meter::new(now),
            tally: Tally::default(),
            told: None,
            copies: Allowance::new(now),
            call_at: None,
            beyond: 0,
        }
    }

    /// Takes over what the congestion controller knows by now.
    pub(crate) fn refresh(&mut self, now: Instant, conn: &mut Conn) {
        let Some(figures) = conn.figures(self.id) else { return };
        if figures.rx_bytes > self.heard.0 {
            self.heard = (figures.rx_bytes, now);
            if self.health.take_reply(now) {
                conn.ping(self.id);
            }
        }
        let Some(gate) = conn.gate(self.id) else { return };
        self.rtt = gate.rtt().unwrap_or(UNKNOWN_RTT).max(Duration::from_micros(100));
        self.mtu = figures.mtu;
        if gate.room() >= self.mtu + self.reserve(gate) {
            self.beyond = 0;
        }
        let by_window = bytes_per(gate.window(), self.rtt);
        let paced = match gate.pacing_rate() {
            Some(rate) => rate,
            None => scale(by_window, WINDOW_GAIN),
        };
        let paced = paced.max(1);
        // Not the controller's bandwidth: on a path that was never full it is what we sent, not what fits.
        self.rate = paced.min(by_window).max(1);
        self.pacer.set_rate(now, paced, self.mtu);
        self.note_loss(now, figures.sent_packets, figures.lost_packets);
        self.call_at = self.call_at.filter(|at| now.saturating_duration_since(*at) < CALL_PAUSE);
        gate.set_calls(self.call_at.is_some());
    }

    fn note_loss(&mut self, now: Instant, sent: u64, lost: u64) {
        let idle = now.saturating_duration_since(std::mem::replace(&mut self.loss_at, now));
        self.loss *= 0.5_f64.powf(idle.as_secs_f64() / LOSS_HALF_LIFE.as_secs_f64());
        let (sent_before, lost_before) = self.fates_seen;
        let (sent_now, lost_now) = (sent.saturating_sub(sent_before), lost.saturating_sub(lost_before));
        if sent_now == 0 {
            return;
        }
        self.fates_seen = (sent, lost);
        let share = (lost_now as f64 / sent_now as f64).min(1.0);
        let weight = 1.0 - (1.0 - LOSS_WEIGHT).powf(sent_now as f64);
        self.loss += (share - self.loss) * weight;
    }

    /// Whether silence is news of it: where much is lost, what is not answered was lost like the rest.
    pub(crate) fn loses_little(&self) -> bool {
        self.loss < LITTLE_LOSS
    }

    /// Starts afresh to find out what the path carries: it is new, or was silent.
    pub(crate) fn explore(&mut self) {
        self.exploration = EXPLORATION;
    }

    /// Notes that `bytes` left on it.
    pub(crate) fn sent(&mut self, bytes: u64) {
        self.pacer.sent(bytes);
        self.copies.carried(bytes);
        self.exploration = self.exploration.saturating_sub(bytes);
    }

    /// Rate, bytes/s.
    pub(crate) fn rate(&self) -> u64 {
        self.rate
    }

    /// Notes that an acknowledgement brought a fresh round-trip time.
    pub(crate) fn answered(&mut self, now: Instant) {
        self.answered = now;
        self.base.sample(now, self.rtt);
    }

    /// Whether its round trip is to be asked for: it carries nothing, and may have changed for the better.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        self.health.is_usable() && now.saturating_duration_since(self.answered) > REFRESH
    }

    /// Smoothed round-trip time.
    pub(crate) fn rtt(&self) -> Duration {
        self.rtt
    }

    /// When something last arrived on it.
    pub(crate) fn heard(&self) -> Instant {
        self.heard.1
    }

    /// The way of the acknowledgements changed, and with it every round trip.
    pub(crate) fn ack_path_changed(&mut self, now: Instant, gate: Option<&Gate>) {
        self.base.reset(now);
        if let Some(gate) = gate {
            gate.forget_rtt();
        }
    }

    /// The round trip by which paths are compared: the base, and a part of what the link's queue adds to it.
    ///
    /// Taken in full, a queue on one path would let another's grow by as much before the first is used again, and
    /// shrink it once it is: the packets slosh from path to path. What stood in the queue at the last answer has
    /// been leaving it since, or a path with a queue would look slow for as long as it is left alone.
    fn compared_rtt(&self, now: Instant) -> Duration {
        let base = self.base.get().unwrap_or(self.rtt).min(self.rtt);
        base + (self.actual_rtt(now) - base) / QUEUE_WEIGHT
    }

    /// The round trip with all of the link's queue.
    fn actual_rtt(&self, now: Instant) -> Duration {
        let base = self.base.get().unwrap_or(self.rtt).min(self.rtt);
        base + (self.rtt - base).saturating_sub(now.saturating_duration_since(self.answered))
    }

    /// The path as the scheduler sees it, where the fastest path has a rate of `best` bytes/s.
    pub(crate) fn candidate(&self, now: Instant, best: u64) -> Candidate {
        let least = if self.exploration > 0 { best / EXPLORED_SHARE } else { 0 };
        Candidate {
            tier: self.tier,
            usable: self.health.is_usable(),
            rate: self.rate.max(least),
            // All acknowledgements return over one path, the lowest of those in use: the difference of two
            // paths' round trips is that of their ways there, in full.
            delay: self.compared_rtt(now),
            skew: self.actual_rtt(now),
            queued: self.queue.bytes(),
            loss: self.loss,
        }
    }

    /// The same path for a packet of such precedence. One that somebody waits for has less ahead of it here, and all that
    /// stands in the link's queue.
    pub(crate) fn candidate_for(&self, precedence: Precedence, candidate: Candidate) -> Candidate {
        let delay = match precedence {
            Precedence::Urgent | Precedence::Prompt => candidate.skew,
            Precedence::Missing | Precedence::Patient => candidate.delay,
        };
        Candidate { queued: self.queue.bytes_until(precedence), delay, ..candidate }
    }

    /// How its link is to be used.
    pub(crate) fn policy(&self) -> Policy {
        Policy { tier: self.tier, metered: self.metered }
    }

    pub(crate) fn set_policy(&mut self, policy: Policy) {
        (self.tier, self.metered) = (policy.tier, policy.metered);
    }

    /// Whether a copy of `bytes`, all headers included, may be sent on it. It counts from now on.
    pub(crate) fn take_copy(&mut self, now: Instant, bytes: u64, duplication: &Duplication) -> bool {
        self.copies.take(now, bytes, (self.rate, self.mtu), self.metered, duplication)
    }

    pub(crate) fn push(&mut self, now: Instant, item: Outgoing) {
        if item.precedence() == Precedence::Urgent && !item.is_notice() {
            self.call_at = Some(now);
        }
        self.queue.push(item);
    }

    /// How many bytes of its window are left to calls.
    pub(crate) fn reserve(&self, gate: &Gate) -> u64 {
        if self.call_at.is_some() { gate.window() / CALL_RESERVE } else { 0 }
    }

    /// How many bytes may leave, where so many are left to calls, and whether they go beyond the window: then it is no
    /// more than calls' packets need.
    pub(crate) fn room(&self, gate: &Gate, reserve: u64) -> (u64, bool) {
        let left = reserve.saturating_sub(self.beyond);
        match gate.room() {
            room if room < self.mtu && left > 0 && self.queue.bytes_until(Precedence::Urgent) > 0 => {
                (self.mtu - 1 + left, true)
            }
            room => (room, false),
        }
    }

    /// Notes that so many bytes go beyond the window.
    pub(crate) fn goes_beyond(&mut self, bytes: u64) {
        self.beyond += bytes;
    }

    /// How many bytes there has to be room for so that the next item may leave, where so many are left to calls.
    pub(crate) fn room_needed(&self, reserve: u64) -> u64 {
        self.mtu + if self.queue.bytes_until(Precedence::Urgent) > 0 { 0 } else { reserve }
    }

    pub(crate) fn pop(&mut self) -> Option<Outgoing> {
        self.queue.pop()
    }

    pub(crate) fn pop_notice(&mut self) -> Option<Outgoing> {
        self.queue.pop_notice()
    }

    /// Everything that waits for the path, in the order in which it would leave.
    pub(crate) fn take_queue(&mut self) -> VecDeque<Outgoing> {
        self.queue.take()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.queue.bytes() == 0
    }

    /// UDP payload bytes of a full packet.
    pub(crate) fn mtu(&self) -> u64 {
        self.mtu
    }

    /// When its timers want to be looked at: health, and pacing if packets wait and QUIC could take them.
    pub(crate) fn deadline(&self, conn: &Conn, answers: AnswerTimes, is_busy: bool) -> Option<Instant> {
        let gate = conn.gate(self.id);
        let health = self.health.deadline(answers);
        let has_room = gate.is_some_and(|gate| {
            let reserve = self.reserve(gate);
            self.room(gate, reserve).0 >= self.room_needed(reserve)
        });
        let pacing = if self.is_idle() || !has_room || is_busy { None } else { self.pacer.ready_at() };
        [health, pacing].into_iter().flatten().min()
    }

    /// Takes down what it has carried, for figures of late.
    pub(crate) fn meter(&mut self, now: Instant, conn: &mut Conn) {
        let figures = conn.figures(self.id).unwrap_or_default();
        self.meter.roll(now, Bytes { tx: figures.tx_bytes, rx: figures.rx_bytes });
    }

    /// Bytes that it carried lately.
    pub(crate) fn lately(&self, conn: &mut Conn) -> Bytes {
        let figures = conn.figures(self.id).unwrap_or_default();
        self.meter.lately(Bytes { tx: figures.tx_bytes, rx: figures.rx_bytes })
    }

    /// Figures for people and scripts.
    pub(crate) fn report(&self, now: Instant, conn: &mut Conn, beside: Beside) -> PathReport {
        let figures = conn.figures(self.id).unwrap_or_default();
        let lately = self.lately(conn);
        let gate = conn.gate(self.id);
        let rtt = gate.and_then(|gate| gate.rtt()).unwrap_or(figures.rtt);
        let rtt_min = gate.and_then(|gate| gate.rtt_min());
        let bandwidth = gate.and_then(|gate| gate.bandwidth()).filter(|rate| *rate > 0);
        let is_helping = beside.usage == Usage::Standby && self.tally.sent_lately(now);
        PathReport {
            id: path_number(self.id),
            link: self.link,
            remote: self.remote,
            tier: self.tier,
            state: self.health.state(),
            usage: if is_helping { Usage::InUse } else { beside.usage },
            rtt,
            rtt_min: rtt_min.unwrap_or(rtt),
            delay_difference: beside.delay,
            loss: self.loss,
            tx_bytes: figures.tx_bytes,
            rx_bytes: figures.rx_bytes,
            tx_rate: self.meter.rate(now, lately.tx),
            rx_rate: self.meter.rate(now, lately.rx),
            tx_share: share(lately.tx, beside.tx),
            rx_share: share(lately.rx, beside.rx),
            estimated_rate: bandwidth.unwrap_or(self.rate),
            // noq's own figure is what the gate shows it: 0 while another path's batch leaves.
            cwnd: gate.map_or(0, |gate| gate.window()),
            in_flight: gate.map_or(0, |gate| gate.in_flight()),
            queued: self.queue.bytes(),
            mtu: self.mtu,
            sent_packets: figures.sent_packets,
            lost_packets: figures.lost_packets,
            retransmitted: self.tally.retransmitted,
            duplicated: self.tally.duplicated,
            reordered: self.tally.reordered,
            held: self.tally.held,
            told: self.told.map(|(at, account)| Told { age: now.saturating_duration_since(at), account }),
        }
    }
}

/// What part of `all` is.
fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}
