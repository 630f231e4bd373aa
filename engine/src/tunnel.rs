//! One tunnel: a connection, its HTTP/3 session, its paths, and the packets that wait for them. Both roles.
//!
//! A packet's way out: [`Tunnel::handle_packet`] puts it into the ingress queue (fq_codel) of its class. As long as the
//! scheduler finds a path that would deliver the next packet first and is not too far ahead, the packet moves
//! to that path's queue (`assign`). When a path has window and pacing credit, a batch from its queue is
//! encoded, handed to QUIC with only this path's gate open, and leaves (`data`). Fates come back through the
//! gates; what is in flight on a path that dies goes out again on another (`paths`).

mod control;
mod data;
#[cfg(feature = "fuzzing")]
mod doors;
mod duplicate;
mod notice;
mod paths;
mod receive;
mod recovery;
mod report;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use self::notice::Notices;
pub use self::recovery::MAX_HOLD;
use crate::blocks::Blocks;
use crate::budget::Budget;
use crate::class::{Classifier, FlowReport, Rule, Sample, Side};
use crate::duplication::{Duplication, Twin, Twins};
use crate::error::CloseReason;
use crate::h3::{self, Headers, Session};
use crate::identity::Pin;
use crate::ip::fragment::fragment_v4;
use crate::ip::{FlowSeed, Header};
use crate::lane::{Resequencer, Sequencer, flow_of};
use crate::link::{LinkId, Policy, Transmit};
use crate::masque::capsule::Decoder;
use crate::masque::connect_ip::Capsule;
use crate::masque::extension::Contexts;
use crate::path::{Outgoing, Path, Precedence};
use crate::queue::{self, ClassQueue};
use crate::quic::{Conn, Datagram, Endpoint, PathId};
use crate::schedule::Candidate;
use crate::split::{self, Rejoiner, Splitter};

/// Least inner MTU at any time: what IPv6 demands of every link (RFC 8200 §5).
pub const MIN_MTU: u16 = 1280;
/// The inner MTU if nothing else is configured.
pub const DEFAULT_MTU: u16 = 1420;

/// Name of the context whose payload is a place in a lane and an IP packet.
const CONTEXT_LANE: &str = "lane";
/// Name of the context whose payload is a piece of the above.
const CONTEXT_SPLIT: &str = "split";
/// Name of the context whose payload tells how the sender's paths stand.
const CONTEXT_PATHS: &str = "paths";
/// Name of the context whose payload is what the sender knows of a path: see [`Account`](crate::path::Account).
const CONTEXT_REPORT: &str = "report";
/// What this version understands.
const CONTEXTS: [&str; 4] = [CONTEXT_LANE, CONTEXT_SPLIT, CONTEXT_PATHS, CONTEXT_REPORT];

/// Bytes of a block of datagrams: eleven full ones.
const BLOCK: usize = 16 << 10;

/// What a tunnel tells its owner.
#[derive(Debug)]
pub(crate) enum TunnelEvent {
    /// The handshake is through.
    Connected,
    /// The peer's HTTP/3 settings are known: requests can be made.
    Settings(h3::Settings),
    /// The connection is gone.
    Closed(CloseReason),
    /// A request came.
    Request { stream: u64, headers: Headers },
    /// The answer to a request of ours.
    Response { stream: u64, headers: Headers },
    /// Content of a message that is not the tunnel's.
    Body { stream: u64, data: Bytes },
    /// A message is complete.
    Finished { stream: u64 },
    /// A stream is gone.
    Reset { stream: u64 },
    /// A capsule came on the tunnel's stream.
    Capsule(Capsule),
    /// A path appeared, went, or changed its state.
    PathsChanged,
}

/// The contexts' ids, where they are agreed upon.
#[derive(Debug, Clone, Copy, Default)]
struct ContextIds {
    lane: Option<u64>,
    split: Option<u64>,
    report: Option<u64>,
    paths: Option<u64>,
}

impl ContextIds {
    fn of(agreed: &Contexts) -> Self {
        // Pieces make a packet with its place, a packet with its place may need pieces, and what was in flight on a
        // path that the peer finds silent needs its place to go again: all or none.
        match [CONTEXT_LANE, CONTEXT_SPLIT, CONTEXT_PATHS].map(|name| agreed.id(name)) {
            [lane @ Some(_), split @ Some(_), paths @ Some(_)] => {
                Self { lane, split, paths, report: agreed.id(CONTEXT_REPORT) }
            }
            _ => Self::default(),
        }
    }
}

/// Counters of a tunnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TunnelCounters {
    /// Inner packets taken in for the peer.
    pub tx_packets: u64,
    /// Bytes of these.
    pub tx_bytes: u64,
    /// Inner packets from the peer.
    pub rx_packets: u64,
    /// Bytes of these.
    pub rx_bytes: u64,
    /// Inner packets that were split in pieces.
    pub split: u64,
    /// Datagrams that QUIC declared lost.
    pub lost: u64,
    /// Datagrams sent again, because they were lost or their path died.
    pub reinjected: u64,
    /// Packets of calls that were sent in a second copy.
    pub duplicated: u64,
    /// Packets that came a second time, and were dropped.
    pub duplicates: u64,
    /// Packets that waited for an earlier one of their flow.
    pub held: u64,
    /// Packets that came after the others had stopped waiting for them.
    pub late: u64,
    /// Packets that could not be taken or passed on.
    pub dropped: u64,
}

pub(crate) struct Tunnel {
    side: Side,
    pub(crate) conn: Conn,
    session: Session,
    /// The stream of the CONNECT-IP request, once it is granted.
    stream: Option<u64>,
    contexts: ContextIds,
    /// The stream of our own CONNECT-IP request.
    asked: Option<u64>,
    /// Our offer, until the answer comes.
    offered: Contexts,
    capsules: Decoder,
    paths: Vec<Path>,
    /// The path on which acknowledgements go: noq takes the lowest that is not demoted.
    ack_path: Option<PathId>,
    /// With every path silent, the one on which acknowledgements go all the same.
    hope: Option<PathId>,
    /// Policies that the peer told before the path itself appeared.
    early_policies: BTreeMap<u32, Policy>,
    classifier: Classifier,
    ingress: ClassQueue,
    /// What comes back from a path that died, before anything new.
    returned: VecDeque<Outgoing>,
    splitter: Splitter,
    rejoiner: Rejoiner,
    sequencer: Sequencer,
    resequencer: Resequencer,
    /// For what is lost and sent again.
    budget: Budget,
    /// What of the flight of doubted paths may go again.
    doubts: Budget,
    /// When what the paths carried was last taken down.
    metered: Option<Instant>,
    /// When the peer was last told of the paths, and how many packets had gone either way.
    told: Option<(Instant, u64)>,
    /// Datagrams that came, and on which path where that is known.
    arrived: VecDeque<(Option<PathId>, Bytes)>,
    /// What is sent twice: the client's setting, at both ends.
    duplication: Duplication,
    twins: Twins,
    notices: Notices,
    pub(crate) inbound: VecDeque<Bytes>,
    pub(crate) events: VecDeque<TunnelEvent>,
    pub(crate) counters: TunnelCounters,
    /// Something happened since the last turn.
    dirty: bool,
    /// noq may have control frames to send.
    control_pending: bool,
    next_path: usize,
    /// The paths as the scheduler sees them, for packets of each precedence.
    candidates: [Vec<Candidate>; Precedence::ALL.len()],
    batch: Vec<Datagram>,
    lost: Vec<Datagram>,
    delivered: Vec<Twin>,
    released: Vec<Bytes>,
    /// Of the datagrams that are sent.
    blocks: Blocks,
}

impl Tunnel {
    pub(crate) fn new(conn: Conn, role: h3::Role, seed: FlowSeed, rules: Arc<[Rule]>) -> Self {
        let side = match role {
            h3::Role::Client => Side::Client,
            h3::Role::Server => Side::Gateway,
        };
        Self {
            side,
            conn,
            session: Session::new(role),
            stream: None,
            contexts: ContextIds::default(),
            asked: None,
            offered: Contexts::default(),
            capsules: Decoder::default(),
            paths: Vec::new(),
            ack_path: None,
            hope: None,
            early_policies: BTreeMap::new(),
            classifier: Classifier::new(side, seed, rules),
            ingress: ClassQueue::new(queue::Config::default()),
            returned: VecDeque::new(),
            splitter: Splitter::default(),
            rejoiner: Rejoiner::new(split::Config::default()),
            sequencer: Sequencer::default(),
            resequencer: Resequencer::new(MAX_HOLD),
            metered: None,
            told: None,
            arrived: VecDeque::new(),
            budget: recovery::budget(),
            doubts: recovery::doubt_budget(),
            duplication: Duplication::OFF,
            twins: Twins::default(),
            notices: Notices::default(),
            inbound: VecDeque::new(),
            events: VecDeque::new(),
            counters: TunnelCounters::default(),
            dirty: true,
            control_pending: true,
            next_path: 0,
            candidates: Default::default(),
            batch: Vec::new(),
            lost: Vec::new(),
            delivered: Vec::new(),
            released: Vec::new(),
            blocks: Blocks::new(BLOCK),
        }
    }

    /// The pin of the key that the peer showed, if any.
    pub(crate) fn peer_pin(&self) -> Option<Pin> {
        self.conn.peer_pin()
    }

    /// Whether the tunnel was granted on this stream, or was until the stream broke.
    pub(crate) fn ended_with(&self, stream: u64) -> bool {
        self.stream.is_none_or(|own| own == stream)
    }

    /// Whether IP packets can be exchanged.
    pub(crate) fn is_established(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether something happened since the last turn.
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Says that something happened to the connection.
    pub(crate) fn mark_dirty(&mut self) {
        self.dirty = true;
    }

    /// Lets the connection's timers act.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.conn.inner.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.conn.inner.handle_timeout(now);
        }
        let was_in_use = self.ingress.poll_timeout().is_some();
        self.ingress.handle_timeout(now);
        if was_in_use && self.ingress.poll_timeout().is_none() {
            self.blocks.release();
            self.resequencer.release_memory();
        }
        self.classifier.handle_timeout(now);
        self.dirty = true;
    }

    /// Takes note of everything that happened since the last turn. True once the connection is gone.
    pub(crate) fn turn(&mut self, now: Instant, endpoint: &mut Endpoint) -> bool {
        if !self.dirty {
            return false;
        }
        self.dirty = false;
        self.control_pending = true;
        let gone = endpoint.exchange(&mut self.conn);
        self.drain_connection(now, endpoint);
        self.drain_streams(now);
        self.receive_datagrams(now);
        self.settle_fates(now);
        self.check_paths(now);
        self.report_paths(now);
        gone
    }

    /// The next UDP datagrams to send.
    pub(crate) fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: NonZeroUsize,
        endpoint: &mut Endpoint,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit> {
        loop {
            if self.control_pending || self.conn.is_busy() {
                if let Some(transmit) = self.conn.poll_transmit(now, max_segments, &endpoint.locals, buf) {
                    self.note_sent(now, &transmit);
                    return Some(transmit);
                }
                self.control_pending = false;
                endpoint.exchange(&mut self.conn);
            }
            if self.conn.is_busy() || !self.hand_over_next_batch(now, max_segments.get()) {
                return None;
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let paths = self
            .paths
            .iter()
            .filter_map(|path| path.deadline(&self.conn, self.answer_times(path), self.conn.is_busy()))
            .min();
        let inbound = [self.rejoiner.poll_timeout(), self.resequencer.poll_timeout()];
        let memory = [self.ingress.poll_timeout(), self.classifier.poll_timeout()];
        inbound.into_iter().chain(memory).chain([self.conn.inner.poll_timeout(), paths]).flatten().min()
    }

    /// Ends the connection.
    pub(crate) fn close(&mut self, now: Instant, code: u64, reason: &str) {
        self.conn.close(now, code, reason);
        self.stream = None;
        self.dirty = true;
    }

    /// Whether a path runs over `link`.
    pub(crate) fn has_path_on(&self, link: LinkId) -> bool {
        self.paths.iter().any(|path| path.link == link)
    }

    fn path(&self, id: PathId) -> Option<&Path> {
        self.paths.iter().find(|path| path.id == id)
    }

    fn path_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.iter_mut().find(|path| path.id == id)
    }

    /// Takes in an IP packet for the peer.
    pub(crate) fn handle_packet(&mut self, now: Instant, header: &Header, packet: BytesMut) {
        if !self.is_established() {
            self.counters.dropped += 1;
            return;
        }
        let flow = self.classifier.outbound(now, &Sample::of(header, &packet));
        let (class, _) = flow.class(now);
        let number = flow_of(header.protocol, packet.len(), class, flow.hash());
        self.counters.tx_packets += 1;
        self.counters.tx_bytes += packet.len() as u64;
        flow.queue = self.ingress.push(now, packet, number, class, flow.queue);
    }

    /// Takes in an IPv4 packet that is longer than `mtu` and may be cut; any other is dropped. The pieces are packets of
    /// the same flow.
    pub(crate) fn handle_oversized(&mut self, now: Instant, header: &Header, packet: &[u8], mtu: u16) {
        match fragment_v4(packet, mtu) {
            Ok(fragments) => fragments.for_each(|fragment| self.handle_packet(now, header, fragment)),
            Err(_) => self.counters.dropped += 1,
        }
    }

    /// Replaces the rules by which flows get their class.
    pub(crate) fn set_rules(&mut self, rules: Arc<[Rule]>) {
        self.classifier.set_rules(rules);
    }

    /// The flows of the last minute, in no order.
    pub(crate) fn flows(&self, now: Instant) -> Vec<FlowReport> {
        self.classifier.report(now)
    }
}
