//! Asking the gateway, and what the client tells its embedder.

use std::net::IpAddr;
use std::time::Instant;

use bytes::Bytes;

use super::{Answer, Client, MAX_BODY, PAUSE_FIRST, Purpose, State};
use crate::error::{CloseReason, code};
use crate::h3::Headers;
use crate::masque::connect_ip::{self, Capsule};

/// The gateway said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The body: JSON with `type` and `message`, if the gateway is a tandem.
    pub body: Bytes,
}

/// What happened to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// IP packets can flow, from these addresses.
    Up {
        /// Addresses and prefix lengths that the gateway assigned.
        addresses: Vec<(IpAddr, u8)>,
    },
    /// The tunnel, or an attempt at one, ended. Another attempt follows.
    Down {
        /// Why.
        reason: CloseReason,
    },
    /// The gateway refused the tunnel. Another attempt follows.
    Refused(Refusal),
    /// The answer to [`Client::post`].
    Answered {
        /// HTTP status.
        status: u16,
        /// The body.
        body: Bytes,
    },
    /// A path appeared, went or changed its state.
    PathsChanged,
}

impl Client {
    /// The peer's settings are known: makes the request.
    pub(super) fn ask(&mut self, now: Instant, handle: usize, extended_connect: bool) {
        let State::Asking { handle: current, stream, .. } = &mut self.state else { return };
        let Some(tunnel) = self.conns.get_mut(&handle).filter(|_| *current == handle && stream.is_none())
        else {
            return;
        };
        match &self.purpose {
            Purpose::Request { headers, body } => *stream = Some(tunnel.request(headers, body)),
            Purpose::Tunnel if extended_connect => {
                *stream = Some(tunnel.request_tunnel(&self.authority));
            }
            Purpose::Tunnel => {
                let reason = CloseReason::Protocol("the server offers no extended CONNECT".to_owned());
                tunnel.close(now, code::NO_ERROR, "no extended CONNECT");
                self.fail(now, ClientEvent::Down { reason }, false);
            }
        }
    }

    pub(super) fn answered(&mut self, now: Instant, handle: usize, stream: u64, headers: &Headers) {
        let State::Asking { handle: current, stream: asked, answer } = &mut self.state else { return };
        if *current != handle || *asked != Some(stream) {
            return;
        }
        let granted = matches!(self.purpose, Purpose::Tunnel) && connect_ip::is_granted(headers);
        *answer = Some(Answer { status: headers.status().unwrap_or_default(), granted, body: Vec::new() });
        // The addresses follow in a capsule; the tunnel is up when they are here.
        self.asked_at = Some(now);
    }

    pub(super) fn keep_body(&mut self, handle: usize, stream: u64, data: &[u8]) {
        if let State::Asking { handle: current, stream: asked, answer: Some(answer) } = &mut self.state
            && *current == handle
            && *asked == Some(stream)
            && answer.body.len() + data.len() <= MAX_BODY
        {
            answer.body.extend_from_slice(data);
        }
    }

    /// The request's stream ended: with an answer, or with the tunnel.
    pub(super) fn answer_complete(&mut self, now: Instant, handle: usize, stream: u64) {
        if !self.is_current(handle) {
            return;
        }
        let (status, body) = match &mut self.state {
            State::Asking { stream: asked, .. } if *asked != Some(stream) => return,
            State::Asking { answer: Some(answer), .. } if !answer.granted => {
                (answer.status, Bytes::from(std::mem::take(&mut answer.body)))
            }
            State::Idle
            | State::Racing(_)
            | State::Asking { .. }
            | State::Up { .. }
            | State::Paused { .. } => {
                if let Some(tunnel) = self.conns.get_mut(&handle) {
                    tunnel.close(now, code::NO_ERROR, "the tunnel's stream ended");
                }
                let reason = CloseReason::Protocol("the gateway ended the tunnel's stream".to_owned());
                return self.fail(now, ClientEvent::Down { reason }, false);
            }
        };
        if let Some(tunnel) = self.conns.get_mut(&handle) {
            tunnel.close(now, code::NO_ERROR, "answered");
        }
        if matches!(self.purpose, Purpose::Request { .. }) {
            self.state = State::Idle;
            self.events.push_back(ClientEvent::Answered { status, body });
        } else {
            self.fail(now, ClientEvent::Refused(Refusal { status, body }), false);
        }
    }

    pub(super) fn handle_capsule(&mut self, handle: usize, capsule: Capsule) {
        match capsule {
            Capsule::AddressAssign(addresses) if self.is_current(handle) => {
                self.state = State::Up { handle };
                self.asked_at = None;
                self.pause = PAUSE_FIRST;
                self.assigned(&addresses);
            }
            // What enters the tunnel is the client's own configuration; a gateway that forwards less answers
            // with ICMP. Datagrams were taken out of their capsules before.
            Capsule::AddressAssign(_)
            | Capsule::RouteAdvertisement(_)
            | Capsule::AddressRequest(_)
            | Capsule::Datagram(_) => {}
        }
    }
}
