//! What a gateway remembers of a peer that is idle.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and its virtual time has to start somewhere"
)]

use std::alloc::System;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tandem_engine::TransportOptions;
use tandem_engine::client::{Client, ClientConfig};
use tandem_engine::gateway::{Gateway, GatewayConfig, GatewayEvent, Lease, RequestKind, Worker};
use tandem_engine::identity::{Identity, Pin};
use tandem_engine::link::{Arrival, Link, LinkId, Tier, Transmit};
use tandem_engine::tunnel::DEFAULT_MTU;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What an idle peer with two paths may hold, bytes. Less, and the gateway has forgotten it.
const BOUNDS: std::ops::Range<usize> = 16 << 10..160 << 10;
const PEERS: u8 = 16;
const GATEWAY: LinkId = LinkId(1000);

fn gateway_address() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 1], 443))
}

/// The address from which client `number` sends over a link.
fn outer(number: u8, link: LinkId) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, number], 4000 + link.0 as u16))
}

fn inner(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 77, 0, number))
}

fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn gateway(now: Instant) -> (Gateway, Pin, Instant) {
    let identity = Identity::generate().unwrap();
    let pin = identity.pin();
    let config = GatewayConfig {
        identity,
        addresses: vec![inner(1)],
        mtu: DEFAULT_MTU,
        peer_to_peer: false,
        transport: TransportOptions::default(),
        seed: [8; 16],
        worker: Worker::ALONE,
    };
    (Gateway::new(config).unwrap(), pin, now)
}

fn client(now: Instant, gateway: Pin) -> Client {
    let mut client = Client::new(ClientConfig {
        gateway,
        identity: Identity::generate().unwrap(),
        authority: "203.0.113.1".to_owned(),
        mtu: DEFAULT_MTU,
        transport: TransportOptions::default(),
        seed: [7; 16],
    })
    .unwrap();
    client.set_remotes(now, vec![gateway_address()]);
    for id in [1, 2] {
        let name = Arc::from(format!("link{id}"));
        client.link_up(
            now,
            Link { id: LinkId(id), name, tier: Tier::Auto, metered: false, ipv4: true, ipv6: false },
        );
    }
    client.connect(now);
    client
}

fn datagrams<'a>(transmit: &Transmit, buf: &'a [u8]) -> impl Iterator<Item = BytesMut> + use<'a> {
    buf[..transmit.size].chunks(transmit.segment_size.unwrap_or(transmit.size)).map(BytesMut::from)
}

/// Lets client and gateway talk over links without delay. True if anything was said.
fn exchange(now: Instant, number: u8, client: &mut Client, gateway: &mut Gateway, buf: &mut Vec<u8>) -> bool {
    let segments = NonZeroUsize::new(8).unwrap();
    let mut talked = false;
    while let Some(transmit) = client.poll_transmit(now, segments, buf) {
        let remote = outer(number, transmit.link);
        let arrival = Arrival { link: GATEWAY, remote, local: Some(gateway_address().ip()), ecn: None };
        datagrams(&transmit, buf).for_each(|datagram| gateway.handle_udp(now, &arrival, datagram));
        talked = true;
    }
    while let Some(transmit) = gateway.poll_transmit(now, segments, buf) {
        let link = LinkId(u32::from(transmit.destination.port() - 4000));
        let arrival = Arrival { link, remote: gateway_address(), local: None, ecn: None };
        datagrams(&transmit, buf).for_each(|datagram| client.handle_udp(now, &arrival, datagram));
        talked = true;
    }
    while let Some(event) = gateway.poll_event() {
        if let GatewayEvent::Request { id, kind: RequestKind::Tunnel, .. } = event {
            gateway.grant(
                now,
                id,
                Lease { name: Arc::from(format!("peer{number}")), addresses: vec![inner(number)] },
            );
            talked = true;
        }
    }
    while client.poll_packet().is_some() || client.poll_event().is_some() {}
    while gateway.poll_packet().is_some() {}
    talked
}

/// Connects a client, sends packets both ways, and lets things come to rest.
fn visit(start: Instant, number: u8, gateway: &mut Gateway, pin: Pin) -> Instant {
    let mut client = client(start, pin);
    let mut buf = Vec::new();
    let mut packet = BytesMut::zeroed(1400);
    packet[..4].copy_from_slice(&[0x45, 0, 5, 120]);
    packet[8..10].copy_from_slice(&[64, 17]);
    let mut now = start;
    for turn in 0..1000 {
        now += Duration::from_millis(1);
        client.handle_timeout(now);
        gateway.handle_timeout(now);
        if turn > 300 && turn < 700 {
            packet[12..16].copy_from_slice(&[10, 77, 0, number]);
            packet[16..20].copy_from_slice(&[198, 51, 100, 1]);
            client.handle_packet(now, packet.clone());
            packet[12..16].copy_from_slice(&[198, 51, 100, 1]);
            packet[16..20].copy_from_slice(&[10, 77, 0, number]);
            gateway.handle_packet(now, packet.clone());
        }
        while exchange(now, number, &mut client, gateway, &mut buf) {}
    }
    assert!(
        client.is_up() && client.paths(now).len() == 2,
        "client {number} is not connected over both links"
    );
    now
}

#[test]
fn an_idle_peer_holds_little_memory() {
    let (mut gateway, pin, start) = gateway(Instant::now());
    // The first visit also pays for what is made once.
    let mut now = visit(start, 2, &mut gateway, pin);
    let before = held();
    for number in 3..3 + PEERS {
        now = visit(now, number, &mut gateway, pin);
    }
    let each = held().saturating_sub(before) / usize::from(PEERS);
    println!("{each} bytes for each idle peer with two paths");
    assert!(BOUNDS.contains(&each), "{each} bytes for each idle peer");
}
