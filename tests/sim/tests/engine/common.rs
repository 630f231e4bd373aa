//! Links, numbered packets and streams of them.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tandem_engine::class::{Class, Rule};
use tandem_engine::duplication::Duplication;
use tandem_engine::tunnel::TunnelCounters;
use tandem_sim::host::udp;
use tandem_sim::profile::{Direction, Link, Profile};
use tandem_sim::world::{client_inner, server_inner};
use tandem_sim::{World, WorldOptions};

/// Port of a call, at both ends.
pub(crate) const CALL_PORT: u16 = 6000;
pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// Links of so many Mbit/s and ms, with 100 ms of queue and Ethernet's MTU.
pub(crate) fn links(all: &[(u32, u32)]) -> Profile {
    let link = |(number, &(rate, delay)): (usize, &(u32, u32))| Link {
        name: format!("link{number}"),
        both: Direction {
            rate_mbit: Some(f64::from(rate)),
            delay_ms: Some(f64::from(delay)),
            queue_ms: Some(100.0),
            mtu: Some(1500),
            ..Direction::default()
        },
        up: Direction::default(),
        down: Direction::default(),
        trace: None,
        address: None,
        tier: None,
    };
    Profile {
        name: "test".to_owned(),
        about: "Links of a test".to_owned(),
        seconds: 10,
        link: all.iter().enumerate().map(link).collect(),
        shared: None,
        event: Vec::new(),
    }
}

pub(crate) fn one_link() -> Profile {
    links(&[(50, 8)])
}

pub(crate) fn two_links() -> Profile {
    links(&[(50, 8), (20, 30)])
}

pub(crate) fn world(profile: &Profile) -> World {
    World::new(profile, WorldOptions::default())
}

pub(crate) fn connected(profile: &Profile) -> World {
    World::connected(profile, WorldOptions::default())
}

/// What client and gateway counted.
pub(crate) fn counters(world: &mut World) -> [TunnelCounters; 2] {
    let now = world.now();
    [world.client.counters(), world.gateway.peers(now)[0].counters]
}

/// Changes what is sent twice, in both directions.
pub(crate) fn with(world: &mut World, edit: impl FnOnce(&mut Duplication)) {
    let mut duplication = Duplication::default();
    edit(&mut duplication);
    world.client.set_duplication(duplication);
}

/// A UDP packet of `len` bytes from laptop to server, with a number.
pub(crate) fn upward(len: usize, number: u64) -> BytesMut {
    udp::datagram((client_inner(), 5000), (server_inner(), 9), len, number)
}

/// The same from server to laptop.
pub(crate) fn downward(len: usize, number: u64) -> BytesMut {
    udp::datagram((server_inner(), 5000), (client_inner(), 9), len, number)
}

/// Offers `mbit` of 1400-byte packets in one direction for `time`; how many were sent, and what arrived until 300 ms
/// later.
pub(crate) fn stream(
    world: &mut World,
    mbit: u64,
    time: Duration,
    is_upward: bool,
) -> (u64, Vec<(Instant, u64)>) {
    let interval = udp::Source::interval(1400, mbit as f64);
    let end = world.now() + time;
    let (mut next, mut sent) = (world.now(), 0);
    while world.now() < end {
        while next <= world.now() {
            if is_upward {
                world.laptop_sends(upward(1400, sent));
            } else {
                world.server_sends(downward(1400, sent));
            }
            sent += 1;
            next += interval;
        }
        world.step(next.min(end));
    }
    world.run_for(ms(300));
    let got = if is_upward { &mut world.server_got } else { &mut world.laptop_got };
    let number = |packet: &[u8]| udp::number(packet).expect("only numbered packets are sent");
    (sent, std::mem::take(got).into_iter().map(|got| (got.at, number(&got.packet))).collect())
}

pub(crate) fn numbers(got: &[tandem_sim::world::Got]) -> Vec<u64> {
    got.iter().map(|got| udp::number(&got.packet).expect("only numbered packets are sent")).collect()
}

/// A rule for what has a port at the server's end.
pub(crate) fn rule(class: Class, remote_port: u16) -> Rule {
    let remote_port = Some(remote_port..=remote_port);
    Rule { class, protocol: None, local_port: None, remote_port, local: None, remote: None }
}
