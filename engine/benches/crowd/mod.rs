//! Many clients of one gateway, in memory and in virtual time, over links without delay or loss.

#![allow(dead_code, clippy::allow_attributes, reason = "the benchmark and the test use its share each")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement may panic, its virtual time has to start somewhere, and what it tells is real time"
)]

use std::alloc::System;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tandem_engine::TransportOptions;
use tandem_engine::blocks::Blocks;
use tandem_engine::client::{Client, ClientConfig};
use tandem_engine::gateway::{Gateway, GatewayConfig, GatewayEvent, Lease, RequestKind, Worker};
use tandem_engine::identity::{Identity, Pin};
use tandem_engine::link::{Arrival, Link, LinkId, Tier};
use tandem_engine::tunnel::DEFAULT_MTU;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Links of each client.
const LINKS: [LinkId; 2] = [LinkId(1), LinkId(2)];
const GATEWAY: LinkId = LinkId(1000);
/// How far time moves at least: without delay, answers to answers would come at the same time for ever.
const STEP: Duration = Duration::from_millis(1);
/// Bytes of a block of the gateway's input, as in the daemon.
const BLOCK: usize = 64 << 10;
/// Datagrams of one transmit.
const SEGMENTS: NonZeroUsize = NonZeroUsize::new(8).unwrap();
/// A server on the internet.
const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);

/// A gateway and its clients, with what the gateway alone has cost.
pub(crate) struct Crowd {
    now: Instant,
    gateway: Gateway,
    pin: Pin,
    clients: Vec<Client>,
    /// When clients' timers are due. One that was put off since is still in it.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Real time in the gateway.
    spent: Duration,
    /// Bytes that the gateway holds.
    held: i64,
    /// Allocations that it has made.
    allocations: usize,
    /// Datagrams that came to the gateway, and that it sent.
    datagrams: u64,
    buf: Vec<u8>,
    blocks: Blocks,
}

impl Crowd {
    pub(crate) fn new() -> Self {
        let identity = Identity::generate().unwrap();
        let pin = identity.pin();
        let config = GatewayConfig {
            identity,
            addresses: vec![IpAddr::V4(Ipv4Addr::new(10, 64, 0, 1))],
            mtu: DEFAULT_MTU,
            peer_to_peer: false,
            transport: TransportOptions::default(),
            seed: [8; 16],
            worker: Worker::ALONE,
        };
        Self {
            now: Instant::now(),
            gateway: Gateway::new(config).unwrap(),
            pin,
            clients: Vec::new(),
            due: BinaryHeap::new(),
            spent: Duration::ZERO,
            held: 0,
            allocations: 0,
            datagrams: 0,
            buf: Vec::with_capacity(1 << 17),
            blocks: Blocks::new(BLOCK),
        }
    }

    /// Real time spent in the gateway so far.
    pub(crate) fn spent(&self) -> Duration {
        self.spent
    }

    /// Bytes that the gateway holds for its peers.
    pub(crate) fn held(&self) -> usize {
        usize::try_from(self.held).unwrap_or(0)
    }

    /// Allocations that the gateway has made so far, those that enlarge something included.
    pub(crate) fn allocations(&self) -> usize {
        self.allocations
    }

    /// Datagrams that the gateway received and sent so far.
    pub(crate) fn datagrams(&self) -> u64 {
        self.datagrams
    }

    /// One more client, until both of its paths are up.
    pub(crate) fn join(&mut self) {
        let number = self.clients.len();
        let mut client = Client::new(ClientConfig {
            gateway: self.pin,
            identity: Identity::generate().unwrap(),
            authority: "203.0.113.1".to_owned(),
            mtu: DEFAULT_MTU,
            transport: TransportOptions::default(),
            seed: [7; 16],
        })
        .unwrap();
        client.set_remotes(self.now, vec![gateway_address()]);
        for id in LINKS {
            let name = Arc::from(format!("link{}", id.0));
            let link = Link { id, name, tier: Tier::Auto, metered: false, ipv4: true, ipv6: false };
            client.link_up(self.now, link);
        }
        client.connect(self.now);
        self.clients.push(client);
        self.settle(Some(number));
        let is_up = (0..1000).any(|_| {
            self.rest(STEP);
            let client = &mut self.clients[number];
            client.is_up() && client.paths(self.now).len() == LINKS.len()
        });
        assert!(is_up, "client {number} is not connected over both links");
    }

    /// Full packets of a client, as many each way, `burst` of them in each of so many milliseconds.
    pub(crate) fn carry(&mut self, number: usize, milliseconds: usize, burst: usize) {
        let mut packet = BytesMut::zeroed(1400);
        packet[..4].copy_from_slice(&[0x45, 0, 5, 120]);
        packet[8..10].copy_from_slice(&[64, 17]);
        let (up, down) = (addressed(inner(number), SERVER), addressed(SERVER, inner(number)));
        for _ in 0..milliseconds {
            self.rest(Duration::from_millis(1));
            for _ in 0..burst {
                packet[12..20].copy_from_slice(&up);
                self.clients[number].handle_packet(self.now, packet.clone());
                packet[12..20].copy_from_slice(&down);
                self.in_gateway(|gateway, blocks, now| gateway.handle_packet(now, blocks.copy(&packet)));
            }
            self.settle(Some(number));
        }
    }

    /// Lets time pass, in which only timers make anybody speak.
    pub(crate) fn rest(&mut self, length: Duration) {
        let end = self.now + length;
        loop {
            let gateway = self.gateway.poll_timeout();
            let client = self.due.peek().map(|Reverse((at, _))| *at);
            let Some(next) = gateway.into_iter().chain(client).min().filter(|next| *next <= end) else {
                break;
            };
            if self.now >= end {
                break;
            }
            self.now = next.max(self.now + STEP);
            if gateway.is_some_and(|at| at <= self.now) {
                self.in_gateway(|gateway, _, now| gateway.handle_timeout(now));
                self.settle(None);
            }
            for number in self.take_due() {
                self.clients[number].handle_timeout(self.now);
                self.settle(Some(number));
            }
        }
        self.now = self.now.max(end);
    }

    /// The clients whose timers are due.
    fn take_due(&mut self) -> Vec<usize> {
        let mut due = Vec::new();
        while self.due.peek().is_some_and(|Reverse((at, _))| *at <= self.now)
            && let Some(Reverse((_, number))) = self.due.pop()
        {
            // It may have been put off since.
            if self.clients[number].poll_timeout().is_some_and(|at| at <= self.now) {
                due.push(number);
            }
        }
        due
    }

    /// Lets the gateway do something, and counts what that costs.
    fn in_gateway<T>(&mut self, work: impl FnOnce(&mut Gateway, &mut Blocks, Instant) -> T) -> T {
        let (before, started) = (ALLOCATOR.stats(), Instant::now());
        let result = work(&mut self.gateway, &mut self.blocks, self.now);
        self.spent += started.elapsed();
        let change = ALLOCATOR.stats() - before;
        self.held += change.bytes_allocated as i64 - change.bytes_deallocated as i64;
        self.allocations += change.allocations + change.reallocations;
        result
    }

    /// Lets the gateway, and one client, say what they have to say, until nobody answers any more.
    fn settle(&mut self, speaker: Option<usize>) {
        let mut speakers: Vec<usize> = speaker.into_iter().collect();
        loop {
            for number in &speakers {
                self.speak(*number);
                let at = self.clients[*number].poll_timeout();
                self.due.extend(at.map(|at| Reverse((at, *number))));
            }
            self.grant();
            speakers.clear();
            while let Some(number) = self.listen() {
                if speakers.last() != Some(&number) {
                    speakers.push(number);
                }
            }
            if speakers.is_empty() {
                return;
            }
        }
    }

    /// What a client has to send goes to the gateway.
    fn speak(&mut self, number: usize) {
        let mut buf = std::mem::take(&mut self.buf);
        while let Some(transmit) = self.clients[number].poll_transmit(self.now, SEGMENTS, &mut buf) {
            let remote = outer(number, transmit.link);
            let arrival = Arrival { link: GATEWAY, remote, local: Some(gateway_address().ip()), ecn: None };
            for datagram in buf[..transmit.size].chunks(transmit.segment_size.unwrap_or(transmit.size)) {
                self.datagrams += 1;
                self.in_gateway(|gateway, blocks, now| {
                    gateway.handle_udp(now, &arrival, blocks.copy(datagram))
                });
            }
        }
        self.buf = buf;
        let client = &mut self.clients[number];
        while client.poll_packet().is_some() || client.poll_event().is_some() {}
    }

    /// One transmit of the gateway goes to a client, which is returned.
    fn listen(&mut self) -> Option<usize> {
        let mut buf = std::mem::take(&mut self.buf);
        let transmit = self.in_gateway(|gateway, _, now| gateway.poll_transmit(now, SEGMENTS, &mut buf));
        let heard = transmit.map(|transmit| {
            let (number, link) = client_at(transmit.destination);
            let arrival = Arrival { link, remote: gateway_address(), local: None, ecn: None };
            for datagram in buf[..transmit.size].chunks(transmit.segment_size.unwrap_or(transmit.size)) {
                self.datagrams += 1;
                self.clients[number].handle_udp(self.now, &arrival, BytesMut::from(datagram));
            }
            number
        });
        self.buf = buf;
        heard
    }

    /// Every request for a tunnel is granted, and packets that came out of one are gone.
    fn grant(&mut self) {
        let newest = self.clients.len() - 1;
        self.in_gateway(|gateway, _, now| {
            while let Some(event) = gateway.poll_event() {
                if let GatewayEvent::Request { id, kind: RequestKind::Tunnel, .. } = event {
                    let name = Arc::from(format!("peer{newest}"));
                    let addresses = vec![IpAddr::V4(inner(newest))];
                    gateway.grant(now, id, Lease { name, addresses });
                }
            }
            while gateway.poll_packet().is_some() {}
        });
    }
}

/// The two addresses of an IPv4 header.
fn addressed(source: Ipv4Addr, destination: Ipv4Addr) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&source.octets());
    bytes[4..].copy_from_slice(&destination.octets());
    bytes
}

fn gateway_address() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 1], 443))
}

/// Bytes of an address that tell clients apart.
fn host(number: usize) -> [u8; 2] {
    u16::try_from(number + 2).unwrap().to_be_bytes()
}

/// The address of a client in the tunnel.
fn inner(number: usize) -> Ipv4Addr {
    let [high, low] = host(number);
    Ipv4Addr::new(10, 64, high, low)
}

/// The address from which a client sends over a link.
fn outer(number: usize, link: LinkId) -> SocketAddr {
    let [high, low] = host(number);
    SocketAddr::from(([100, 64, high, low], 4000 + link.0 as u16))
}

/// The client and the link with that address.
fn client_at(addr: SocketAddr) -> (usize, LinkId) {
    let IpAddr::V4(ip) = addr.ip() else { panic!("{addr} is nobody's") };
    let [_, _, high, low] = ip.octets();
    (usize::from(u16::from_be_bytes([high, low])) - 2, LinkId(u32::from(addr.port() - 4000)))
}
