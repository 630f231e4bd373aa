//! A laptop with links, a gateway, and a server behind it, in virtual time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tandem_engine::client::{Client, ClientEvent};
use tandem_engine::gateway::{Gateway, Lease};
use tandem_engine::identity::Pin;
use tandem_engine::link::Link;
use tandem_engine::path::PathState;
use tandem_engine::{Congestion, TransportOptions};

mod carry;
mod ends;
mod hosts;
mod ledger;
mod network;
mod timeline;

pub use self::ends::{client_inner, gateway_address, server_inner};
use self::hosts::Hosts;
pub use self::hosts::{EndpointId, Got, Side};
use self::ledger::Ledger;
use self::network::Network;
pub use self::network::{Pipe, SimLink, UDP_OVERHEAD};
use self::timeline::Timeline;
use crate::host::Endpoint;
use crate::link::Shape;
use crate::profile::{Event, Profile, Way};
use crate::trace::Trace;

/// How inner packets get from host to host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Route {
    /// Through tandem.
    #[default]
    Tunnel,
    /// Over one link, by its number, as if there were no tandem.
    Direct {
        /// The link.
        link: usize,
        /// Bytes that each packet takes on the wire beyond its own, to compare with a tunnel on equal terms.
        overhead: usize,
    },
}

/// What of a world can be chosen besides its links.
#[derive(Debug, Clone, Copy)]
pub struct WorldOptions {
    /// Decides everything that chance decides.
    pub seed: u64,
    /// How inner packets travel.
    pub route: Route,
    /// The engines' congestion controller.
    pub congestion: Congestion,
    /// The key that the client takes for the gateway's, if it is not.
    pub wrong_pin: Option<Pin>,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self { seed: 1, route: Route::default(), congestion: Congestion::default(), wrong_pin: None }
    }
}

/// Steps at one instant after which time is taken to stand still.
const MAX_SPINS: u32 = 1000;
/// Datagrams that may leave at once.
const MAX_SEGMENTS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// A world.
pub struct World {
    start: Instant,
    now: Instant,
    options: WorldOptions,
    /// Ports of hosts whose packets travel beside the tunnel, and over which link.
    beside: HashMap<u16, usize>,
    profile: Profile,
    /// The laptop's engine.
    pub client: Client,
    /// Whether the laptop is suspended, and for how long it was before: its clock stood still meanwhile.
    is_asleep: bool,
    slept: Duration,
    /// The gateway's engine.
    pub gateway: Gateway,
    incarnation: u8,
    network: Network,
    hosts: Hosts,
    timeline: Timeline,
    ledger: Ledger,
    trace: Trace,
    spins: u32,
    buf: Vec<u8>,
    client_touched: bool,
    gateway_touched: bool,
    /// What arrived at the laptop for no endpoint.
    pub laptop_got: Vec<Got>,
    /// What arrived at the server for no endpoint.
    pub server_got: Vec<Got>,
    /// What the client told.
    pub client_events: Vec<ClientEvent>,
    /// What the gateway told, as text.
    pub gateway_log: Vec<String>,
    /// Keys that get a lease.
    pub welcome: Vec<(Pin, Lease)>,
    /// Inner packets that were delivered and not sent, or twice: none, if all is well.
    pub violations: Vec<String>,
    /// Inner packets delivered.
    pub delivered: u64,
}

impl World {
    /// A world with all links present and nothing begun.
    pub fn new(profile: &Profile, options: WorldOptions) -> Self {
        let now = Instant::now();
        let transport = transport(options);
        let gateway_pin = ends::identity(options.seed, 2).pin();
        let mut client = ends::client(options.seed, transport, options.wrong_pin.unwrap_or(gateway_pin));
        client.set_remotes(now, vec![gateway_address()]);
        Self {
            start: now,
            now,
            options,
            beside: HashMap::new(),
            profile: profile.clone(),
            client,
            is_asleep: false,
            slept: Duration::ZERO,
            gateway: ends::gateway(options.seed, transport, 0),
            incarnation: 0,
            network: Network::new(profile, options.seed, now),
            hosts: Hosts::default(),
            timeline: Timeline::default(),
            ledger: Ledger::default(),
            trace: Trace::new(),
            spins: 0,
            buf: Vec::new(),
            client_touched: true,
            gateway_touched: true,
            laptop_got: Vec::new(),
            server_got: Vec::new(),
            client_events: Vec::new(),
            gateway_log: Vec::new(),
            welcome: vec![(ends::identity(options.seed, 1).pin(), ends::lease())],
            violations: Vec::new(),
            delivered: 0,
        }
    }

    /// A world whose tunnel is up, with a path over each link that passes packets. A direct one is ready at once.
    ///
    /// # Panics
    /// If that takes more than 10 s.
    pub fn connected(profile: &Profile, options: WorldOptions) -> Self {
        let mut world = Self::new(profile, options);
        if options.route == Route::Tunnel {
            world.connect();
        }
        world
    }

    /// Brings all links up and connects, until each link that passes packets has a path.
    ///
    /// # Panics
    /// If that takes more than 10 s.
    pub fn connect(&mut self) {
        self.start_connecting();
        let wanted = self.network.links.iter().filter(|link| link.passes()).count();
        self.run_until(Duration::from_secs(10), |world| world.client.is_up() && world.paths_up() >= wanted);
    }

    /// Brings all links up and begins to connect.
    pub fn start_connecting(&mut self) {
        for index in 0..self.network.links.len() {
            self.link_up(index);
        }
        self.client.connect(self.client_now());
        self.client_touched = true;
    }

    /// The present.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How long the world has existed.
    pub fn age(&self) -> Duration {
        self.now - self.start
    }

    /// How inner packets travel.
    pub fn route(&self) -> Route {
        self.options.route
    }

    /// The links.
    pub fn links(&self) -> &[SimLink] {
        &self.network.links
    }

    /// A link, to change it.
    pub fn link_mut(&mut self, index: usize) -> &mut SimLink {
        &mut self.network.links[index]
    }

    /// How many of the client's paths carry packets.
    pub fn paths_up(&mut self) -> usize {
        self.client.paths(self.client_now()).iter().filter(|path| path.state == PathState::Up).count()
    }

    /// The hash of everything that happened: same seed, same hash.
    pub fn trace(&self) -> u64 {
        self.trace.value()
    }

    /// Lets the profile's events begin.
    pub fn start_events(&mut self) {
        self.timeline.start(&self.profile, self.now);
    }

    /// Puts an endpoint on a host, at a port.
    pub fn attach(&mut self, side: Side, port: u16, endpoint: impl Endpoint + 'static) -> EndpointId {
        self.hosts.attach(side, port, Box::new(endpoint))
    }

    /// Lets what a port sends and gets travel over one link beside the tunnel: a neighbour's traffic.
    pub fn route_beside(&mut self, port: u16, link: usize) {
        self.beside.insert(port, link);
    }

    /// An endpoint, to read its results.
    ///
    /// # Panics
    /// If it is of another type.
    pub fn endpoint<T: 'static>(&self, id: EndpointId) -> &T {
        self.hosts.get(id).as_any().downcast_ref().expect("an endpoint is read as what it was attached as")
    }

    /// A packet of the laptop's, besides those of its endpoints.
    pub fn laptop_sends(&mut self, packet: BytesMut) {
        self.offer(Side::Laptop, packet);
    }

    /// A packet of the server's, besides those of its endpoints.
    pub fn server_sends(&mut self, packet: BytesMut) {
        self.offer(Side::Server, packet);
    }

    /// Tells the client of a link.
    pub fn link_up(&mut self, index: usize) {
        self.network.set_carrier(index, true);
        let link = &self.network.links[index];
        let link = Link {
            id: link.id,
            name: link.name.as_str().into(),
            tier: link.tier,
            metered: link.metered,
            ipv4: true,
            ipv6: false,
        };
        if self.options.route == Route::Tunnel {
            self.client.link_up(self.client_now(), link);
            self.client_touched = true;
        }
    }

    /// Pulls a link's cable.
    pub fn link_down(&mut self, index: usize) {
        self.network.set_carrier(index, false);
        if self.options.route == Route::Tunnel {
            let id = self.network.links[index].id;
            self.client.link_down(self.client_now(), id);
            self.client_touched = true;
        }
    }

    /// Changes what a link does in both directions.
    pub fn reshape(&mut self, index: usize, edit: impl Fn(&mut Shape)) {
        for way in [Way::Up, Way::Down] {
            self.network.links[index].pipe_mut(way).reshape(self.now, &edit);
        }
    }

    /// Lets a link swallow everything, or not.
    pub fn blackhole(&mut self, index: usize, on: bool) {
        self.reshape(index, |shape| shape.blackhole = on);
    }

    fn apply(&mut self, index: usize, event: &Event) {
        for way in [Way::Up, Way::Down] {
            self.network.links[index].pipe_mut(way).reshape(self.now, |shape| {
                event.both.apply(shape);
                event.direction(way).apply(shape);
            });
        }
        match event.carrier {
            Some(true) => self.link_up(index),
            Some(false) => self.link_down(index),
            None => {}
        }
        if event.rebind || event.readdress {
            self.network.links[index].rebind();
        }
        if event.readdress {
            let id = self.network.links[index].id;
            self.client.link_moved(self.client_now(), id);
            self.client_touched = true;
        }
    }

    /// A gateway process that knows nothing of the old one's connections, with the same key.
    pub fn restart_gateway(&mut self) {
        self.incarnation += 1;
        self.gateway = ends::gateway(self.options.seed, transport(self.options), self.incarnation);
        self.gateway_touched = true;
    }

    /// Suspends the laptop for a time: what comes to it is lost, and by its clock no time passes (`CLOCK_MONOTONIC`).
    pub fn suspend(&mut self, time: Duration) {
        self.settle();
        self.is_asleep = true;
        self.run_for(time);
        self.is_asleep = false;
        self.slept += time;
    }

    /// The laptop's time.
    fn client_now(&self) -> Instant {
        self.now - self.slept
    }

    /// When the laptop's engine wants to be looked at, by the world's time.
    fn client_deadline(&self) -> Option<Instant> {
        self.client.poll_timeout().filter(|_| !self.is_asleep).map(|deadline| deadline + self.slept)
    }

    /// Runs for a time.
    pub fn run_for(&mut self, time: Duration) {
        self.touch();
        let end = self.now + time;
        while self.now < end {
            self.step(end);
        }
    }

    /// Takes it that the engines were called from outside.
    fn touch(&mut self) {
        (self.client_touched, self.gateway_touched) = (true, true);
    }

    /// Runs until `done` holds; how long it took.
    ///
    /// # Panics
    /// If it does not hold after `limit`.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> bool) -> Duration {
        self.touch();
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

    /// What can be told of the tunnel, for messages.
    pub fn story(&mut self) -> String {
        format!(
            "events {:?}, gateway {:?}, paths {:?}, idle {:?}",
            self.client_events,
            self.gateway_log,
            self.client.paths(self.client_now()),
            self.client.idle_links()
        )
    }

    /// Settles, then jumps to the next thing that happens, at most to `end`.
    ///
    /// # Panics
    /// If an engine's deadline does not move although it is served.
    pub fn step(&mut self, end: Instant) {
        self.settle();
        let deadlines = [
            self.network.deadline(),
            self.client_deadline(),
            self.gateway.poll_timeout(),
            self.hosts.deadline(),
            self.timeline.deadline(),
            Some(end),
        ];
        let next = deadlines.into_iter().flatten().min().unwrap_or(end);
        self.spins = if next <= self.now { self.spins + 1 } else { 0 };
        assert!(
            self.spins < MAX_SPINS,
            "time stands still at {:?}: network, client, gateway, hosts, timeline, end: {:?}",
            self.age(),
            deadlines.map(|deadline| deadline.map(|at| at.saturating_duration_since(self.now)))
        );
        self.now = next.max(self.now + Duration::from_nanos(1)).min(end.max(self.now));
        while let Some((link, event)) = self.timeline.pop(self.now) {
            self.apply(link, &event);
        }
        self.arrive();
        self.time_out();
    }

    fn time_out(&mut self) {
        let now = self.now;
        if self.client_deadline().is_some_and(|deadline| deadline <= now) {
            self.client.handle_timeout(self.client_now());
            self.client_touched = true;
        }
        if self.gateway.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.gateway.handle_timeout(now);
            self.gateway_touched = true;
        }
        self.hosts.handle_timeout(now);
    }

    /// The source that packets of a host have.
    pub fn address(side: Side) -> IpAddr {
        match side {
            Side::Laptop => client_inner(),
            Side::Server => server_inner(),
        }
    }
}

fn transport(options: WorldOptions) -> TransportOptions {
    TransportOptions { congestion: options.congestion, ..TransportOptions::default() }
}
