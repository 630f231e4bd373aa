//! One HTTP/3 connection (RFC 9114 §3 to §6), of either role.
//!
//! Stream ids are QUIC's (RFC 9000 §2.1), and since QUIC numbers streams in order, the session knows them in advance:
//! a client's requests are 0, 4, 8…, its own unidirectional streams 2, 6, 10, a server's 3, 7, 11. Whoever carries
//! out an [`Output::Write`] to a stream of this side that QUIC does not know yet opens one, and gets that very id.
//!
//! What a peer can make a session hold is bounded: [`MAX_REQUESTS`] request streams, [`MAX_UNIDIRECTIONAL`]
//! others, and on each a frame of at most 16 KiB. Events and outputs are queued, so both have to be drained after every
//! call. Bodies are not held; whoever lets QUIC read on decides how much of them there can be.

mod control;
mod request;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use bytes::{Bytes, BytesMut};

use super::error::{Code, Error};
use super::headers::Headers;
use super::settings::Settings;
use super::{frame, qpack, varint};
pub use control::MAX_UNIDIRECTIONAL;
use control::PeerStreams;
use request::{Failure, Method, RequestStream};

/// How many request streams of a client may be open at once: a tunnel needs one, a browser a few. QUIC has to be told
/// the same number (`initial_max_streams_bidi`), else a client that uses its allowance loses the connection.
pub const MAX_REQUESTS: u64 = 16;

/// Which end of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sends requests.
    Client,
    /// Answers them.
    Server,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The peer's SETTINGS have arrived, which happens once. A client must not send an extended CONNECT before.
    PeerSettings(Settings),
    /// A client's request; the session has found it well-formed.
    Request {
        /// Its stream.
        stream: u64,
        /// Its header section.
        headers: Headers,
    },
    /// The final response to a request of ours.
    Response {
        /// The stream of the request.
        stream: u64,
        /// Its status, at least 200.
        status: u16,
        /// Its header section.
        headers: Headers,
    },
    /// A piece of the content of a message, or of what a tunnel carries. Never empty.
    Body {
        /// Its stream.
        stream: u64,
        /// The piece.
        data: Bytes,
    },
    /// The peer's message is complete; nothing more will come on this stream.
    Finished {
        /// The stream.
        stream: u64,
    },
    /// The stream is gone in both directions: the peer gave it up, or sent what makes it useless.
    Reset {
        /// The stream.
        stream: u64,
        /// The peer's code, or the one that we answered with.
        code: u64,
    },
    /// The peer will take no more requests, because it is about to close the connection.
    GoAway,
}

/// What QUIC has to be told.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Append to a stream.
    Write {
        /// The stream, to be opened if it is ours and new.
        stream: u64,
        /// The bytes, none only if `fin` is set.
        data: Bytes,
        /// Whether they are the last.
        fin: bool,
    },
    /// Give up the sending part of a stream (RESET_STREAM).
    Reset {
        /// The stream.
        stream: u64,
        /// The application's error code.
        code: u64,
    },
    /// Ask the peer to send no more on a stream (STOP_SENDING).
    StopSending {
        /// The stream.
        stream: u64,
        /// The application's error code.
        code: u64,
    },
}

/// Shows how much is written rather than what, since that can be a secret.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { stream, data, fin } => {
                write!(f, "Write {{ stream: {stream}, {} bytes, fin: {fin} }}", data.len())
            }
            Self::Reset { stream, code } => write!(f, "Reset {{ stream: {stream}, code: {code:#x} }}"),
            Self::StopSending { stream, code } => {
                write!(f, "StopSending {{ stream: {stream}, code: {code:#x} }}")
            }
        }
    }
}

/// One HTTP/3 connection.
///
/// All calls about a stream that is over are ignored, since its end and the call may cross.
#[derive(Debug)]
pub struct Session {
    role: Role,
    requests: BTreeMap<u64, RequestStream>,
    /// The lowest id that no request stream has had.
    next_request: u64,
    peer_streams: PeerStreams,
    events: VecDeque<Event>,
    outputs: VecDeque<Output>,
}

impl Session {
    /// Begins: queues our control stream with SETTINGS, and QPACK's two streams, which stay empty.
    #[must_use]
    pub fn new(role: Role) -> Self {
        let mut session = Self {
            role,
            requests: BTreeMap::new(),
            next_request: 0,
            peer_streams: PeerStreams::new(role),
            events: VecDeque::new(),
            outputs: VecDeque::new(),
        };
        let first = match role {
            Role::Client => 2,
            Role::Server => 3,
        };
        let settings = frame::encode(frame::SETTINGS, &Settings::local(role).encode());
        session.open(first, control::CONTROL, &settings);
        session.open(first + 4, control::QPACK_ENCODER, &[]);
        session.open(first + 8, control::QPACK_DECODER, &[]);
        session
    }

    /// Takes bytes that arrived on a stream, in order, and `fin` if they are its last.
    ///
    /// # Errors
    ///
    /// The connection has to be closed with the error's code. What concerns one stream only comes out as
    /// [`Event::Reset`] and outputs.
    pub fn receive(&mut self, stream: u64, data: &[u8], fin: bool) -> Result<(), Error> {
        if is_unidirectional(stream) {
            let (events, outputs) = (&mut self.events, &mut self.outputs);
            let mut emit = |event| events.push_back(event);
            let mut output = |output| outputs.push_back(output);
            return self.peer_streams.receive(stream, data, fin, &mut emit, &mut output);
        }
        self.accept(stream)?;
        let Some(request) = self.requests.get_mut(&stream) else { return Ok(()) };
        match request.receive(data, fin, &mut |event| self.events.push_back(event)) {
            Ok(()) => self.forget_if_over(stream),
            Err(Failure::Stream(code)) => self.fail(stream, code.value()),
            Err(Failure::Connection(error)) => return Err(error),
        }
        Ok(())
    }

    /// The peer has given up sending on a stream (RESET_STREAM).
    ///
    /// # Errors
    ///
    /// The connection has to be closed, because it cannot do without that stream.
    pub fn reset_received(&mut self, stream: u64, code: u64) -> Result<(), Error> {
        if is_unidirectional(stream) {
            return self.peer_streams.close(stream);
        }
        self.accept(stream)?;
        if let Some(request) = self.requests.get_mut(&stream) {
            request.receiving = false;
            self.abandon(stream, Code::RequestCancelled.value());
            self.events.push_back(Event::Reset { stream, code });
        }
        Ok(())
    }

    /// The peer wants nothing more on a stream (STOP_SENDING).
    ///
    /// # Errors
    ///
    /// The connection has to be closed, because it cannot do without that stream.
    pub fn stop_received(&mut self, stream: u64, code: u64) -> Result<(), Error> {
        if is_unidirectional(stream) {
            return Err(Error::new(Code::ClosedCriticalStream, "critical stream refused"));
        }
        self.accept(stream)?;
        let Some(request) = self.requests.get_mut(&stream) else { return Ok(()) };
        if code == Code::NoError.value() {
            // The response is complete without the rest of the request (RFC 9114 §4.1), and may be yet to arrive.
            if std::mem::take(&mut request.sending) {
                self.outputs.push_back(Output::Reset { stream, code });
            }
            self.forget_if_over(stream);
        } else {
            self.fail(stream, code);
        }
        Ok(())
    }

    /// The next event, in the order in which things happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next thing to tell QUIC, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Sends a request and gives its stream. A client's part only.
    pub fn request(&mut self, headers: &Headers, fin: bool) -> u64 {
        let stream = self.next_request;
        self.next_request += 4;
        self.requests.insert(stream, RequestStream::requesting(stream, Method::of(headers)));
        self.send(stream, frame::encode(frame::HEADERS, &qpack::encode(headers)), fin);
        stream
    }

    /// Answers a request. A server's part only.
    pub fn respond(&mut self, stream: u64, headers: &Headers, fin: bool) {
        self.send(stream, frame::encode(frame::HEADERS, &qpack::encode(headers)), fin);
    }

    /// Sends content, in a DATA frame of its own.
    pub fn send_body(&mut self, stream: u64, data: &[u8], fin: bool) {
        let framed = if data.is_empty() { Bytes::new() } else { frame::encode(frame::DATA, data) };
        if fin || !framed.is_empty() {
            self.send(stream, framed, fin);
        }
    }

    /// Gives a stream up in both directions.
    pub fn reset(&mut self, stream: u64, code: Code) {
        self.abandon(stream, code.value());
    }

    /// Ends a stream in good order: what was sent is complete, and what may still come is not needed
    /// (RFC 9114 §4.1).
    pub fn close_stream(&mut self, stream: u64) {
        self.send(stream, Bytes::new(), true);
        if self.requests.remove(&stream).is_some() {
            self.outputs.push_back(Output::StopSending { stream, code: Code::NoError.value() });
        }
    }

    /// Queues the beginning of a unidirectional stream of ours.
    fn open(&mut self, stream: u64, kind: u64, rest: &[u8]) {
        let mut data = BytesMut::new();
        varint::encode(&mut data, kind);
        data.extend_from_slice(rest);
        self.outputs.push_back(Output::Write { stream, data: data.freeze(), fin: false });
    }

    fn send(&mut self, stream: u64, data: Bytes, fin: bool) {
        let Some(request) = self.requests.get_mut(&stream) else { return };
        if !request.sending {
            return;
        }
        request.sending = !fin;
        self.outputs.push_back(Output::Write { stream, data, fin });
        self.forget_if_over(stream);
    }

    /// Registers a stream that a client opened, and those below it, which QUIC opens with it (RFC 9000 §3.2).
    fn accept(&mut self, stream: u64) -> Result<(), Error> {
        if stream & 1 == 1 {
            return Err(Error::new(Code::StreamCreationError, "bidirectional stream of a server"));
        }
        while self.role == Role::Server && self.next_request <= stream {
            if self.requests.len() as u64 == MAX_REQUESTS {
                return Err(Error::new(Code::ExcessiveLoad, "too many request streams"));
            }
            self.requests.insert(self.next_request, RequestStream::responding(self.next_request));
            self.next_request += 4;
        }
        Ok(())
    }

    /// Ends what is left of a stream, and tells the user of it.
    fn fail(&mut self, stream: u64, code: u64) {
        self.abandon(stream, code);
        self.events.push_back(Event::Reset { stream, code });
    }

    fn abandon(&mut self, stream: u64, code: u64) {
        let Some(request) = self.requests.remove(&stream) else { return };
        if request.sending {
            self.outputs.push_back(Output::Reset { stream, code });
        }
        if request.receiving {
            self.outputs.push_back(Output::StopSending { stream, code });
        }
    }

    fn forget_if_over(&mut self, stream: u64) {
        if self.requests.get(&stream).is_some_and(|request| !request.receiving && !request.sending) {
            self.requests.remove(&stream);
        }
    }
}

/// Whether a stream id is that of a unidirectional stream (RFC 9000 §2.1).
const fn is_unidirectional(stream: u64) -> bool {
    stream & 2 != 0
}

#[cfg(test)]
mod tests;
