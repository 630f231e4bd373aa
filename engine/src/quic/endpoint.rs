//! The QUIC endpoint: which connection an incoming UDP datagram belongs to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use bytes::BytesMut;
use noq_proto::{ClientConfig, ConnectError, DatagramEvent, Incoming, ServerConfig};

use super::config;
use super::conn::Conn;
use super::local::{self, Locals};
use crate::gateway::Worker;
use crate::identity::Identity;
use crate::link::{Arrival, LinkId, Transmit};

/// Answers to packets of no connection (version negotiation, retry, stateless reset) that may wait.
const MAX_RESPONSES: usize = 64;
/// Connections under way beyond which a new client has to prove its address first (RFC 9000 §8.1.2).
const RETRY_ABOVE: usize = 1024;

/// What an incoming UDP datagram was.
pub(crate) enum Handled {
    /// For this connection; its packets were taken in.
    Conn(usize),
    /// The first of a new connection.
    New(usize, Box<Conn>),
    /// Nothing that concerns a connection.
    Nothing,
}

pub(crate) struct Endpoint {
    inner: noq_proto::Endpoint,
    pub(crate) locals: Locals,
    built: Arc<AtomicU64>,
    responses: VecDeque<(noq_proto::Transmit, Vec<u8>)>,
}

impl Endpoint {
    pub(crate) fn new(
        identity: &Identity,
        seed: &[u8; 16],
        server: Option<(Arc<ServerConfig>, Worker)>,
        built: Arc<AtomicU64>,
    ) -> Self {
        let worker = server.as_ref().map_or(Worker::ALONE, |(_, worker)| *worker);
        let server = server.map(|(config, _)| config);
        let inner = noq_proto::Endpoint::new(config::endpoint(identity, seed, worker), server, true);
        Self { inner, locals: Locals::default(), built, responses: VecDeque::new() }
    }

    /// Starts a connection to `remote` that leaves over `link` until multipath gives it other paths.
    pub(crate) fn connect(
        &mut self,
        now: Instant,
        config: ClientConfig,
        link: LinkId,
        remote: SocketAddr,
    ) -> Result<(usize, Conn), ConnectError> {
        let (handle, inner) = self.inner.connect(now, config, remote, crate::identity::SERVER_NAME)?;
        Ok((handle.0, Conn::new(handle, inner, self.built.clone(), Some(link))))
    }

    /// Takes in a UDP datagram. `conns` finds the connection that noq names.
    pub(crate) fn handle<'a>(
        &mut self,
        now: Instant,
        arrival: &Arrival,
        data: BytesMut,
        conns: impl FnOnce(usize) -> Option<&'a mut Conn>,
    ) -> Handled {
        let Some(four_tuple) = self.locals.four_tuple(arrival) else { return Handled::Nothing };
        let mut buf = Vec::new();
        match self.inner.handle(now, four_tuple, arrival.ecn, data, &mut buf) {
            Some(DatagramEvent::ConnectionEvent(handle, event)) => match conns(handle.0) {
                Some(conn) => {
                    conn.inner.handle_event(event);
                    Handled::Conn(handle.0)
                }
                None => Handled::Nothing,
            },
            Some(DatagramEvent::NewConnection(incoming)) => self.accept(now, incoming, buf),
            Some(DatagramEvent::Response(transmit)) => {
                self.respond(transmit, buf);
                Handled::Nothing
            }
            None => Handled::Nothing,
        }
    }

    fn accept(&mut self, now: Instant, incoming: Incoming, mut buf: Vec<u8>) -> Handled {
        buf.clear();
        if self.inner.open_connections() > RETRY_ABOVE
            && !incoming.remote_address_validated()
            && incoming.may_retry()
        {
            match self.inner.retry(incoming, &mut buf) {
                Ok(transmit) => self.respond(transmit, buf),
                Err(error) => self.inner.ignore(error.into_incoming()),
            }
            return Handled::Nothing;
        }
        match self.inner.accept(incoming, now, &mut buf, None) {
            Ok((handle, inner)) => {
                Handled::New(handle.0, Box::new(Conn::new(handle, inner, self.built.clone(), None)))
            }
            Err(error) => {
                tracing::debug!(error = %error.cause, "a connection attempt was turned away");
                if let Some(transmit) = error.response {
                    self.respond(transmit, buf);
                }
                Handled::Nothing
            }
        }
    }

    fn respond(&mut self, transmit: noq_proto::Transmit, buf: Vec<u8>) {
        if self.responses.len() < MAX_RESPONSES {
            self.responses.push_back((transmit, buf));
        }
    }

    /// Passes what the connection has for the endpoint, and back. True once the connection is gone.
    pub(crate) fn exchange(&mut self, conn: &mut Conn) -> bool {
        let mut drained = false;
        while let Some(event) = conn.inner.poll_endpoint_events() {
            drained |= event.is_drained();
            if let Some(answer) = self.inner.handle_event(conn.handle, event) {
                conn.inner.handle_event(answer);
            }
        }
        drained
    }

    /// The next answer that belongs to no connection.
    pub(crate) fn poll_response(&mut self, buf: &mut Vec<u8>) -> Option<Transmit> {
        loop {
            let (transmit, bytes) = self.responses.pop_front()?;
            let Some(origin) = transmit.src_ip.and_then(|ip| self.locals.resolve(ip)) else { continue };
            buf.clear();
            buf.extend_from_slice(&bytes[..transmit.size]);
            return Some(local::outbound(&transmit, origin));
        }
    }
}
