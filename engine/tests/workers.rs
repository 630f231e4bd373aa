//! A gateway of several workers: whichever of them a datagram or a packet comes to, it gets to where it belongs.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and its virtual time has to start somewhere"
)]

use std::net::IpAddr;
use std::num::{NonZeroU8, NonZeroUsize};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tandem_engine::fuzzing::{Datagram, End, Pair, worker};
use tandem_engine::gateway::{Gateway, GatewayEvent, Handover, Lease, RequestKind, Worker};
use tandem_engine::link::{Arrival, LinkId};

const COUNT: u8 = 3;
const WEB: [u8; 4] = [192, 0, 2, 9];
/// The address of a peer that only others speak of.
const OTHER_PEER: [u8; 4] = [10, 77, 0, 3];
const GATEWAY: LinkId = LinkId(1000);

/// A client, and the workers of a gateway that is always given things in the wrong place.
struct World {
    /// Only its client takes part.
    pair: Pair,
    workers: Vec<Gateway>,
    /// The worker that gets the next datagram.
    turn: usize,
    events: Vec<(usize, GatewayEvent)>,
    /// Datagrams that a worker passed on.
    passed_on: usize,
    /// To whom packets were passed on.
    packets_to: Vec<usize>,
    /// Whether datagrams come where they belong, as the kernel sees to, and not to each worker in turn.
    steered: bool,
}

impl World {
    fn new(steered: bool) -> Self {
        let all = Worker::all(NonZeroU8::new(COUNT).unwrap());
        Self {
            pair: Pair::new(Instant::now(), 1).unwrap(),
            workers: all.map(|one| worker(one).unwrap()).collect(),
            turn: 0,
            events: Vec::new(),
            passed_on: 0,
            packets_to: Vec::new(),
            steered,
        }
    }

    /// With a client that has its tunnel.
    fn connected(steered: bool) -> Self {
        let mut world = Self::new(steered);
        world.pair.link_up(0);
        world.pair.client.connect(world.pair.now);
        assert!((0..200).any(|_| {
            world.step();
            world.pair.client.is_up()
        }));
        (0..50).for_each(|_| world.step());
        world
    }

    /// A millisecond of a perfect network.
    fn step(&mut self) {
        for _ in 0..10 {
            self.pair.collect_from(End::Client);
            while let Some(datagram) = self.pair.to_gateway.pop_front() {
                self.deliver(&datagram);
            }
            for index in 0..self.workers.len() {
                self.collect_from(index);
            }
            while let Some(datagram) = self.pair.to_client.pop_front() {
                self.pair.deliver(End::Client, &datagram);
            }
        }
        self.pair.now += Duration::from_millis(1);
        self.pair.client.handle_timeout(self.pair.now);
        let now = self.pair.now;
        self.workers.iter_mut().for_each(|worker| worker.handle_timeout(now));
    }

    fn deliver(&mut self, datagram: &Datagram) {
        let to = if self.steered { owner(&datagram.data) } else { self.turn % self.workers.len() };
        self.turn += 1;
        let arrival = Arrival {
            link: GATEWAY,
            remote: self.pair.remotes[datagram.link],
            local: Some([203, 0, 113, 1].into()),
            ecn: datagram.ecn,
        };
        self.workers[to].handle_udp(self.pair.now, &arrival, BytesMut::from(&*datagram.data));
        self.hand_over();
    }

    fn collect_from(&mut self, index: usize) {
        let mut buf = Vec::new();
        let worker = &mut self.workers[index];
        while let Some(transmit) = worker.poll_transmit(self.pair.now, NonZeroUsize::MIN, &mut buf) {
            let data = buf[..transmit.size].to_vec().into();
            self.pair.to_client.push_back(Datagram { link: 0, data, ecn: transmit.ecn });
            buf.clear();
        }
        while let Some(event) = worker.poll_event() {
            if let GatewayEvent::Request { id, kind: RequestKind::Tunnel, .. } = &event {
                worker.grant(self.pair.now, *id, lease());
            }
            self.events.push((index, event));
        }
        self.hand_over();
    }

    fn hand_over(&mut self) {
        for from in 0..self.workers.len() {
            while let Some((to, handover)) = self.workers[from].poll_handover() {
                self.passed_on += usize::from(matches!(handover, Handover::Datagram(..)));
                let to = usize::from(to);
                assert_ne!(to, from);
                self.packets_to.extend(matches!(handover, Handover::Packet(_)).then_some(to));
                self.workers[to].take_over(self.pair.now, from as u8, handover);
            }
        }
    }

    /// The worker that has the client's tunnel.
    fn home(&self) -> usize {
        let up = |(worker, event): &(usize, GatewayEvent)| {
            matches!(event, GatewayEvent::PeerUp { .. }).then_some(*worker)
        };
        self.events.iter().rev().find_map(up).unwrap()
    }

    fn elsewhere(&self) -> usize {
        (self.home() + 1) % self.workers.len()
    }

    fn tunnels(&mut self) -> Vec<usize> {
        let now = self.pair.now;
        self.workers.iter_mut().map(|worker| worker.peers(now).len()).collect()
    }

    /// What the client got.
    fn received(&mut self) -> Vec<Vec<u8>> {
        (0..5).for_each(|_| self.step());
        std::iter::from_fn(|| self.pair.client.poll_packet()).map(|packet| packet.to_vec()).collect()
    }
}

fn owner(data: &[u8]) -> usize {
    let first = if data[0] & 0x80 == 0 { data[1] } else { data[6] };
    usize::from(first % COUNT)
}

fn lease() -> Lease {
    Lease { name: Arc::from("laptop"), addresses: vec![Pair::CLIENT, Pair::CLIENT_V6] }
}

/// What another worker says of a peer of its own.
fn claim(name: &str, addresses: Vec<IpAddr>, since: Instant) -> Handover {
    Handover::Claimed(Lease { name: Arc::from(name), addresses }, since)
}

/// A UDP packet over IPv4.
fn packet(from: [u8; 4], to: [u8; 4]) -> BytesMut {
    let mut packet = BytesMut::zeroed(100);
    packet[..4].copy_from_slice(&[0x45, 0, 0, 100]);
    packet[8..10].copy_from_slice(&[64, 17]);
    packet[12..16].copy_from_slice(&from);
    packet[16..20].copy_from_slice(&to);
    packet
}

fn client() -> [u8; 4] {
    let IpAddr::V4(address) = Pair::CLIENT else { unreachable!("it is one of IPv4") };
    address.octets()
}

#[test]
fn a_tunnel_stands_whichever_worker_its_datagrams_come_to() {
    let mut world = World::connected(false);
    assert!(world.passed_on > 0);
    assert_eq!(world.tunnels().iter().sum::<usize>(), 1);
    world.pair.client.handle_packet(world.pair.now, packet(client(), WEB));
    (0..5).for_each(|_| world.step());
    let home = world.home();
    assert!(world.workers[home].poll_packet().is_some());
}

#[test]
fn where_the_kernel_steers_nothing_has_to_be_passed_on() {
    for _ in 0..5 {
        let world = World::connected(true);
        assert_eq!(world.passed_on, 0);
    }
}

#[test]
fn a_packet_for_another_workers_peer_is_passed_on() {
    let mut world = World::connected(true);
    let (now, elsewhere) = (world.pair.now, world.elsewhere());
    world.workers[elsewhere].handle_packet(now, packet(WEB, client()));
    world.hand_over();
    assert_eq!(world.received(), [packet(WEB, client()).to_vec()]);
}

#[test]
fn a_packet_for_nobody_is_answered_where_it_comes() {
    let mut world = World::connected(true);
    let (now, elsewhere) = (world.pair.now, world.elsewhere());
    world.workers[elsewhere].handle_packet(now, packet(WEB, OTHER_PEER));
    assert!(world.workers[elsewhere].poll_handover().is_none());
    assert!(world.workers[elsewhere].poll_packet().is_some());
}

#[test]
fn what_a_peer_no_longer_holds_is_not_passed_on() {
    let mut world = World::connected(true);
    let (now, elsewhere, home) = (world.pair.now, world.elsewhere(), world.home());
    world.workers[home].remove_peer(now, "laptop");
    world.hand_over();
    world.workers[elsewhere].handle_packet(now, packet(WEB, client()));
    assert!(world.workers[elsewhere].poll_handover().is_none());
}

#[test]
fn a_peer_that_comes_back_at_another_worker_ends_its_older_tunnel() {
    let mut world = World::connected(true);
    let (now, home, elsewhere) = (world.pair.now, world.home(), world.elsewhere());
    let again = claim("laptop", lease().addresses, now);
    world.workers[home].take_over(now, elsewhere as u8, again);
    assert_eq!(world.tunnels(), [0; COUNT as usize]);
    // From now on the other one has its packets.
    world.workers[home].handle_packet(now, packet(WEB, client()));
    world.hand_over();
    assert_eq!(world.packets_to, [elsewhere]);
}

#[test]
fn an_older_claim_that_is_heard_of_late_ends_nothing() {
    let mut world = World::connected(true);
    let (now, home, elsewhere) = (world.pair.now, world.home(), world.elsewhere());
    let before = claim("laptop", lease().addresses, now - Duration::from_secs(1));
    world.workers[home].take_over(now, elsewhere as u8, before);
    assert_eq!(world.tunnels().iter().sum::<usize>(), 1);
    world.workers[home].handle_packet(now, packet(WEB, client()));
    assert_eq!(world.received().len(), 1);
}

#[test]
fn peers_of_different_workers_are_kept_apart_unless_they_may_meet() {
    let mut world = World::connected(true);
    let (now, home, elsewhere) = (world.pair.now, world.home(), world.elsewhere());
    let other = claim("phone", vec![OTHER_PEER.into()], now);
    world.workers[home].take_over(now, elsewhere as u8, other);
    world.pair.client.handle_packet(now, packet(client(), OTHER_PEER));
    let received = world.received();
    // ICMP: destination unreachable, administratively prohibited.
    assert_eq!((received.len(), &received[0][20..22]), (1, &[3_u8, 13][..]));
    assert!(world.workers[home].poll_packet().is_none());

    world.workers[home].set_peer_to_peer(true);
    world.pair.client.handle_packet(world.pair.now, packet(client(), OTHER_PEER));
    assert!(world.received().is_empty());
    assert_eq!(world.packets_to, [elsewhere]);
}
