//! One QUIC connection: datagrams that leave on the path chosen for them, and what became of each.

mod flight;
mod streams;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use noq_proto::{
    ConnectionError, ConnectionHandle, Event, FourTuple, PathError, PathEvent, PathId, PathStatus,
    StreamEvent, VarInt,
};
use rustls::pki_types::CertificateDer;

pub(crate) use self::flight::Datagram;
use self::flight::Flight;
use self::streams::Streams;
use super::gate::{Fate, Gate, Gated, Sent};
use super::local::{self, Locals};
use super::tls::{self, PinMismatch};
use crate::duplication::Twin;
use crate::error::CloseReason;
use crate::identity::Pin;
use crate::link::{LinkId, Transmit};

/// What happened on a connection.
#[derive(Debug)]
pub(crate) enum ConnEvent {
    /// The handshake is through.
    Connected,
    /// The connection is gone.
    Lost(CloseReason),
    /// A path can carry data.
    PathEstablished(PathId),
    /// A path is no longer used by either end.
    PathAbandoned(PathId),
    /// The peer asks us to use a path only if no other works, or takes that back.
    PeerStatus {
        /// Which path.
        path: PathId,
        /// Whether it is demoted.
        backup: bool,
    },
    /// The peer wants no more bytes on a stream.
    StreamStopped {
        /// Which stream.
        stream: u64,
        /// HTTP/3 error code.
        code: u64,
    },
    /// Stream bytes or datagrams may be waiting.
    Readable,
}

#[derive(Debug)]
struct PathGate {
    id: PathId,
    gate: Gate,
    flight: Flight,
}

/// Datagrams that noq holds, oldest first: never more than one batch.
#[derive(Debug, Default)]
struct Handed {
    /// The path that they are meant for; `None` once that path is gone and any will do.
    path: Option<PathId>,
    /// Whether they may leave although its window is full.
    beyond: bool,
    datagrams: std::collections::VecDeque<Datagram>,
}

/// Figures of one path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PathFigures {
    pub(crate) rtt: Duration,
    pub(crate) tx_bytes: u64,
    pub(crate) rx_bytes: u64,
    pub(crate) mtu: u64,
    pub(crate) sent_packets: u64,
    pub(crate) lost_packets: u64,
}

pub(crate) struct Conn {
    pub(crate) handle: ConnectionHandle,
    pub(crate) inner: noq_proto::Connection,
    built: Arc<AtomicU64>,
    built_seen: u64,
    first_link: Option<LinkId>,
    gates: Vec<PathGate>,
    handed: Handed,
    /// `send_buffer_space` of an empty queue.
    empty_space: usize,
    streams: Streams,
    sent: Vec<Sent>,
    fates: Vec<Fate>,
    batch: Vec<Bytes>,
}

impl Conn {
    pub(crate) fn new(
        handle: ConnectionHandle,
        inner: noq_proto::Connection,
        built: Arc<AtomicU64>,
        first_link: Option<LinkId>,
    ) -> Self {
        Self {
            handle,
            inner,
            built,
            built_seen: u64::MAX,
            first_link,
            gates: Vec::new(),
            handed: Handed::default(),
            empty_space: 0,
            streams: Streams::default(),
            sent: Vec::new(),
            fates: Vec::new(),
            batch: Vec::new(),
        }
    }

    /// The pin of the certificate that the peer showed, if it showed one.
    pub(crate) fn peer_pin(&self) -> Option<Pin> {
        let certificates = self.inner.crypto_session().peer_identity()?;
        let certificates = certificates.downcast::<Vec<CertificateDer<'static>>>().ok()?;
        tls::certificate_pin(certificates.first()?).ok()
    }

    /// What happened, oldest first.
    pub(crate) fn poll_event(&mut self) -> Option<ConnEvent> {
        loop {
            return Some(match self.inner.poll()? {
                Event::Connected => {
                    // Only now the peer's limit of streams is known.
                    self.streams.flush(&mut self.inner);
                    ConnEvent::Connected
                }
                Event::ConnectionLost { reason } => ConnEvent::Lost(close_reason(reason)),
                Event::Stream(StreamEvent::Opened { dir }) => {
                    self.streams.opened(&mut self.inner, dir);
                    ConnEvent::Readable
                }
                Event::Stream(StreamEvent::Readable { id }) => {
                    self.streams.readable(id);
                    ConnEvent::Readable
                }
                Event::Stream(StreamEvent::Writable { .. } | StreamEvent::Available { .. }) => {
                    self.streams.flush(&mut self.inner);
                    continue;
                }
                Event::Stream(StreamEvent::Stopped { id, error_code }) => ConnEvent::StreamStopped {
                    stream: VarInt::from(id).into_inner(),
                    code: error_code.into_inner(),
                },
                Event::Stream(StreamEvent::Finished { .. }) => continue,
                Event::DatagramReceived => ConnEvent::Readable,
                Event::Path(PathEvent::Established { id, .. }) => ConnEvent::PathEstablished(id),
                Event::Path(PathEvent::Abandoned { id, .. }) => ConnEvent::PathAbandoned(id),
                Event::Path(PathEvent::RemoteStatus { id, status, .. }) => {
                    ConnEvent::PeerStatus { path: id, backup: status == PathStatus::Backup }
                }
                Event::HandshakeConfirmed => {
                    self.change_keys_early();
                    continue;
                }
                Event::Path(_)
                | Event::HandshakeDataReady
                | Event::DatagramsUnblocked
                | Event::NatTraversal(_) => continue,
            });
        }
    }

    /// Changes keys (RFC 9001 §6) while there is one path. noq changes them once in the first thousand packets, and then not
    /// for millions. It keeps the old keys for packets with lower numbers than the first under new ones, whichever paths
    /// they came on: what another path still brings under the old keys would not be decrypted, and pass for lost.
    fn change_keys_early(&mut self) {
        if self.inner.side().is_client() {
            self.inner.force_key_update();
        }
    }

    /// Looks up the gates anew if any was built since. noq builds one per path, and another when a path
    /// moves to a new address; it never says so.
    pub(crate) fn refresh_gates(&mut self) {
        let built = self.built.load(Ordering::Relaxed);
        let paths = self.inner.paths();
        if self.built_seen == built && paths.len() == self.gates.len() {
            return;
        }
        self.built_seen = built;
        self.gates.retain(|known| paths.contains(&known.id));
        for id in paths {
            let Some(gate) = self.inner.congestion_state(id).and_then(Gated::gate_of) else { continue };
            match self.gates.iter_mut().find(|known| known.id == id) {
                Some(known) if known.gate.is(&gate) => {}
                Some(known) => known.gate = gate,
                None => self.gates.push(PathGate { id, gate, flight: Flight::default() }),
            }
        }
    }

    /// The gate of a path.
    pub(crate) fn gate(&self, path: PathId) -> Option<&Gate> {
        self.gates.iter().find(|known| known.id == path).map(|known| &known.gate)
    }

    /// Whether noq still holds datagrams, so that no others can be handed over.
    pub(crate) fn is_busy(&self) -> bool {
        !self.handed.datagrams.is_empty()
    }

    /// Hands over a batch for `path`. Call [`poll_transmit`](Self::poll_transmit) until it has nothing more.
    ///
    /// Each datagram must be at most [`max_datagram`](Self::max_datagram) bytes, and the connection not
    /// [busy](Self::is_busy). `beyond`: they may leave although the path's window is full.
    pub(crate) fn hand_over(&mut self, path: PathId, batch: &mut Vec<Datagram>, beyond: bool) {
        debug_assert!(!self.is_busy(), "a batch is handed over when the one before has left");
        self.empty_space = self.inner.datagrams().send_buffer_space();
        self.batch.clear();
        self.batch.extend(batch.iter().map(|datagram| datagram.bytes.clone()));
        match self.inner.datagrams().send_many(&self.batch, false) {
            Ok(taken) => {
                (self.handed.path, self.handed.beyond) = (Some(path), beyond);
                self.handed.datagrams.extend(batch.drain(..).take(taken));
            }
            Err(error) => tracing::debug!(%error, "a batch of datagrams was refused"),
        }
        batch.clear();
    }

    /// The next UDP datagrams to send. With a batch handed over only its path takes datagrams.
    pub(crate) fn poll_transmit(
        &mut self,
        now: Instant,
        max_segments: NonZeroUsize,
        locals: &Locals,
        buf: &mut Vec<u8>,
    ) -> Option<Transmit> {
        self.refresh_gates();
        loop {
            let only = self.handed.path.filter(|_| self.is_busy());
            for known in &self.gates {
                let beyond = self.handed.beyond && only == Some(known.id);
                known.gate.set_open(only.is_none_or(|path| path == known.id), beyond);
            }
            buf.clear();
            let transmit = self.inner.poll_transmit(now, max_segments, buf);
            self.log_sent();
            let Some(transmit) = transmit else {
                let path = only.filter(|_| self.is_busy())?;
                // Better any other path than all of them waiting.
                if let Some(gate) = self.gate(path) {
                    gate.set_refused(true);
                }
                self.handed.path = None;
                continue;
            };
            let origin = match transmit.src_ip {
                Some(ip) => locals.resolve(ip),
                None => self.first_link.map(|link| (link, None)),
            };
            let Some(origin) = origin else { continue };
            return Some(local::outbound(&transmit, origin));
        }
    }

    /// Notes which packets carried the datagrams that noq no longer holds.
    fn log_sent(&mut self) {
        if !self.is_busy() {
            for known in &mut self.gates {
                self.sent.clear();
                known.gate.take_sent(&mut self.sent);
            }
            return;
        }
        let left = self.empty_space.saturating_sub(self.inner.datagrams().send_buffer_space());
        let mut held: usize = self.handed.datagrams.iter().map(|datagram| datagram.bytes.len()).sum();
        for known in &mut self.gates {
            self.sent.clear();
            known.gate.take_sent(&mut self.sent);
            if self.sent.is_empty() {
                continue;
            }
            let mut gone = 0;
            while gone < self.handed.datagrams.len() && held > left {
                held -= self.handed.datagrams[gone].bytes.len();
                gone += 1;
            }
            known.flight.sent(&self.sent, self.handed.datagrams.drain(..gone));
        }
        if left == 0 {
            // noq drops what no longer fits when a path's MTU shrinks, without a word.
            self.handed.datagrams.clear();
        }
    }

    /// Collects fates: calls `acked` with each path that had a packet acknowledged, and when the youngest of
    /// these had been sent; appends the datagrams that were lost to `lost`, and those of two copies that were delivered
    /// to `delivered`.
    pub(crate) fn collect_fates(
        &mut self,
        lost: &mut Vec<Datagram>,
        delivered: &mut Vec<Twin>,
        mut acked: impl FnMut(PathId, Instant),
    ) {
        for known in &mut self.gates {
            self.fates.clear();
            known.gate.set_refused(false);
            known.gate.take_fates(&mut self.fates);
            let mut youngest = None;
            for fate in &self.fates {
                match *fate {
                    Fate::Acked { pn, sent } => {
                        youngest = youngest.max(Some(sent));
                        known.flight.acked(pn, |datagram| delivered.extend(datagram.twin));
                    }
                    Fate::Lost { pn } => {
                        known.flight.lost(pn, |datagram| lost.push(datagram));
                    }
                }
            }
            if let Some(sent) = youngest {
                known.gate.set_probing(false);
                acked(known.id, sent);
            }
        }
    }

    /// Takes back what is in flight on `path`, oldest first: it is to be sent on another one. What noq
    /// still holds for the path may leave on any.
    pub(crate) fn take_flight(&mut self, path: PathId) -> Vec<Datagram> {
        if self.handed.path == Some(path) {
            self.handed.path = None;
        }
        match self.gates.iter_mut().find(|known| known.id == path) {
            Some(known) => known.flight.take(),
            None => Vec::new(),
        }
    }

    /// The path goes to another address now.
    pub(crate) fn path_moved(&self, path: PathId) {
        if let Some(gate) = self.gate(path) {
            gate.moved();
        }
    }

    /// How many answers on `path` are still to come, at least.
    pub(crate) fn answers_due(&self, path: PathId, now: Instant) -> u32 {
        self.gate(path).map_or(0, |gate| gate.answers_due(now))
    }

    /// Whether something that asks for an answer left on `path` since the last call.
    pub(crate) fn asked(&self, path: PathId) -> bool {
        self.gate(path).is_some_and(Gate::asked)
    }

    /// Largest datagram that fits on every path.
    pub(crate) fn max_datagram(&mut self) -> usize {
        self.inner.datagrams().max_size().unwrap_or(0)
    }

    /// The next datagram that arrived.
    pub(crate) fn recv_datagram(&mut self) -> Option<Bytes> {
        self.inner.datagrams().recv()
    }

    /// Opens a path. `Ok(None)`: not possible yet, the peer has to give out connection ids first.
    pub(crate) fn open_path(
        &mut self,
        now: Instant,
        four_tuple: FourTuple,
    ) -> Result<Option<PathId>, PathError> {
        match self.inner.open_path(four_tuple, PathStatus::Available, now) {
            Ok(path) => Ok(Some(path)),
            Err(PathError::RemoteCidsExhausted | PathError::MaxPathIdReached) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives a path up on both ends. False if it is the last one, which stays.
    pub(crate) fn close_path(&mut self, now: Instant, path: PathId) -> bool {
        self.inner.close_path(now, path, VarInt::from_u32(0)).is_ok()
    }

    /// Demotes a path on both ends: no acks, no data there while another works (design trap 1).
    pub(crate) fn set_backup(&mut self, path: PathId, backup: bool) {
        let status = if backup { PathStatus::Backup } else { PathStatus::Available };
        if let Err(error) = self.inner.set_path_status(path, status) {
            tracing::debug!(%path, %error, "the status of a path could not be set");
        }
    }

    /// Asks the peer for a sign of life on `path`, however full its window is.
    pub(crate) fn ping(&mut self, path: PathId) {
        if let Some(gate) = self.gate(path) {
            gate.set_probing(true);
        }
        // A closed path needs no ping.
        let _ = self.inner.ping_path(path);
    }

    /// The link and peer address of a path.
    pub(crate) fn path_link(&self, path: PathId, locals: &Locals) -> Option<(LinkId, SocketAddr)> {
        let tuple = self.inner.network_path(path).ok()?;
        let link = match tuple.local_ip() {
            Some(ip) => locals.resolve(ip)?.0,
            None => self.first_link?,
        };
        Some((link, tuple.remote()))
    }

    /// Figures of a path.
    pub(crate) fn figures(&mut self, path: PathId) -> Option<PathFigures> {
        let stats = self.inner.path_stats(path)?;
        Some(PathFigures {
            rtt: stats.rtt,
            tx_bytes: stats.udp_tx.bytes,
            rx_bytes: stats.udp_rx.bytes,
            mtu: u64::from(stats.current_mtu),
            sent_packets: stats.sent_packets,
            lost_packets: stats.lost_packets.saturating_sub(stats.lost_plpmtud_probes),
        })
    }

    /// Ends the connection.
    pub(crate) fn close(&mut self, now: Instant, code: u64, reason: &str) {
        let code = VarInt::from_u64(code).unwrap_or(VarInt::MAX);
        self.inner.close(now, code, Bytes::copy_from_slice(reason.as_bytes()));
    }

    /// Reads what arrived on streams: calls `f(stream, bytes, fin)` or `f(stream, Err(reset code))`.
    pub(crate) fn read_streams(&mut self, f: impl FnMut(u64, Result<(&[u8], bool), u64>)) {
        self.streams.read(&mut self.inner, f);
    }

    /// Queues bytes on a stream, opening it if it is ours and new.
    pub(crate) fn write_stream(&mut self, stream: u64, data: Bytes, fin: bool) {
        self.streams.write(&mut self.inner, stream, data, fin);
    }

    /// Resets our half of a stream.
    pub(crate) fn reset_stream(&mut self, stream: u64, code: u64) {
        self.streams.reset(&mut self.inner, stream, code);
    }

    /// Asks the peer to stop sending on a stream.
    pub(crate) fn stop_stream(&mut self, stream: u64, code: u64) {
        self.streams.stop(&mut self.inner, stream, code);
    }
}

fn close_reason(error: ConnectionError) -> CloseReason {
    match error {
        ConnectionError::TransportError(error) => {
            let mismatch = error.crypto.as_ref().and_then(|crypto| pin_mismatch(crypto.as_ref()));
            mismatch.map_or_else(|| CloseReason::Protocol(error.to_string()), CloseReason::WrongPin)
        }
        ConnectionError::ApplicationClosed(close) => CloseReason::ByPeer {
            code: close.error_code.into_inner(),
            reason: String::from_utf8_lossy(&close.reason).into_owned(),
        },
        ConnectionError::ConnectionClosed(close) => CloseReason::Protocol(close.to_string()),
        ConnectionError::Reset => CloseReason::Reset,
        ConnectionError::TimedOut => CloseReason::TimedOut,
        ConnectionError::LocallyClosed => CloseReason::Local,
        other @ (ConnectionError::VersionMismatch | ConnectionError::CidsExhausted) => {
            CloseReason::Protocol(other.to_string())
        }
    }
}

fn pin_mismatch(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<PinMismatch> {
    let error = error.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) = error else {
        return None;
    };
    other.0.downcast_ref::<PinMismatch>().copied()
}
