//! Requests: for a tunnel, for enrolment, for the page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::peers::Pending;
use super::{Gateway, Lease};
use crate::error::{CloseReason, code};
use crate::h3::Headers;
use crate::identity::Pin;
use crate::masque::connect_ip::{self, Capsule, Scope};
use crate::tunnel::{Tunnel, TunnelEvent};

/// Where a new client shows its invitation.
pub const ENROL_PATH: &str = "/.well-known/tandem/enroll";
/// Longest body of an enrolment.
const MAX_BODY: usize = 4096;
/// Requests of one connection that may wait for an answer.
const MAX_PENDING: usize = 4;
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
/// What a browser gets. It says no more than a look at the port does.
const PAGE: &[u8] = b"<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>It works</title></head>\n\
                    <body><h1>It works</h1><p>This server has nothing to show to browsers.</p></body>\n</html>\n";

/// Names a request until it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId {
    handle: usize,
    serial: u64,
    stream: u64,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestKind {
    /// A tunnel: answer with [`Gateway::grant`], or with [`Gateway::respond`] to refuse.
    Tunnel,
    /// To become a peer: answer with [`Gateway::respond`].
    Enrolment {
        /// The request's body.
        body: Bytes,
    },
}

/// What happened to a gateway.
pub enum GatewayEvent {
    /// A client asks, and waits for the answer.
    Request {
        /// Names the request in the answer.
        id: RequestId,
        /// What is asked for.
        kind: RequestKind,
        /// The key that the client proved to have, if it showed one.
        pin: Option<Pin>,
        /// The secret that it sent as bearer, if any. Keep it out of logs.
        bearer: Option<String>,
        /// Where it comes from.
        remote: SocketAddr,
    },
    /// A peer has a tunnel.
    PeerUp {
        /// Which, with which addresses.
        lease: Lease,
        /// Where it comes from.
        remote: SocketAddr,
    },
    /// A peer's tunnel ended.
    PeerDown {
        /// Which.
        name: Arc<str>,
        /// Why.
        reason: CloseReason,
    },
}

impl Gateway {
    pub(super) fn handle_tunnel_event(&mut self, now: Instant, handle: usize, event: TunnelEvent) {
        match event {
            TunnelEvent::Request { stream, headers } => self.handle_request(handle, stream, headers),
            TunnelEvent::Body { stream, data } => self.keep_body(handle, stream, &data),
            TunnelEvent::Finished { stream } => self.message_complete(now, handle, stream),
            TunnelEvent::Reset { stream } => self.stream_gone(now, handle, stream),
            TunnelEvent::Closed(reason) => self.lost(handle, reason),
            TunnelEvent::Capsule(Capsule::AddressRequest(wanted)) => {
                self.answer_address_request(handle, &wanted);
            }
            // A client may announce addresses and routes behind it; nothing is forwarded there.
            TunnelEvent::Capsule(_)
            | TunnelEvent::Connected
            | TunnelEvent::Settings(_)
            | TunnelEvent::Response { .. }
            | TunnelEvent::PathsChanged => {}
        }
    }

    fn handle_request(&mut self, handle: usize, stream: u64, headers: Headers) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        let scope = connect_ip::scope_of(&headers);
        let is_enrolment = headers.method() == Some("POST") && headers.path() == Some(ENROL_PATH);
        if scope == Some(Scope::Limited) {
            return peer.tunnel.respond(stream, 501, TEXT, b"Tunnels lead to everywhere here, or nowhere.\n");
        }
        if scope.is_none() && !is_enrolment {
            return answer_visitor(&mut peer.tunnel, stream, &headers);
        }
        if peer.requests.len() >= MAX_PENDING || peer.tunnel.is_established() {
            return peer.tunnel.respond(stream, 429, TEXT, b"One thing at a time.\n");
        }
        peer.requests.push(Pending { stream, headers, body: Vec::new(), is_enrolment });
        if !is_enrolment {
            self.announce(handle, stream, RequestKind::Tunnel);
        }
    }

    fn announce(&mut self, handle: usize, stream: u64, kind: RequestKind) {
        let Some(peer) = self.peers.get(&handle) else { return };
        let Some(pending) = peer.requests.iter().find(|pending| pending.stream == stream) else { return };
        self.events.push_back(GatewayEvent::Request {
            id: RequestId { handle, serial: peer.serial, stream },
            kind,
            pin: peer.tunnel.peer_pin(),
            bearer: pending.headers.bearer().map(str::to_owned),
            remote: peer.remote,
        });
    }

    fn keep_body(&mut self, handle: usize, stream: u64, data: &[u8]) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        let Some(index) = peer.requests.iter().position(|pending| pending.stream == stream) else { return };
        if peer.requests[index].body.len() + data.len() <= MAX_BODY {
            peer.requests[index].body.extend_from_slice(data);
        } else {
            peer.requests.remove(index);
            peer.tunnel.respond(stream, 413, TEXT, b"Too long.\n");
        }
    }

    /// The client has said all it has to say on a stream.
    fn message_complete(&mut self, now: Instant, handle: usize, stream: u64) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        match peer.requests.iter_mut().find(|pending| pending.stream == stream) {
            Some(pending) if pending.is_enrolment => {
                let body = Bytes::from(std::mem::take(&mut pending.body));
                self.announce(handle, stream, RequestKind::Enrolment { body });
            }
            Some(_) => {}
            None => self.stream_gone(now, handle, stream),
        }
    }

    /// A stream ended: if it is the tunnel's, so does the connection.
    fn stream_gone(&mut self, now: Instant, handle: usize, stream: u64) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        peer.requests.retain(|pending| pending.stream != stream);
        if peer.lease.is_some() && peer.tunnel.ended_with(stream) {
            peer.tunnel.close(now, code::NO_ERROR, "the tunnel's stream ended");
            self.lost(handle, CloseReason::Protocol("the peer ended the tunnel's stream".to_owned()));
        }
    }

    fn take_pending(&mut self, id: RequestId) -> Option<Pending> {
        let peer = self.peers.get_mut(&id.handle).filter(|peer| peer.serial == id.serial)?;
        let index = peer.requests.iter().position(|pending| pending.stream == id.stream)?;
        Some(peer.requests.remove(index))
    }

    /// Grants a tunnel with this lease. Nothing happens if the client is gone by now.
    pub fn grant(&mut self, now: Instant, id: RequestId, lease: Lease) {
        let Some(pending) = self.take_pending(id) else { return };
        let capsules = Self::opening_capsules(&lease);
        self.settle(now, id.handle, lease);
        if let Some(peer) = self.peers.get_mut(&id.handle) {
            peer.tunnel.grant_tunnel(id.stream, &pending.headers, &capsules);
        }
        self.wake(id.handle);
    }

    /// Answers a request with JSON. Nothing happens if the client is gone by now.
    pub fn respond(&mut self, id: RequestId, status: u16, json: &[u8]) {
        if self.take_pending(id).is_some()
            && let Some(peer) = self.peers.get_mut(&id.handle)
        {
            peer.tunnel.respond(id.stream, status, JSON, json);
            self.wake(id.handle);
        }
    }
}

/// Answers a browser, or whoever else comes along.
fn answer_visitor(tunnel: &mut Tunnel, stream: u64, headers: &Headers) {
    let is_home = headers.path() == Some("/");
    match headers.method() {
        Some("GET") if is_home => tunnel.respond(stream, 200, HTML, PAGE),
        Some("HEAD") if is_home => tunnel.respond(stream, 200, HTML, b""),
        Some("GET" | "HEAD") => tunnel.respond(stream, 404, TEXT, b"Nothing here.\n"),
        _ => tunnel.respond(stream, 405, TEXT, b"Not here.\n"),
    }
}
