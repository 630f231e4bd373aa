//! A client: links that come and go, one gateway, at most one tunnel.
//!
//! ```text
//! idle ──connect──▶ racing ──first answer──▶ asking ──granted──▶ up
//!   ▲                 │  ▲                     │ refused          │ lost
//!   └──disconnect─────┘  └────after a pause────┴──────────────────┘
//! ```
//!
//! The first handshake races over all links and all addresses of the gateway, so that a dead first link costs
//! nothing. The winner's connection becomes the tunnel, and gets a path over every other link.

#[cfg(feature = "fuzzing")]
mod doors;
mod events;
mod links;
mod race;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

pub use self::events::{ClientEvent, Refusal};
use self::links::LinkEntry;
pub use self::links::LinkReport;
use self::race::Race;
use crate::class::{FlowReport, Rule};
use crate::duplication::Duplication;
use crate::error::{CloseReason, code};
use crate::h3::Headers;
use crate::identity::{Identity, Pin};
use crate::ip::icmp::Limiter;
use crate::ip::{self, FlowSeed};
use crate::link::{Arrival, LinkId, Transmit};
use crate::masque::connect_ip::{Address, Prefix};
use crate::path::PathReport;
use crate::quic::config::{self, SetupError};
use crate::quic::{Endpoint, Handled, QuicClientConfig, TransportOptions};
use crate::tunnel::{Tunnel, TunnelCounters, TunnelEvent};

/// Settings of a client.
#[derive(Debug)]
pub struct ClientConfig {
    /// Its key.
    pub identity: Identity,
    /// The gateway's key.
    pub gateway: Pin,
    /// How the gateway is named in requests (`:authority`).
    pub authority: String,
    /// Inner MTU, at least [`MIN_MTU`](crate::tunnel::MIN_MTU).
    pub mtu: u16,
    /// Transport settings.
    pub transport: TransportOptions,
    /// 16 random bytes, which keep others from choosing packets that share a queue, and from guessing QUIC's challenges.
    /// Never the same twice.
    pub seed: [u8; 16],
}

/// What a client wants of the gateway.
#[derive(Debug, Clone)]
enum Purpose {
    Tunnel,
    /// One request, and its answer.
    Request {
        headers: Headers,
        body: Bytes,
    },
}

#[derive(Debug)]
enum State {
    Idle,
    Racing(Race),
    /// Connected; the request is under way.
    Asking {
        handle: usize,
        stream: Option<u64>,
        answer: Option<Answer>,
    },
    /// IP packets flow.
    Up {
        handle: usize,
    },
    /// Waiting before the next try.
    Paused {
        until: Instant,
    },
}

#[derive(Debug)]
struct Answer {
    status: u16,
    granted: bool,
    body: Vec<u8>,
}

/// First and longest pause between attempts.
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// An answer to a request has to come within this time.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest body of an answer that is kept.
const MAX_BODY: usize = 16 * 1024;

/// A client, driven from outside: give it datagrams, packets, link changes and the time; collect what it has.
///
/// After each input call [`poll_transmit`](Self::poll_transmit) until it has nothing more, then
/// [`poll_packet`](Self::poll_packet) and [`poll_event`](Self::poll_event), and call
/// [`handle_timeout`](Self::handle_timeout) at the time that [`poll_timeout`](Self::poll_timeout) says.
pub struct Client {
    endpoint: Endpoint,
    quic: QuicClientConfig,
    authority: String,
    mtu: u16,
    seed: FlowSeed,
    rules: Arc<[Rule]>,
    duplication: Duplication,
    purpose: Purpose,
    remotes: Vec<SocketAddr>,
    links: Vec<LinkEntry>,
    conns: BTreeMap<usize, Tunnel>,
    state: State,
    asked_at: Option<Instant>,
    pause: Duration,
    /// Addresses that the gateway assigned.
    addresses: Vec<Prefix>,
    /// ICMP answers to the host, and how many of them are well-mannered.
    outbound_icmp: VecDeque<Bytes>,
    limiter: Limiter,
    events: VecDeque<ClientEvent>,
}

impl Client {
    /// A client that does nothing until it has a link, an address of the gateway, and is told to connect.
    pub fn new(config: ClientConfig) -> Result<Self, SetupError> {
        let built = Arc::new(AtomicU64::new(0));
        let quic =
            config::client(&config.identity, config.gateway, config.transport, &config.seed, built.clone())?;
        Ok(Self {
            endpoint: Endpoint::new(&config.identity, &config.seed, None, built),
            quic,
            authority: config.authority,
            mtu: config.mtu,
            seed: FlowSeed::new(&config.seed),
            rules: Arc::default(),
            duplication: Duplication::default(),
            purpose: Purpose::Tunnel,
            remotes: Vec::new(),
            links: Vec::new(),
            conns: BTreeMap::new(),
            state: State::Idle,
            asked_at: None,
            pause: PAUSE_FIRST,
            addresses: Vec::new(),
            outbound_icmp: VecDeque::new(),
            limiter: Limiter::default(),
            events: VecDeque::new(),
        })
    }

    /// The gateway's addresses, best first. They may change at any time.
    pub fn set_remotes(&mut self, now: Instant, remotes: Vec<SocketAddr>) {
        if self.remotes == remotes {
            return;
        }
        self.remotes = remotes;
        if let State::Racing(_) = self.state {
            self.extend_race(now);
        }
    }

    /// The rules by which flows get their class, first match first: for flows that are there, and tunnels to come.
    pub fn set_rules(&mut self, rules: Arc<[Rule]>) {
        self.conns.values_mut().for_each(|tunnel| tunnel.set_rules(rules.clone()));
        self.rules = rules;
    }

    /// Which packets are sent twice, in both directions: from now on, and in tunnels to come.
    pub fn set_duplication(&mut self, duplication: Duplication) {
        self.conns.values_mut().for_each(|tunnel| tunnel.set_duplication(duplication));
        self.duplication = duplication;
    }

    /// Connects, and connects again whenever the tunnel is lost, until [`disconnect`](Self::disconnect).
    pub fn connect(&mut self, now: Instant) {
        if matches!(self.state, State::Idle | State::Paused { .. }) {
            self.pause = PAUSE_FIRST;
            self.start_race(now);
        }
    }

    /// Connects, makes one POST request to `path` with `bearer` and `body`, and reports the answer as
    /// [`ClientEvent::Answered`].
    pub fn post(&mut self, now: Instant, path: &str, bearer: &str, body: Bytes) {
        let headers = Headers::request("POST", "https", self.authority.clone(), path.to_owned())
            .with("authorization", format!("Bearer {bearer}"))
            .with("content-type", "application/json")
            .with("content-length", body.len().to_string());
        self.purpose = Purpose::Request { headers, body };
        self.connect(now);
    }

    /// Ends the tunnel, and tries no more.
    pub fn disconnect(&mut self, now: Instant) {
        for tunnel in self.conns.values_mut() {
            tunnel.close(now, code::NO_ERROR, "the client leaves");
        }
        self.state = State::Idle;
        self.addresses.clear();
    }

    /// Whether every connection has said goodbye, so that the process can end.
    pub fn is_drained(&self) -> bool {
        self.conns.is_empty()
    }

    /// Takes in a UDP datagram.
    pub fn handle_udp(&mut self, now: Instant, arrival: &Arrival, data: BytesMut) {
        let conns = &mut self.conns;
        let handled = self
            .endpoint
            .handle(now, arrival, data, |handle| conns.get_mut(&handle).map(|tunnel| &mut tunnel.conn));
        // A client takes no new connections: it has no server configuration.
        if let Handled::Conn(handle) = handled
            && let Some(tunnel) = self.conns.get_mut(&handle)
        {
            tunnel.arrived(arrival);
        }
    }

    /// Takes in an IP packet from the host, for the gateway.
    pub fn handle_packet(&mut self, now: Instant, packet: BytesMut) {
        let State::Up { handle } = self.state else { return };
        let Some(tunnel) = self.conns.get_mut(&handle) else { return };
        let Ok(header) = ip::Header::parse(&packet) else { return };
        let mtu = tunnel.mtu(self.mtu);
        if packet.len() > usize::from(mtu) {
            let from = self.addresses.iter().map(|prefix| prefix.address());
            let from = from.into_iter().find(|from| from.is_ipv4() == header.src.is_ipv4());
            match from.and_then(|from| ip::icmp::packet_too_big(&packet, mtu, from)) {
                Some(answer) if self.limiter.allow(now) => self.outbound_icmp.push_back(answer.freeze()),
                Some(_) => {}
                None => tunnel.handle_oversized(now, &header, &packet, mtu),
            }
            return;
        }
        tunnel.handle_packet(now, &header, packet);
    }

    /// Lets timers act.
    pub fn handle_timeout(&mut self, now: Instant) {
        for tunnel in self.conns.values_mut() {
            if tunnel.poll_timeout().is_some_and(|deadline| deadline <= now) {
                tunnel.handle_timeout(now);
            }
        }
        self.check_race(now);
    }

    /// The next UDP datagrams to send: their bytes are in `buf`, at most `max_segments` of them.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: NonZeroUsize,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit> {
        self.turn(now);
        for tunnel in self.conns.values_mut() {
            if let Some(transmit) = tunnel.poll_transmit(now, max_segments, &mut self.endpoint, buf) {
                return Some(transmit);
            }
        }
        self.endpoint.poll_response(buf)
    }

    /// The next IP packet for the host.
    pub fn poll_packet(&mut self) -> Option<Bytes> {
        if let Some(answer) = self.outbound_icmp.pop_front() {
            return Some(answer);
        }
        let State::Up { handle } = self.state else { return None };
        let tunnel = self.conns.get_mut(&handle)?;
        loop {
            let packet = tunnel.inbound.pop_front()?;
            // Nothing but what is addressed to us may enter the host this way.
            if ip::Header::parse(&packet)
                .is_ok_and(|header| self.addresses.iter().any(|prefix| prefix.contains(header.dst)))
            {
                return Some(packet);
            }
            tunnel.counters.dropped += 1;
        }
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let conns = self.conns.values().filter_map(Tunnel::poll_timeout).min();
        let own = match &self.state {
            State::Idle => None,
            State::Racing(race) => race.deadline(),
            State::Asking { .. } => self.asked_at.map(|at| at + ASK_TIMEOUT),
            State::Up { .. } => self.next_link_retry(),
            State::Paused { until } => Some(*until),
        };
        [conns, own].into_iter().flatten().min()
    }

    /// The tunnel's paths.
    pub fn paths(&mut self, now: Instant) -> Vec<PathReport> {
        self.current_mut().map(|tunnel| tunnel.report(now)).unwrap_or_default()
    }

    /// The flows of the last minute, in no order.
    pub fn flows(&self, now: Instant) -> Vec<FlowReport> {
        self.current().map(|tunnel| tunnel.flows(now)).unwrap_or_default()
    }

    /// The tunnel's counters.
    pub fn counters(&self) -> TunnelCounters {
        self.current().map(|tunnel| tunnel.counters).unwrap_or_default()
    }

    /// Whether IP packets flow, and over which remote addresses.
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    fn current(&self) -> Option<&Tunnel> {
        match self.state {
            State::Asking { handle, .. } | State::Up { handle } => self.conns.get(&handle),
            State::Idle | State::Racing(_) | State::Paused { .. } => None,
        }
    }

    fn current_mut(&mut self) -> Option<&mut Tunnel> {
        match self.state {
            State::Asking { handle, .. } | State::Up { handle } => self.conns.get_mut(&handle),
            State::Idle | State::Racing(_) | State::Paused { .. } => None,
        }
    }

    /// Takes note of everything that happened.
    fn turn(&mut self, now: Instant) {
        let is_retry_due = self.next_link_retry().is_some_and(|at| at <= now);
        let mut cursor = self.conns.iter().find(|(_, tunnel)| tunnel.is_dirty()).map(|(handle, _)| *handle);
        if cursor.is_none() && !is_retry_due {
            return;
        }
        while let Some(handle) = cursor {
            cursor = self.conns.range(handle + 1..).next().map(|(next, _)| *next);
            let Some(tunnel) = self.conns.get_mut(&handle) else { continue };
            let gone = tunnel.turn(now, &mut self.endpoint);
            while let Some(event) = self.conns.get_mut(&handle).and_then(|tunnel| tunnel.events.pop_front()) {
                self.handle_tunnel_event(now, handle, event);
            }
            if gone {
                self.conns.remove(&handle);
            }
        }
        self.maintain_links(now);
    }

    fn handle_tunnel_event(&mut self, now: Instant, handle: usize, event: TunnelEvent) {
        match event {
            TunnelEvent::Connected => self.attempt_won(now, handle),
            TunnelEvent::Settings(settings) => self.ask(now, handle, settings.extended_connect),
            TunnelEvent::Closed(reason) => self.conn_closed(now, handle, reason),
            TunnelEvent::Response { stream, headers } => self.answered(now, handle, stream, &headers),
            TunnelEvent::Body { stream, data } => self.keep_body(handle, stream, &data),
            TunnelEvent::Finished { stream } | TunnelEvent::Reset { stream } => {
                self.answer_complete(now, handle, stream);
            }
            TunnelEvent::Capsule(capsule) => self.handle_capsule(handle, capsule),
            TunnelEvent::PathsChanged => self.events.push_back(ClientEvent::PathsChanged),
            // A gateway makes no requests; the session has refused it already.
            TunnelEvent::Request { .. } => {}
        }
    }

    fn is_current(&self, handle: usize) -> bool {
        matches!(self.state, State::Asking { handle: current, .. } | State::Up { handle: current } if current == handle)
    }

    fn assigned(&mut self, addresses: &[Address]) {
        self.addresses =
            addresses.iter().filter(|address| !address.is_refusal()).map(|address| address.prefix).collect();
        let addresses: Vec<(IpAddr, u8)> =
            self.addresses.iter().map(|prefix| (prefix.address(), prefix.length())).collect();
        self.events.push_back(ClientEvent::Up { addresses });
    }

    /// The connection is lost or useless: says why, and tries again after a pause.
    fn fail(&mut self, now: Instant, event: ClientEvent, immediately: bool) {
        self.addresses.clear();
        self.events.push_back(event);
        if immediately {
            self.start_race(now);
            return;
        }
        self.state = State::Paused { until: now + self.pause };
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }

    fn conn_closed(&mut self, now: Instant, handle: usize, reason: CloseReason) {
        if self.is_current(handle) {
            let immediately = reason == CloseReason::Reset && self.is_up();
            self.fail(now, ClientEvent::Down { reason }, immediately);
        } else {
            self.attempt_lost(now, handle, reason);
        }
    }

    /// Where the link of a path is named, for reports.
    pub fn link_name(&self, id: LinkId) -> Option<Arc<str>> {
        self.links.iter().find(|entry| entry.link.id == id).map(|entry| entry.link.name.clone())
    }
}
