//! FlowQueue-CoDel (RFC 8290): deficit round robin over hashed flows, new flows first, CoDel on each.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::codel::{Aim, Codel, Verdict};
use super::store::{Fifo, Queued, Store};
use crate::ip::ecn;

/// Buckets that flows are hashed to (RFC 8290, section 5.2).
const FLOWS: usize = 1024;

/// Most that is held is what leaves in this part of a second...
const LIMIT_PER_SECOND: u64 = 4;
/// ...but at least this much, the first bursts of some flows on a path of which nothing is known yet.
const LEAST_LIMIT_BYTES: usize = 256 << 10;

/// Parameters of a queue. The defaults are those of RFC 8290 where it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Standing delay that CoDel tolerates at high rates; see [`FqCodel::adapt`].
    pub target: Duration,
    /// How long the delay may exceed the target: about the longest round trip of the flows, without the tunnel's part.
    pub interval: Duration,
    /// Bytes a flow may send per round, taken as at least 1.
    pub quantum: u16,
    /// Longest packet in bytes.
    pub mtu: u16,
    /// Most packets held.
    pub limit_packets: usize,
    /// Most bytes held.
    pub limit_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            target: Duration::from_millis(5),
            interval: Duration::from_millis(100),
            quantum: 1514,
            mtu: 1420,
            limit_packets: 10_240,
            limit_bytes: 16 << 20,
        }
    }
}

/// What a queue has done since it was made. Every field only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets pushed.
    pub pushed: u64,
    /// Packets that left towards a path.
    pub delivered: u64,
    /// Sum of the times that the delivered packets waited; divide by `delivered` for the mean.
    pub sojourn: Duration,
    /// Packets marked "congestion experienced" instead of dropped; they count as delivered too.
    pub marked: u64,
    /// Packets that CoDel dropped because of standing delay.
    pub dropped_delay: u64,
    /// Packets dropped because a limit was reached.
    pub dropped_full: u64,
}

/// For how many intervals a queue that stands is excused: paths double their windows several times before they carry
/// what a lost one did, and have to catch up then.
const EXCUSED_INTERVALS: u32 = 1;

/// The queue. Its memory grows with use, and is there for reuse until [`FqCodel::release_memory`].
#[derive(Debug)]
pub struct FqCodel {
    config: Config,
    aim: Aim,
    store: Store,
    /// Empty until the first packet, since most peers of a gateway are idle.
    flows: Vec<Flow>,
    /// Bytes queued per flow, apart from the rest so that finding the largest reads little memory.
    backlogs: Vec<u32>,
    /// Flows that have just become active, and those that have had a round already.
    new: VecDeque<u16>,
    old: VecDeque<u16>,
    /// Packets that left the flows but were not sent; the last is the next.
    returned: Vec<Queued>,
    /// What is held, in the flows and returned.
    packets: usize,
    bytes: usize,
    /// What may be held at the present rate.
    limit_bytes: usize,
    /// Until when delay is no reason for a signal.
    excused: Option<Instant>,
    stats: Stats,
}

#[derive(Debug, Clone, Copy, Default)]
struct Flow {
    fifo: Fifo,
    codel: Codel,
    /// Bytes that it may still send in this round.
    deficit: i32,
    /// Whether it is in one of the two lists.
    active: bool,
}

impl FqCodel {
    /// An empty queue.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            aim: Aim { target: config.target, interval: config.interval, mtu: usize::from(config.mtu) },
            store: Store::default(),
            flows: Vec::new(),
            backlogs: Vec::new(),
            new: VecDeque::new(),
            old: VecDeque::new(),
            returned: Vec::new(),
            packets: 0,
            bytes: 0,
            limit_bytes: config.limit_bytes,
            excused: None,
            stats: Stats::default(),
        }
    }

    /// Adapts to the rate in bit/s at which the queue is emptied, all paths together, and to the round trip of what is
    /// behind it.
    ///
    /// The target is at least the time that one and a half full packets take to send: one that every packet
    /// misses would starve a link, by default one below 3.4 Mbit/s. It grows by a quarter of the round trip: Cubic takes
    /// three tenths off what it has in flight, and a flow that was signalled at a shorter delay than that leaves its links
    /// idle. Only the flow itself waits longer for that. The interval grows by as much, and by the round trip:
    /// a sender whose answers take longer than the interval had no time to heed a signal before the next, and while a
    /// path's window still doubles every round, the queue before it is gone without any. No more is held than leaves
    /// in a quarter of a second: CoDel alone is slow to stop a sender that never slows down.
    pub fn adapt(&mut self, bits_per_second: u64, rtt: Duration) {
        let packet_bits = u64::from(self.config.mtu) * 8;
        let nanos = (packet_bits * 1_500_000_000).checked_div(bits_per_second).unwrap_or(0);
        let target = self.config.target.max(Duration::from_nanos(nanos));
        self.aim.interval = self.config.interval + (target - self.config.target) + rtt;
        self.aim.target = target.max(self.config.target + rtt / 4);
        let bytes = usize::try_from(bits_per_second / 8 / LIMIT_PER_SECOND).unwrap_or(usize::MAX);
        self.limit_bytes = bytes.max(LEAST_LIMIT_BYTES).min(self.config.limit_bytes);
    }

    /// Says that a path is gone, and the others have yet to take over: for a while delay is no reason to drop or mark
    /// anything. The limits hold.
    pub fn excuse(&mut self, now: Instant) {
        self.excused = Some(now + self.aim.interval * EXCUSED_INTERVALS);
    }

    /// Queues an IP packet. When that passes a limit, the flow with the most bytes loses its oldest packets.
    pub fn push(&mut self, now: Instant, packet: BytesMut, flow_hash: u32) {
        if self.flows.is_empty() {
            self.flows.resize_with(FLOWS, Flow::default);
            self.backlogs.resize(FLOWS, 0);
        }
        let index = flow_hash as usize % FLOWS;
        let flow = &mut self.flows[index];
        if !flow.active {
            flow.active = true;
            flow.deficit = i32::from(self.config.quantum);
            self.new.push_back(index as u16);
        }
        self.packets += 1;
        self.bytes += packet.len();
        self.backlogs[index] += packet.len() as u32;
        self.store.push(&mut flow.fifo, Queued { packet, flow_hash, enqueued: now });
        self.stats.pushed += 1;
        while self.is_beyond_limit(self.packets, self.bytes) && self.drop_from_fattest() {}
    }

    /// Whether so much is more than may be held.
    pub(super) fn is_beyond_limit(&self, packets: usize, bytes: usize) -> bool {
        packets > self.config.limit_packets || bytes > self.limit_bytes
    }

    /// Whether packets of a flow are held; of another in its bucket will do.
    pub(super) fn holds(&self, flow_hash: u32) -> bool {
        let bucket = |hash: u32| hash as usize % FLOWS;
        self.backlogs.get(bucket(flow_hash)).is_some_and(|backlog| *backlog > 0)
            || self.returned.iter().any(|queued| bucket(queued.flow_hash) == bucket(flow_hash))
    }

    /// Takes the next packet to send, if there is one. Packets that CoDel drops on the way are gone.
    pub fn pop(&mut self, now: Instant) -> Option<Queued> {
        let Some(queued) = self.returned.pop() else {
            return self.schedule(now);
        };
        self.packets -= 1;
        self.bytes -= queued.packet.len();
        Some(queued)
    }

    /// Length in bytes of the packet that [`FqCodel::pop`] gives next.
    pub fn peek_len(&mut self, now: Instant) -> Option<usize> {
        if self.returned.is_empty() {
            let next = self.schedule(now)?;
            self.unpop(next);
        }
        self.returned.last().map(|next| next.packet.len())
    }

    /// Gives back a packet that could not be sent: it is the next to be popped. Of several, give the first
    /// popped back last.
    pub fn unpop(&mut self, queued: Queued) {
        self.packets += 1;
        self.bytes += queued.packet.len();
        self.returned.push(queued);
    }

    /// Packets held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packets
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packets == 0
    }

    /// What the queue has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Gives memory back, for a peer that has fallen silent. Does nothing while packets are held.
    pub fn release_memory(&mut self) {
        if self.is_empty() {
            self.store = Store::default();
            self.flows = Vec::new();
            self.backlogs = Vec::new();
            self.new = VecDeque::new();
            self.old = VecDeque::new();
            self.returned = Vec::new();
        }
    }

    /// The dequeue of RFC 8290, section 4.2: new flows first, each until its deficit is used up.
    fn schedule(&mut self, now: Instant) -> Option<Queued> {
        loop {
            let from_new = !self.new.is_empty();
            let list = if from_new { &mut self.new } else { &mut self.old };
            let index = *list.front()?;
            let flow = &mut self.flows[usize::from(index)];
            if flow.deficit <= 0 {
                flow.deficit += i32::from(self.config.quantum.max(1));
                list.pop_front();
                self.old.push_back(index);
                continue;
            }
            if let Some(queued) = self.dequeue(usize::from(index), now) {
                self.flows[usize::from(index)].deficit -= queued.packet.len() as i32;
                self.stats.delivered += 1;
                self.stats.sojourn += now.saturating_duration_since(queued.enqueued);
                return Some(queued);
            }
            if from_new {
                self.new.pop_front();
            } else {
                self.old.pop_front();
            }
            // A new flow that runs dry waits one round: were it new again at once, old ones would starve.
            if from_new && !self.old.is_empty() {
                self.old.push_back(index);
            } else {
                self.flows[usize::from(index)].active = false;
            }
        }
    }

    /// Takes from one flow what CoDel lets pass.
    fn dequeue(&mut self, index: usize, now: Instant) -> Option<Queued> {
        loop {
            let Some(mut queued) = self.take(index) else {
                self.flows[index].codel.on_empty();
                return None;
            };
            if self.excused.is_some_and(|until| now < until) {
                return Some(queued);
            }
            let sojourn = now.saturating_duration_since(queued.enqueued);
            // The backlog is that of all flows: many flows of one packet each are a standing queue, too.
            match self.flows[index].codel.judge(&self.aim, now, sojourn, self.bytes) {
                Verdict::Deliver => return Some(queued),
                Verdict::Signal if ecn::mark_ce(&mut queued.packet) => {
                    self.stats.marked += 1;
                    return Some(queued);
                }
                Verdict::Signal => self.stats.dropped_delay += 1,
            }
        }
    }

    fn take(&mut self, index: usize) -> Option<Queued> {
        let queued = self.store.pop(&mut self.flows[index].fifo)?;
        self.packets -= 1;
        self.bytes -= queued.packet.len();
        self.backlogs[index] -= queued.packet.len() as u32;
        Some(queued)
    }

    /// Drops the oldest packet of the flow with the most bytes, and returns whether there was one.
    ///
    /// RFC 8290, section 4.1, drops half of the flow at once, to pay for the search; over 4 KiB that are
    /// packed the search is cheap, and a flow that loses single packets recovers better.
    pub(super) fn drop_from_fattest(&mut self) -> bool {
        let most = self.backlogs.iter().copied().max();
        let fattest = self.backlogs.iter().position(|&backlog| Some(backlog) == most);
        let dropped = fattest.and_then(|index| self.take(index)).is_some();
        self.stats.dropped_full += u64::from(dropped);
        dropped
    }
}
