//! A gateway: many clients, each with a tunnel and a lease of inner addresses.
//!
//! Who may do what is not decided here. A request for a tunnel or for enrolment becomes a [`GatewayEvent`]
//! with the key or the bearer secret that the client showed, and the embedder answers it.

#[cfg(feature = "fuzzing")]
mod doors;
mod peers;
mod requests;
mod worker;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use self::peers::Peer;
pub use self::peers::{Lease, PeerReport};
pub use self::requests::{ENROL_PATH, GatewayEvent, RequestId, RequestKind};
use self::worker::Elsewhere;
pub(crate) use self::worker::WorkerIds;
pub use self::worker::{Handover, Worker};
use crate::class::Rule;
use crate::error::code;
use crate::h3;
use crate::identity::Identity;
use crate::ip::icmp::Limiter;
use crate::ip::{self, FlowSeed, icmp};
use crate::link::{Arrival, Transmit};
use crate::quic::config::{self, SetupError};
use crate::quic::{Conn, Endpoint, Handled, TransportOptions};
use crate::tunnel::Tunnel;

/// Settings of a gateway.
#[derive(Debug)]
pub struct GatewayConfig {
    /// Its key.
    pub identity: Identity,
    /// Its own addresses in the pools: where its ICMP messages come from.
    pub addresses: Vec<IpAddr>,
    /// Inner MTU, at least [`MIN_MTU`](crate::tunnel::MIN_MTU).
    pub mtu: u16,
    /// Whether peers may reach one another.
    pub peer_to_peer: bool,
    /// Transport settings.
    pub transport: TransportOptions,
    /// 16 random bytes, which keep others from choosing packets that share a queue, and from guessing QUIC's challenges.
    /// Never the same twice.
    pub seed: [u8; 16],
    /// Which one of how many it is: [`Worker::ALONE`], or several share sockets and inner addresses.
    pub worker: Worker,
}

/// A gateway, driven from outside as a [`Client`](crate::client::Client) is.
pub struct Gateway {
    endpoint: Endpoint,
    addresses: Vec<IpAddr>,
    mtu: u16,
    peer_to_peer: bool,
    seed: FlowSeed,
    rules: Arc<[Rule]>,
    peers: HashMap<usize, Peer>,
    /// Which connection holds an inner address.
    leases: HashMap<IpAddr, usize>,
    worker: Worker,
    elsewhere: Elsewhere,
    /// For other workers.
    handovers: VecDeque<(u8, Handover)>,
    /// Connections that may have something to send, in turn.
    ready: VecDeque<usize>,
    /// When which connection's timers are due.
    deadlines: BTreeSet<(Instant, usize)>,
    next_serial: u64,
    /// Packets for the host.
    inbound: VecDeque<Bytes>,
    /// How many ICMP answers are well-mannered.
    limiter: Limiter,
    events: VecDeque<GatewayEvent>,
}

impl Gateway {
    /// A gateway without peers.
    pub fn new(config: GatewayConfig) -> Result<Self, SetupError> {
        let built = Arc::new(AtomicU64::new(0));
        let server = config::server(&config.identity, config.transport, &config.seed, built.clone())?;
        Ok(Self {
            endpoint: Endpoint::new(&config.identity, &config.seed, Some((server, config.worker)), built),
            addresses: config.addresses,
            mtu: config.mtu,
            peer_to_peer: config.peer_to_peer,
            seed: FlowSeed::new(&config.seed),
            rules: Arc::default(),
            peers: HashMap::new(),
            leases: HashMap::new(),
            worker: config.worker,
            elsewhere: Elsewhere::new(),
            handovers: VecDeque::new(),
            ready: VecDeque::new(),
            deadlines: BTreeSet::new(),
            next_serial: 0,
            inbound: VecDeque::new(),
            limiter: Limiter::default(),
            events: VecDeque::new(),
        })
    }

    /// Lets peers reach one another, or not.
    pub fn set_peer_to_peer(&mut self, allowed: bool) {
        self.peer_to_peer = allowed;
    }

    /// The rules by which flows get their class where the client did not decide it, first match first: for flows that
    /// are there, and those to come.
    pub fn set_rules(&mut self, rules: Arc<[Rule]>) {
        self.peers.values_mut().for_each(|peer| peer.tunnel.set_rules(rules.clone()));
        self.rules = rules;
    }

    /// Takes in a UDP datagram. One of another worker's connection is passed on.
    pub fn handle_udp(&mut self, now: Instant, arrival: &Arrival, data: BytesMut) {
        if let Some(data) = self.steer(arrival, data) {
            self.take_datagram(now, arrival, data);
        }
    }

    fn take_datagram(&mut self, now: Instant, arrival: &Arrival, data: BytesMut) {
        let peers = &mut self.peers;
        let handled = self
            .endpoint
            .handle(now, arrival, data, |handle| peers.get_mut(&handle).map(|peer| &mut peer.tunnel.conn));
        match handled {
            Handled::Conn(handle) => {
                if let Some(peer) = self.peers.get_mut(&handle) {
                    peer.tunnel.arrived(arrival);
                }
                self.wake(handle);
            }
            Handled::New(handle, conn) => self.welcome(handle, *conn, arrival.remote),
            Handled::Nothing => {}
        }
    }

    fn welcome(&mut self, handle: usize, conn: Conn, remote: SocketAddr) {
        let tunnel = Tunnel::new(conn, h3::Role::Server, self.seed, self.rules.clone());
        self.next_serial += 1;
        self.peers.insert(handle, Peer::new(tunnel, self.next_serial, remote));
        self.wake(handle);
    }

    fn wake(&mut self, handle: usize) {
        if let Some(peer) = self.peers.get_mut(&handle) {
            peer.tunnel.mark_dirty();
            if !std::mem::replace(&mut peer.is_ready, true) {
                self.ready.push_back(handle);
            }
        }
    }

    /// Takes in an IP packet from the host, for whichever peer has its destination. One for another worker's peer is
    /// passed on.
    pub fn handle_packet(&mut self, now: Instant, packet: BytesMut) {
        let Ok(header) = ip::Header::parse(&packet) else { return };
        if let Some(&handle) = self.leases.get(&header.dst) {
            return self.pass_to_peer(now, handle, packet, &header);
        }
        match self.holder_elsewhere(header.dst) {
            Some(other) => self.handovers.push_back((other, Handover::Packet(packet))),
            None => self.answer_unreachable(now, &packet, &header),
        }
    }

    /// Nobody holds the packet's destination.
    fn answer_unreachable(&mut self, now: Instant, packet: &[u8], header: &ip::Header) {
        self.answer(now, packet, header.src, |packet, from| {
            icmp::unreachable(packet, icmp::Unreachable::Host, from)
        });
    }

    fn pass_to_peer(&mut self, now: Instant, handle: usize, packet: BytesMut, header: &ip::Header) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        let mtu = peer.tunnel.mtu(self.mtu);
        if packet.len() <= usize::from(mtu) {
            peer.tunnel.handle_packet(now, header, packet);
        } else if header.src.is_ipv4() && !header.dont_fragment {
            peer.tunnel.handle_oversized(now, header, &packet, mtu);
        } else {
            return self
                .answer(now, &packet, header.src, |packet, from| icmp::packet_too_big(packet, mtu, from));
        }
        if !std::mem::replace(&mut peer.is_ready, true) {
            self.ready.push_back(handle);
        }
    }

    /// Sends an ICMP message back to the host.
    fn answer(
        &mut self,
        now: Instant,
        packet: &[u8],
        to: IpAddr,
        message: impl FnOnce(&[u8], IpAddr) -> Option<BytesMut>,
    ) {
        let from = self.addresses.iter().find(|from| from.is_ipv4() == to.is_ipv4());
        if let Some(answer) = from.and_then(|from| message(packet, *from))
            && self.limiter.allow(now)
        {
            self.inbound.push_back(answer.freeze());
        }
    }

    /// Lets timers act.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(&(deadline, handle)) = self.deadlines.first() {
            if deadline > now {
                return;
            }
            self.deadlines.pop_first();
            if let Some(peer) = self.peers.get_mut(&handle) {
                peer.deadline = None;
                peer.tunnel.handle_timeout(now);
            }
            self.wake(handle);
        }
    }

    /// The next UDP datagrams to send: their bytes are in `buf`, at most `max_segments` of them. Peers take
    /// turns, so that none waits for another's bulk.
    pub fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: NonZeroUsize,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit> {
        while let Some(handle) = self.ready.pop_front() {
            self.turn(now, handle);
            let Some(peer) = self.peers.get_mut(&handle) else { continue };
            if let Some(transmit) = peer.tunnel.poll_transmit(now, max_segments, &mut self.endpoint, buf) {
                self.ready.push_back(handle);
                return Some(transmit);
            }
            peer.is_ready = false;
            let deadline = peer.tunnel.poll_timeout();
            self.set_deadline(handle, deadline);
        }
        self.endpoint.poll_response(buf)
    }

    fn set_deadline(&mut self, handle: usize, deadline: Option<Instant>) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        if peer.deadline == deadline {
            return;
        }
        if let Some(old) = std::mem::replace(&mut peer.deadline, deadline) {
            self.deadlines.remove(&(old, handle));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, handle));
        }
    }

    /// Takes note of everything that happened on a connection.
    fn turn(&mut self, now: Instant, handle: usize) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        let gone = peer.tunnel.turn(now, &mut self.endpoint);
        while let Some(event) = self.peers.get_mut(&handle).and_then(|peer| peer.tunnel.events.pop_front()) {
            self.handle_tunnel_event(now, handle, event);
        }
        self.collect_packets(now, handle);
        if gone {
            self.release(handle);
            self.peers.remove(&handle);
        }
    }

    /// Takes a peer's packets: to the host, or to another peer.
    fn collect_packets(&mut self, now: Instant, handle: usize) {
        while let Some(packet) = self.peers.get_mut(&handle).and_then(|peer| peer.tunnel.inbound.pop_front())
        {
            let Ok(header) = ip::Header::parse(&packet) else { continue };
            let Some(peer) = self.peers.get_mut(&handle) else { return };
            if !peer.holds(header.src) {
                // What does not come from a leased address is a mistake or an attack (RFC 2827).
                peer.tunnel.counters.dropped += 1;
                continue;
            }
            match (self.leases.get(&header.dst), self.holder_elsewhere(header.dst)) {
                (None, None) => self.inbound.push_back(packet),
                _ if !self.peer_to_peer => self.refuse_peer_to_peer(now, handle, &packet, &header),
                (Some(&other), _) => {
                    self.pass_to_peer(now, other, BytesMut::from(packet.as_ref()), &header);
                }
                (None, Some(other)) => {
                    let packet = Handover::Packet(BytesMut::from(packet.as_ref()));
                    self.handovers.push_back((other, packet));
                }
            }
        }
    }

    fn refuse_peer_to_peer(&mut self, now: Instant, handle: usize, packet: &[u8], header: &ip::Header) {
        let from = self.addresses.iter().find(|from| from.is_ipv4() == header.src.is_ipv4()).copied();
        let answer = from.and_then(|from| icmp::unreachable(packet, icmp::Unreachable::Prohibited, from));
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        peer.tunnel.counters.dropped += 1;
        if let Some(answer) = answer
            && let Ok(header) = ip::Header::parse(&answer)
            && self.limiter.allow(now)
        {
            peer.tunnel.handle_packet(now, &header, answer);
        }
    }

    /// The next IP packet for the host.
    pub fn poll_packet(&mut self) -> Option<Bytes> {
        self.inbound.pop_front()
    }

    /// What happened, oldest first.
    pub fn poll_event(&mut self) -> Option<GatewayEvent> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Ends every tunnel.
    pub fn shut_down(&mut self, now: Instant) {
        let handles: Vec<usize> = self.peers.keys().copied().collect();
        for handle in handles {
            if let Some(peer) = self.peers.get_mut(&handle) {
                peer.tunnel.close(now, code::NO_ERROR, "the gateway stops");
            }
            self.wake(handle);
        }
    }
}
