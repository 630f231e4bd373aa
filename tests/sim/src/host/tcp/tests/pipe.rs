//! One bottleneck in virtual time, shared by any number of flows; acknowledgements return over a mere delay.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddrV4;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::super::super::Endpoint;
use super::super::*;

/// The bottleneck.
pub(super) struct Pipe {
    /// Bits per second.
    pub(super) rate: u64,
    /// One way; the way back takes as long.
    pub(super) delay: Duration,
    /// Bytes that may wait.
    pub(super) queue: u64,
    /// Share of data packets lost at random.
    pub(super) loss: f64,
    /// Share of acknowledgements lost at random.
    pub(super) ack_loss: f64,
    /// Extra delay of the n-th packet.
    pub(super) skew: Box<dyn FnMut(u64) -> Duration>,
    /// Nothing passes, either way, from one time to another.
    pub(super) outage: (Duration, Duration),
    /// Waiting bytes from which ECN-capable packets are marked.
    pub(super) mark: u64,
    /// The n-th packet is damaged.
    pub(super) damage: Option<u64>,
    busy_until: Duration,
    passed: u64,
}

impl Pipe {
    /// A pipe with a queue of one round trip's worth.
    pub(super) fn new(mbit: u64, delay_ms: u64) -> Self {
        Self {
            rate: mbit * 1_000_000,
            delay: Duration::from_millis(delay_ms),
            queue: mbit * 125 * delay_ms * 2,
            loss: 0.0,
            ack_loss: 0.0,
            skew: Box::new(|_| Duration::ZERO),
            outage: (Duration::MAX, Duration::MAX),
            mark: u64::MAX,
            damage: None,
            busy_until: Duration::ZERO,
            passed: 0,
        }
    }

    /// When a packet leaves the pipe, if it does.
    fn pass(&mut self, now: Duration, packet: &mut BytesMut, random: &mut fastrand::Rng) -> Option<Duration> {
        let start = self.busy_until.max(now);
        let waiting = ((start - now).as_secs_f64() * self.rate as f64 / 8.0) as u64;
        if waiting + packet.len() as u64 > self.queue.max(2 * packet.len() as u64)
            || random.f64() < self.loss
            || self.is_out(now)
        {
            return None;
        }
        if waiting >= self.mark && packet[1] & 3 == 2 {
            packet[1] |= 1;
            let checksum = u16::from_be_bytes([packet[10], packet[11]]);
            let checksum = if checksum == 0 { 0xfffe } else { checksum - 1 };
            packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        }
        self.passed += 1;
        if self.damage == Some(self.passed) {
            let last = packet.len() - 1;
            packet[last] ^= 1;
        }
        self.busy_until = start + Duration::from_secs_f64(packet.len() as f64 * 8.0 / self.rate as f64);
        Some(self.busy_until + self.delay + (self.skew)(self.passed))
    }

    fn is_out(&self, now: Duration) -> bool {
        self.outage.0 <= now && now < self.outage.1
    }
}

/// Both ends of a connection.
pub(super) struct Flow {
    pub(super) sender: TcpSender,
    pub(super) receiver: TcpReceiver,
}

struct Event {
    at: Duration,
    order: u64,
    flow: usize,
    to_receiver: bool,
    packet: BytesMut,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// Flows, the pipe, and what is on the way.
pub(super) struct World {
    pub(super) start: Instant,
    pub(super) pipe: Pipe,
    pub(super) flows: Vec<Flow>,
    now: Duration,
    events: BinaryHeap<Reverse<Event>>,
    order: u64,
    random: fastrand::Rng,
}

impl World {
    pub(super) fn new(pipe: Pipe) -> Self {
        Self {
            start: Instant::now(),
            pipe,
            flows: Vec::new(),
            now: Duration::ZERO,
            events: BinaryHeap::new(),
            order: 0,
            random: fastrand::Rng::with_seed(7),
        }
    }

    /// Adds a flow that its sender opens after `delay`.
    pub(super) fn add_flow(&mut self, delay: Duration, change: impl Fn(&mut TcpConfig)) {
        let index = self.flows.len() as u16;
        let local: SocketAddrV4 = format!("10.77.0.2:{}", 40_000 + index).parse().unwrap();
        let remote = "198.51.100.7:443".parse().unwrap();
        let mut sender = TcpConfig::new(local, remote, Open::Active, self.start + delay);
        change(&mut sender);
        let passive = if sender.open == Open::Active { Open::Passive } else { Open::Active };
        let receiver = TcpConfig { local: remote, remote: local, open: passive, ..sender };
        self.flows.push(Flow { sender: TcpSender::new(sender), receiver: TcpReceiver::new(receiver) });
    }

    /// Runs until so long after the start.
    pub(super) fn run(&mut self, until: Duration) {
        for index in 0..self.flows.len() {
            self.drain(index);
        }
        while let Some((at, timeouts)) = self.next().filter(|&(at, _)| at <= until) {
            self.now = at;
            let now = self.start + at;
            if timeouts {
                for index in 0..self.flows.len() {
                    let flow = &mut self.flows[index];
                    let ends: [&mut dyn Endpoint; 2] = [&mut flow.sender, &mut flow.receiver];
                    for end in ends {
                        if end.poll_timeout().is_some_and(|timeout| timeout <= now) {
                            end.handle_timeout(now);
                        }
                    }
                    self.drain(index);
                }
            } else if let Some(Reverse(event)) = self.events.pop() {
                let flow = &mut self.flows[event.flow];
                let end: &mut dyn Endpoint =
                    if event.to_receiver { &mut flow.receiver } else { &mut flow.sender };
                end.handle_packet(now, &event.packet);
                self.drain(event.flow);
            }
        }
        self.now = until;
        let corrupt: u64 = self.flows.iter().map(|flow| flow.receiver.stats().corrupt).sum();
        assert_eq!(corrupt, u64::from(self.pipe.damage.is_some()));
    }

    /// When something happens next, and whether that is a timeout.
    fn next(&self) -> Option<(Duration, bool)> {
        let ends =
            self.flows.iter().flat_map(|flow| [flow.sender.poll_timeout(), flow.receiver.poll_timeout()]);
        let timeout = ends.flatten().min().map(|at| at.saturating_duration_since(self.start).max(self.now));
        match (self.events.peek().map(|Reverse(event)| event.at), timeout) {
            (Some(event), Some(timeout)) if timeout < event => Some((timeout, true)),
            (Some(event), _) => Some((event, false)),
            (None, timeout) => timeout.map(|at| (at, true)),
        }
    }

    fn drain(&mut self, index: usize) {
        let now = self.start + self.now;
        while let Some(mut packet) = self.flows[index].sender.poll_packet(now) {
            let at = self.pipe.pass(self.now, &mut packet, &mut self.random);
            self.deliver(at, index, true, packet);
        }
        while let Some(packet) = self.flows[index].receiver.poll_packet(now) {
            let lost = self.pipe.is_out(self.now) || self.random.f64() < self.pipe.ack_loss;
            let at = (!lost).then_some(self.now + self.pipe.delay);
            self.deliver(at, index, false, packet);
        }
    }

    fn deliver(&mut self, at: Option<Duration>, flow: usize, to_receiver: bool, packet: BytesMut) {
        if let Some(at) = at {
            self.order += 1;
            self.events.push(Reverse(Event { at, order: self.order, flow, to_receiver, packet }));
        }
    }

    /// Goodput of a flow between two times after the start, in Mbit/s.
    pub(super) fn goodput(&self, flow: usize, from: Duration, to: Duration) -> f64 {
        self.flows[flow].receiver.stats().progress.goodput(self.start + from, self.start + to) / 1e6
    }
}
