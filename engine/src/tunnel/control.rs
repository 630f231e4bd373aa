//! Streams: HTTP/3 requests, and the capsules of the tunnel's own.

use std::time::Instant;

use bytes::BytesMut;

use super::{CONTEXTS, ContextIds, Tunnel, TunnelEvent};
use crate::class::Side;
use crate::duplication::Duplication;
use crate::h3::{Event, Headers, Output, varint};
use crate::masque::capsule::{self, DUPLICATION};
use crate::masque::connect_ip::{self, Capsule};
use crate::masque::datagram;
use crate::masque::extension::{Contexts, FIELD};

impl Tunnel {
    /// Makes a request; its stream.
    pub(crate) fn request(&mut self, headers: &Headers, body: &[u8]) -> u64 {
        let stream = self.session.request(headers, body.is_empty());
        if !body.is_empty() {
            self.session.send_body(stream, body, true);
        }
        self.flush_session();
        stream
    }

    /// Asks the gateway for a tunnel; the request's stream.
    pub(crate) fn request_tunnel(&mut self, authority: &str) -> u64 {
        self.offered = Contexts::offer(&CONTEXTS);
        let headers = connect_ip::request(authority).with(FIELD, self.offered.to_string());
        let stream = self.session.request(&headers, false);
        self.asked = Some(stream);
        self.flush_session();
        stream
    }

    /// The gateway granted the tunnel: packets may flow.
    fn tunnel_granted(&mut self, stream: u64, response: &Headers) {
        let agreed = self.offered.clone().confirm(&Contexts::from_headers(response));
        self.contexts = ContextIds::of(&agreed);
        self.stream = Some(stream);
        self.tell_of_paths();
        self.tell_duplication();
    }

    /// Grants the client's request for a tunnel, with these capsules to begin with.
    pub(crate) fn grant_tunnel(&mut self, stream: u64, request: &Headers, capsules: &[Capsule]) {
        let agreed = Contexts::from_headers(request).accept(&CONTEXTS);
        let mut response = connect_ip::response();
        if !agreed.is_empty() {
            response = response.with(FIELD, agreed.to_string());
        }
        self.contexts = ContextIds::of(&agreed);
        self.stream = Some(stream);
        self.session.respond(stream, &response, false);
        for capsule in capsules {
            self.session.send_body(stream, &capsule.encode(), false);
        }
        self.flush_session();
    }

    /// Sends a capsule on the tunnel's stream.
    pub(crate) fn send_capsule(&mut self, capsule: &Capsule) {
        if let Some(stream) = self.stream {
            self.session.send_body(stream, &capsule.encode(), false);
            self.flush_session();
        }
    }

    /// Answers a request with a message.
    pub(crate) fn respond(&mut self, stream: u64, status: u16, content_type: &'static str, body: &[u8]) {
        let headers = Headers::response(status)
            .with("content-type", content_type)
            .with("content-length", body.len().to_string());
        self.session.respond(stream, &headers, body.is_empty());
        if !body.is_empty() {
            self.session.send_body(stream, body, true);
        }
        self.flush_session();
    }

    /// Tells the gateway which packets it is to send twice.
    pub(super) fn tell_duplication(&mut self) {
        let Some(stream) = self.stream.filter(|_| self.contexts.lane.is_some()) else { return };
        let mut value = BytesMut::new();
        self.duplication.numbers().iter().for_each(|number| varint::encode(&mut value, *number));
        self.session.send_body(stream, &capsule::encode(DUPLICATION, &value), false);
        self.flush_session();
    }

    /// Reads what came on streams, and acts on it.
    pub(super) fn drain_streams(&mut self, now: Instant) {
        let mut error = None;
        let session = &mut self.session;
        self.conn.read_streams(|stream, read| {
            let result = match read {
                Ok((data, fin)) => session.receive(stream, data, fin),
                Err(code) => session.reset_received(stream, code),
            };
            if let Err(cause) = result {
                error.get_or_insert(cause);
            }
        });
        while let Some(event) = self.session.poll_event() {
            self.handle_session_event(now, event);
        }
        self.flush_session();
        if let Some(error) = error {
            tracing::debug!(%error, "the peer broke a rule of HTTP/3");
            self.close(now, error.code.value(), error.reason);
        }
    }

    /// The peer wants no more bytes on a stream.
    pub(super) fn stream_stopped(&mut self, now: Instant, stream: u64, code: u64) {
        if let Err(error) = self.session.stop_received(stream, code) {
            self.close(now, error.code.value(), error.reason);
        }
    }

    fn handle_session_event(&mut self, now: Instant, event: Event) {
        let event = match event {
            Event::PeerSettings(settings) => TunnelEvent::Settings(settings),
            Event::Request { stream, headers } => TunnelEvent::Request { stream, headers },
            Event::Response { stream, headers, .. } => {
                // At once: the capsules that follow belong to the tunnel.
                if self.asked == Some(stream) && connect_ip::is_granted(&headers) {
                    self.tunnel_granted(stream, &headers);
                }
                TunnelEvent::Response { stream, headers }
            }
            Event::Body { stream, data } if self.stream == Some(stream) => {
                return self.receive_capsules(now, stream, &data);
            }
            Event::Body { stream, data } => TunnelEvent::Body { stream, data },
            Event::Finished { stream } => TunnelEvent::Finished { stream },
            Event::Reset { stream, .. } => TunnelEvent::Reset { stream },
            Event::GoAway => return,
        };
        self.events.push_back(event);
    }

    fn receive_capsules(&mut self, now: Instant, stream: u64, mut data: &[u8]) {
        loop {
            let decoded = match self.capsules.decode(&mut data) {
                Ok(None) => return,
                Ok(Some(raw)) if raw.kind == DUPLICATION => {
                    self.receive_duplication(&raw.value);
                    continue;
                }
                Ok(Some(raw)) => Capsule::decode(raw),
                Err(error) => Err(error),
            };
            match decoded {
                Ok(Some(Capsule::Datagram(payload))) => {
                    if let Some((context, payload)) = datagram::parse_payload(&payload) {
                        self.receive_context(now, None, context, payload);
                    }
                }
                Ok(Some(capsule)) => self.events.push_back(TunnelEvent::Capsule(capsule)),
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(%error, "the peer sent a malformed capsule");
                    self.session.reset(stream, error.code());
                    self.stream = None;
                    self.events.push_back(TunnelEvent::Reset { stream });
                    return;
                }
            }
        }
    }

    /// The client says what is to be sent twice. A client is not told.
    fn receive_duplication(&mut self, value: &[u8]) {
        if let Some(duplication) = Duplication::decode(value).filter(|_| self.side == Side::Gateway) {
            self.duplication = duplication;
        }
    }

    fn flush_session(&mut self) {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Write { stream, data, fin } => self.conn.write_stream(stream, data, fin),
                Output::Reset { stream, code } => self.conn.reset_stream(stream, code),
                Output::StopSending { stream, code } => self.conn.stop_stream(stream, code),
            }
        }
        self.control_pending = true;
    }
}
