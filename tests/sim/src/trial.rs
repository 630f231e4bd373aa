//! A trial: traffic in both directions through a world, while the profile's events happen, and what must hold.

use std::net::{IpAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use tandem_engine::tunnel::DEFAULT_MTU;

mod call;
mod quic;

pub use self::call::{CALL_INTERVAL, CALL_LEN, call, call_gap, delays, lost};
pub use self::quic::{QuicFlow, QuicOutcome, add_quic, quic};
use crate::host::tcp::{Algorithm, Open, TcpConfig, TcpReceiver, TcpSender};
use crate::host::udp::{Sink, Source};
use crate::profile::{Profile, Way};
use crate::world::{EndpointId, Route, Side, World, WorldOptions};

/// Bytes that a tunnel adds to each inner packet of full size, at least: IPv4 (20) and UDP (8); QUIC's short header
/// with connection id (8) and packet number (1; 2 where more than about 100 packets are in flight), tag (16); type and
/// length of the datagram frame (3); quarter stream id, context and place in the lane (6).
///
/// The best single link, to which tandem is compared, is charged as much per packet: what a tunnel costs is known
/// beforehand and no fault of multipath. What else the engine sends counts against it: acknowledgements, probes,
/// packets sent again, and pieces where a packet had to be split.
pub const ENCAPSULATION: usize = 63;
/// Bytes of a full inner packet.
pub const FULL: usize = 1400;

/// A flow of datagrams in one direction.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// Who sends.
    pub from: Side,
    /// Bytes per packet, headers included.
    pub len: usize,
    /// Its endpoints.
    pub source: EndpointId,
    /// See [`source`](Self::source).
    pub sink: EndpointId,
}

/// Adds a flow of `mbit` Mbit/s in packets of `len` bytes, from now on, for `time`.
pub fn flow(world: &mut World, from: Side, len: usize, mbit: f64, time: Duration, port: u16) -> Flow {
    let to = from.other();
    let ends = (world.now(), world.now() + time);
    let addresses = ((World::address(from), port), (World::address(to), port));
    let source = Source::new(addresses.0, addresses.1, len, Source::interval(len, mbit), ends);
    let source = world.attach(from, port, source);
    let sink = world.attach(to, port, Sink::default());
    Flow { from, len, source, sink }
}

/// Mbit/s that a flood of full packets gets through in one direction, after a time to warm up.
pub fn flood(profile: &Profile, options: WorldOptions, from: Side, mbit: f64) -> f64 {
    let (warm, time) = (Duration::from_secs(3), Duration::from_secs(5));
    let mut world = World::connected(profile, options);
    let flow = flow(&mut world, from, FULL, mbit, warm + time, 7000);
    world.run_for(warm);
    let began = world.now();
    world.run_for(time);
    world.endpoint::<Sink>(flow.sink).mbit(FULL, began, began + time)
}

/// The best that any single link gives in one direction, at the same cost per packet as the tunnel's.
pub fn best_single(profile: &Profile, seed: u64, from: Side, mbit: f64) -> f64 {
    (0..profile.link.len())
        .map(|link| {
            let route = Route::Direct { link, overhead: ENCAPSULATION };
            flood(profile, WorldOptions { seed, route, ..WorldOptions::default() }, from, mbit)
        })
        .fold(0.0, f64::max)
}

/// Checks what always holds.
///
/// # Panics
/// If it does not.
pub fn check(world: &mut World) {
    assert!(world.violations.is_empty(), "{:?}", world.violations);
    if world.route() != Route::Tunnel {
        return;
    }
    let now = world.now();
    let paths = world.client.paths(now);
    let idle = world.client.idle_links();
    for link in world.links().iter().filter(|link| link.carrier) {
        let has_path = paths.iter().any(|path| path.link == link.id && !path.state.reason().is_empty());
        let has_reason = idle.iter().any(|idle| idle.link == link.id && !idle.reason.is_empty());
        assert!(has_path || has_reason, "link {} has neither a path nor a reason", link.name);
    }
    for path in &paths {
        assert!(path.queued < 4 << 20, "{} bytes are queued for a path", path.queued);
        assert!(path.in_flight < 64 << 20, "{} bytes are in flight on a path", path.in_flight);
    }
}

/// Runs for a time and checks every 50 ms what always holds.
pub fn run_checked(world: &mut World, time: Duration) {
    let end = world.now() + time;
    while world.now() < end {
        let rest = end - world.now();
        world.run_for(rest.min(Duration::from_millis(50)));
        check(world);
    }
}

/// What TCP connections in one direction got.
#[derive(Debug, Clone, Default)]
pub struct TcpOutcome {
    /// Mbit/s of payload over all connections, after the time to warm up.
    pub mbit: f64,
    /// Bytes of IP packets that the sending end put on all links beyond the payload that arrived, as a part of that,
    /// after the time to warm up: headers, second copies, retransmissions.
    pub extra: f64,
    /// Longest time in which no connection got anything, from the beginning of the profile's events.
    pub longest_pause: Duration,
    /// Segments sent again.
    pub retransmissions: u64,
    /// Of those, needless ones.
    pub spurious: u64,
    /// Retransmission timeouts.
    pub timeouts: u64,
    /// Packets that were not what had been sent.
    pub corrupt: u64,
}

/// A TCP connection in one direction.
#[derive(Debug, Clone, Copy)]
pub struct TcpFlow {
    /// Its endpoints: a [`TcpSender`].
    pub sender: EndpointId,
    /// And a [`TcpReceiver`].
    pub receiver: EndpointId,
}

/// First of the ports of TCP connections.
const TCP_PORT: u16 = 8000;
/// The same of a neighbour's.
const NEIGHBOUR_PORT: u16 = 9000;
/// How long TCP has to get going before its rate counts.
pub const WARM_UP: Duration = Duration::from_secs(2);

/// Adds endless TCP connections in one direction.
pub fn add_tcp(world: &mut World, from: Side, connections: u16, algorithm: Algorithm) -> Vec<TcpFlow> {
    (0..connections).map(|number| connect_tcp(world, from, TCP_PORT + number, algorithm)).collect()
}

/// Adds endless TCP connections of somebody else's in one direction, beside the tunnel over one of its links.
pub fn add_neighbours(world: &mut World, from: Side, connections: u16, link: usize) -> Vec<TcpFlow> {
    let connect = |number| {
        world.route_beside(NEIGHBOUR_PORT + number, link);
        connect_tcp(world, from, NEIGHBOUR_PORT + number, Algorithm::Cubic)
    };
    (0..connections).map(connect).collect()
}

fn connect_tcp(world: &mut World, from: Side, port: u16, algorithm: Algorithm) -> TcpFlow {
    let to = from.other();
    let (local, remote) = (socket(from, port), socket(to, port));
    // The laptop opens, as it does behind any NAT.
    let open = |side| if side == Side::Laptop { Open::Active } else { Open::Passive };
    let config = TcpConfig::new(local, remote, open(from), world.now());
    let sender =
        world.attach(from, port, TcpSender::new(TcpConfig { mtu: DEFAULT_MTU, algorithm, ..config }));
    let config = TcpConfig::new(remote, local, open(to), world.now());
    let receiver = world.attach(to, port, TcpReceiver::new(TcpConfig { mtu: DEFAULT_MTU, ..config }));
    TcpFlow { sender, receiver }
}

/// Mbit/s of payload of all these connections between two times.
pub fn tcp_mbit(world: &World, flows: &[TcpFlow], from: Instant, to: Instant) -> f64 {
    let got =
        |flow: &TcpFlow| world.endpoint::<TcpReceiver>(flow.receiver).stats().progress.goodput(from, to);
    flows.iter().map(got).sum::<f64>() / 1e6
}

/// Bytes of IP packets that were put on all links in the direction in which `from` sends.
pub fn wire_bytes(world: &World, from: Side) -> u64 {
    world.links().iter().map(|link| link.pipe(Way::of(from)).offered).sum()
}

/// Endless TCP connections with Cubic in one direction: [`tcp_with`].
///
/// # Panics
/// As that does.
pub fn tcp(profile: &Profile, options: WorldOptions, from: Side, connections: u16) -> TcpOutcome {
    tcp_with(profile, options, from, connections, Algorithm::Cubic)
}

/// Endless TCP connections in one direction through a world whose profile's events begin with them; checks
/// all the while what always holds.
///
/// # Panics
/// If that does not hold.
pub fn tcp_with(
    profile: &Profile,
    options: WorldOptions,
    from: Side,
    connections: u16,
    algorithm: Algorithm,
) -> TcpOutcome {
    let mut world = World::connected(profile, options);
    let flows = add_tcp(&mut world, from, connections, algorithm);
    let began = world.now();
    world.start_events();
    run_checked(&mut world, WARM_UP);
    let before = wire_bytes(&world, from);
    run_checked(&mut world, Duration::from_secs(profile.seconds).saturating_sub(WARM_UP));
    let mut outcome = sum_up(&world, &flows, began);
    let payload = outcome.mbit * 1e6 / 8.0 * (world.now() - began - WARM_UP).as_secs_f64();
    outcome.extra = (wire_bytes(&world, from) - before) as f64 / payload - 1.0;
    outcome
}

fn sum_up(world: &World, flows: &[TcpFlow], began: Instant) -> TcpOutcome {
    let mut outcome = TcpOutcome { longest_pause: Duration::MAX, ..TcpOutcome::default() };
    outcome.mbit = tcp_mbit(world, flows, began + WARM_UP, world.now());
    for flow in flows {
        let got = world.endpoint::<TcpReceiver>(flow.receiver).stats();
        outcome.corrupt += got.corrupt;
        let (pause, _) = got.progress.longest_pause(began + Duration::from_millis(500), world.now());
        outcome.longest_pause = outcome.longest_pause.min(pause);
        if let Some(sent) = world.endpoint::<TcpSender>(flow.sender).stats() {
            outcome.retransmissions += sent.retransmissions;
            outcome.spurious += sent.spurious;
            outcome.timeouts += sent.timeouts;
        }
    }
    outcome
}

fn socket(side: Side, port: u16) -> SocketAddrV4 {
    let IpAddr::V4(address) = World::address(side) else { unreachable!("both hosts have IPv4 addresses") };
    SocketAddrV4::new(address, port)
}

/// The best that connections in one direction get over any single link without tandem, at the tunnel's cost per
/// packet.
pub fn best_single_tcp(profile: &Profile, seed: u64, from: Side, connections: u16) -> f64 {
    (0..profile.link.len())
        .map(|link| {
            let route = Route::Direct { link, overhead: ENCAPSULATION };
            tcp(profile, WorldOptions { seed, route, ..WorldOptions::default() }, from, connections).mbit
        })
        .fold(0.0, f64::max)
}
