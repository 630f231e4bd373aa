//! A client and a gateway in virtual time, with links between them that have a rate, a delay, a queue and faults.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its share of the world")]

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tandem_engine::client::{Client, ClientConfig, ClientEvent};
use tandem_engine::gateway::{Gateway, GatewayConfig, GatewayEvent, Lease, RequestKind};
use tandem_engine::identity::{Identity, Pin};
use tandem_engine::link::{Arrival, Ecn, Link, LinkId, Tier};
use tandem_engine::tunnel::DEFAULT_MTU;
use tandem_engine::{Congestion, TransportOptions};

/// The gateway's one listening socket.
const GATEWAY_LINK: LinkId = LinkId(1000);

pub fn gateway_v4() -> SocketAddr {
    "203.0.113.1:443".parse().unwrap()
}

pub fn client_inner() -> IpAddr {
    "10.77.0.2".parse().unwrap()
}

pub fn server_inner() -> IpAddr {
    "198.51.100.7".parse().unwrap()
}

pub fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// One direction of a link.
#[derive(Debug, Clone)]
pub struct Pipe {
    /// Bits per second.
    pub rate: u64,
    /// One-way delay.
    pub delay: Duration,
    /// Bytes that may wait.
    pub queue: u64,
    /// Share of packets lost at random.
    pub loss: f64,
    /// Nothing passes, and nobody is told.
    pub blackhole: bool,
    /// Largest UDP payload that passes.
    pub mtu: usize,
    busy_until: Option<Instant>,
    pub passed: u64,
}

impl Pipe {
    pub fn new(mbit: u64, delay_ms: u64) -> Self {
        Self {
            rate: mbit * 1_000_000,
            delay: ms(delay_ms),
            // 100 ms
            queue: mbit * 12_500,
            loss: 0.0,
            blackhole: false,
            mtu: 1472,
            busy_until: None,
            passed: 0,
        }
    }

    /// When a packet of `len` bytes arrives, if it does.
    fn pass(&mut self, now: Instant, len: usize, chance: f64) -> Option<Instant> {
        let start = self.busy_until.map_or(now, |busy| busy.max(now));
        let waiting = (start - now).as_secs_f64() * self.rate as f64 / 8.0;
        if self.blackhole || len > self.mtu || chance < self.loss || waiting > self.queue as f64 {
            return None;
        }
        let end = start + Duration::from_secs_f64((len + 28) as f64 * 8.0 / self.rate as f64);
        self.busy_until = Some(end);
        self.passed += len as u64;
        Some(end + self.delay)
    }
}

/// A link of the client.
pub struct TestLink {
    pub id: LinkId,
    /// As the gateway sees it.
    pub address: SocketAddr,
    pub up: Pipe,
    pub down: Pipe,
    pub is_up: bool,
    pub tier: Tier,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Client(usize),
    Gateway(usize),
}

struct InFlight {
    to: To,
    remote: SocketAddr,
    data: Bytes,
    ecn: Option<Ecn>,
}

/// What arrived at a host.
pub struct Got {
    pub at: Instant,
    pub packet: Bytes,
}

pub struct World {
    pub start: Instant,
    pub now: Instant,
    pub client: Client,
    pub gateway: Gateway,
    gateway_key: Vec<u8>,
    pub links: Vec<TestLink>,
    pub client_got: Vec<Got>,
    pub server_got: Vec<Got>,
    pub client_events: Vec<ClientEvent>,
    pub gateway_log: Vec<String>,
    /// Pins that get a lease.
    pub welcome: Vec<(Pin, Lease)>,
    wire: BTreeMap<(Instant, u64), InFlight>,
    spins: u32,
    sequence: u64,
    random: u64,
    buf: Vec<u8>,
    max_segments: NonZeroUsize,
    to_client: VecDeque<BytesMut>,
}

impl World {
    pub fn new(pipes: &[(Pipe, Pipe)]) -> Self {
        Self::with_congestion(pipes, Congestion::Bbr)
    }

    pub fn with_congestion(pipes: &[(Pipe, Pipe)], congestion: Congestion) -> Self {
        Self::build(pipes, congestion, None)
    }

    pub fn build(pipes: &[(Pipe, Pipe)], congestion: Congestion, pin: Option<Pin>) -> Self {
        let now = Instant::now();
        let transport = TransportOptions { congestion, ..TransportOptions::default() };
        let (client_id, gateway_id) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let client_pin = client_id.pin();
        let client = Client::new(ClientConfig {
            gateway: pin.unwrap_or(gateway_id.pin()),
            identity: client_id,
            authority: "203.0.113.1".to_owned(),
            mtu: DEFAULT_MTU,
            transport,
            seed: [7; 16],
        })
        .unwrap();
        let gateway_key = gateway_id.to_pkcs8_der();
        let lease =
            Lease { name: Arc::from("laptop"), addresses: vec![client_inner(), "fd77::2".parse().unwrap()] };
        let mut world = Self {
            start: now,
            now,
            client,
            gateway: gateway(&gateway_key),
            gateway_key,
            links: Vec::new(),
            client_got: Vec::new(),
            server_got: Vec::new(),
            client_events: Vec::new(),
            gateway_log: Vec::new(),
            welcome: vec![(client_pin, lease)],
            wire: BTreeMap::new(),
            spins: 0,
            sequence: 0,
            random: 0x9e37_79b9_7f4a_7c15,
            buf: Vec::new(),
            max_segments: NonZeroUsize::new(16).unwrap(),
            to_client: VecDeque::new(),
        };
        for (index, (up, down)) in pipes.iter().enumerate() {
            world.links.push(TestLink {
                id: LinkId(index as u32 + 1),
                address: format!("192.0.2.{}:{}", index + 1, 4000 + index).parse().unwrap(),
                up: up.clone(),
                down: down.clone(),
                is_up: false,
                tier: Tier::Auto,
            });
        }
        world.client.set_remotes(now, vec![gateway_v4()]);
        world
    }

    /// Both links up, connected, and every path validated.
    pub fn connected(pipes: &[(Pipe, Pipe)]) -> Self {
        let mut world = Self::new(pipes);
        world.connect();
        world
    }

    pub fn connect(&mut self) {
        for index in 0..self.links.len() {
            self.link_up(index);
        }
        self.client.connect(self.now);
        let wanted = self.links.len();
        self.run_until(|world| world.client.is_up() && world.paths_up() == wanted, ms(5000));
    }

    pub fn paths_up(&mut self) -> usize {
        let now = self.now;
        self.client.paths(now).iter().filter(|path| path.state.as_str() == "up").count()
    }

    pub fn link_up(&mut self, index: usize) {
        let link = &mut self.links[index];
        link.is_up = true;
        let link = Link {
            id: link.id,
            name: Arc::from(format!("link{index}")),
            tier: link.tier,
            ipv4: true,
            ipv6: false,
        };
        self.client.link_up(self.now, link);
    }

    pub fn link_down(&mut self, index: usize) {
        self.links[index].is_up = false;
        let id = self.links[index].id;
        self.client.link_down(self.now, id);
    }

    pub fn blackhole(&mut self, index: usize, on: bool) {
        self.links[index].up.blackhole = on;
        self.links[index].down.blackhole = on;
    }

    fn chance(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Runs for a time.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.step(end);
        }
    }

    /// Runs until `done` holds, at most for `limit`; how long it took.
    pub fn run_until(&mut self, mut done: impl FnMut(&mut Self) -> bool, limit: Duration) -> Duration {
        let began = self.now;
        let end = began + limit;
        loop {
            self.settle();
            if done(self) {
                return self.now - began;
            }
            assert!(self.now < end, "what was waited for did not happen within {limit:?}: {}", self.story());
            self.step(end);
        }
    }

    pub fn story(&mut self) -> String {
        let now = self.now;
        format!(
            "events {:?}, gateway {:?}, paths {:?}",
            self.client_events,
            self.gateway_log,
            self.client.paths(now)
        )
    }

    /// Settles, then jumps to the next thing that happens, at most to `end`.
    pub fn step(&mut self, end: Instant) {
        self.settle();
        let next = [
            self.wire.keys().next().map(|(at, _)| *at),
            self.client.poll_timeout(),
            self.gateway.poll_timeout(),
            Some(end),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(end);
        self.spins = if next <= self.now { self.spins + 1 } else { 0 };
        assert!(
            self.spins < 1000,
            "time stands still: client {:?}, gateway {:?}",
            self.client.poll_timeout().map(|at| at.saturating_duration_since(self.now)),
            self.gateway.poll_timeout().map(|at| at.saturating_duration_since(self.now))
        );
        self.now = next.max(self.now + Duration::from_nanos(1)).min(end.max(self.now));
        let now = self.now;
        while let Some(entry) = self.wire.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let flight = entry.remove();
            self.deliver(flight);
        }
        self.client.handle_timeout(now);
        self.gateway.handle_timeout(now);
    }

    fn deliver(&mut self, flight: InFlight) {
        let data = BytesMut::from(flight.data.as_ref());
        match flight.to {
            To::Client(index) if self.links[index].is_up => {
                let link = self.links[index].id;
                let arrival = Arrival { link, remote: flight.remote, local: None, ecn: flight.ecn };
                self.client.handle_udp(self.now, &arrival, data);
            }
            To::Client(_) => {}
            To::Gateway(_) => {
                let local = Some(gateway_v4().ip());
                let arrival = Arrival { link: GATEWAY_LINK, remote: flight.remote, local, ecn: flight.ecn };
                self.gateway.handle_udp(self.now, &arrival, data);
            }
        }
    }

    /// Lets both ends send, and collects what they have.
    pub fn settle(&mut self) {
        let now = self.now;
        let mut buf = std::mem::take(&mut self.buf);
        while let Some(transmit) = self.client.poll_transmit(now, self.max_segments, &mut buf) {
            let Some(index) = self.links.iter().position(|link| link.id == transmit.link) else { continue };
            if !self.links[index].is_up {
                continue;
            }
            let remote = self.links[index].address;
            for chunk in buf[..transmit.size].chunks(transmit.segment_size.unwrap_or(transmit.size)) {
                let chance = self.chance();
                if let Some(at) = self.links[index].up.pass(now, chunk.len(), chance) {
                    self.send(at, To::Gateway(index), remote, chunk, transmit.ecn);
                }
            }
        }
        while let Some(transmit) = self.gateway.poll_transmit(now, self.max_segments, &mut buf) {
            let position = |link: &TestLink| link.address == transmit.destination;
            let Some(index) = self.links.iter().position(position) else { continue };
            for chunk in buf[..transmit.size].chunks(transmit.segment_size.unwrap_or(transmit.size)) {
                let chance = self.chance();
                if let Some(at) = self.links[index].down.pass(now, chunk.len(), chance) {
                    self.send(at, To::Client(index), gateway_v4(), chunk, transmit.ecn);
                }
            }
        }
        self.buf = buf;
        while let Some(packet) = self.client.poll_packet() {
            self.client_got.push(Got { at: now, packet });
        }
        while let Some(packet) = self.gateway.poll_packet() {
            self.server_got.push(Got { at: now, packet });
        }
        while let Some(event) = self.client.poll_event() {
            self.client_events.push(event);
        }
        self.answer_requests();
    }

    fn send(&mut self, at: Instant, to: To, remote: SocketAddr, data: &[u8], ecn: Option<Ecn>) {
        self.sequence += 1;
        let flight = InFlight { to, remote, data: Bytes::copy_from_slice(data), ecn };
        self.wire.insert((at, self.sequence), flight);
    }

    fn answer_requests(&mut self) {
        let mut answered = false;
        while let Some(event) = self.gateway.poll_event() {
            match event {
                GatewayEvent::Request { id, kind: RequestKind::Tunnel, pin, .. } => {
                    let lease = self.welcome.iter().find(|(known, _)| Some(*known) == pin);
                    match lease.map(|(_, lease)| lease.clone()) {
                        Some(lease) => self.gateway.grant(self.now, id, lease),
                        None => self.gateway.respond(id, 403, br#"{"type":"unknown-peer"}"#),
                    }
                    answered = true;
                }
                GatewayEvent::Request { id, kind: RequestKind::Enrolment { body }, bearer, .. } => {
                    self.gateway_log.push(format!("enrolment {bearer:?} {body:?}"));
                    self.gateway.respond(id, 200, br#"{"ok":true}"#);
                    answered = true;
                }
                GatewayEvent::PeerUp { lease, .. } => self.gateway_log.push(format!("up {}", lease.name)),
                GatewayEvent::PeerDown { name, reason } => {
                    self.gateway_log.push(format!("down {name} {}", reason.label()));
                }
            }
        }
        if answered {
            self.settle();
        }
    }

    /// A gateway process that knows nothing of the old one's connections, with the same key.
    pub fn restart_gateway(&mut self) {
        self.gateway = gateway(&self.gateway_key);
    }

    /// A UDP packet from the client's host.
    pub fn client_sends(&mut self, packet: BytesMut) {
        self.client.handle_packet(self.now, packet);
    }

    /// A UDP packet from the world to the client's inner address.
    pub fn server_sends(&mut self, packet: BytesMut) {
        self.gateway.handle_packet(self.now, packet);
    }
}

fn gateway(key: &[u8]) -> Gateway {
    Gateway::new(GatewayConfig {
        identity: Identity::from_pkcs8_der(key).unwrap(),
        addresses: vec!["10.77.0.1".parse().unwrap(), "fd77::1".parse().unwrap()],
        mtu: DEFAULT_MTU,
        peer_to_peer: false,
        transport: TransportOptions::default(),
        seed: [8; 16],
    })
    .unwrap()
}

/// An IPv4 UDP packet of `len` bytes in all, numbered in its payload.
pub fn udp(from: IpAddr, to: IpAddr, port: u16, len: usize, number: u64) -> BytesMut {
    let (IpAddr::V4(from), IpAddr::V4(to)) = (from, to) else { panic!("IPv4 only") };
    let mut packet = vec![0_u8; len.max(36)];
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    packet[6] = 0x40;
    packet[8] = 64;
    packet[9] = 17;
    packet[12..16].copy_from_slice(&from.octets());
    packet[16..20].copy_from_slice(&to.octets());
    packet[20..22].copy_from_slice(&port.to_be_bytes());
    packet[22..24].copy_from_slice(&9_u16.to_be_bytes());
    packet[24..26].copy_from_slice(&((len - 20) as u16).to_be_bytes());
    packet[28..36].copy_from_slice(&number.to_be_bytes());
    BytesMut::from(packet.as_slice())
}

/// The number in a packet of [`udp`].
pub fn number(packet: &[u8]) -> u64 {
    u64::from_be_bytes(packet[28..36].try_into().unwrap())
}

/// Offers `mbit` of 1400-byte packets in one direction for `time`; sent and received numbers.
pub fn stream(world: &mut World, mbit: u64, time: Duration, upward: bool) -> (u64, Vec<(Instant, u64)>) {
    let interval = Duration::from_secs_f64(1400.0 * 8.0 / (mbit as f64 * 1e6));
    let end = world.now + time;
    let (mut next, mut sent) = (world.now, 0);
    while world.now < end {
        while next <= world.now {
            if upward {
                world.client_sends(udp(client_inner(), server_inner(), 5000, 1400, sent));
            } else {
                world.server_sends(udp(server_inner(), client_inner(), 5000, 1400, sent));
            }
            sent += 1;
            next += interval;
        }
        world.step(next.min(end));
    }
    world.run_for(ms(300));
    let got = if upward { &mut world.server_got } else { &mut world.client_got };
    (sent, std::mem::take(got).into_iter().map(|got| (got.at, number(&got.packet))).collect())
}
