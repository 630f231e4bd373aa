//! A whole HTTP/3 session of either role, fed with the streams of a peer that does as it likes.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tandem_engine::h3::error::Code;
use tandem_engine::h3::session::MAX_REQUESTS;
use tandem_engine::h3::{Event, Headers, Output, Role, Session};

use crate::input::Input;

/// Choices: the role, and what arrives and is done in which order. Everything is done to two sessions; the second
/// gets the same bytes one at a time, and has to come to the same end.
pub fn run(data: &[u8]) {
    let role = if data.first().is_some_and(|byte| byte & 1 == 0) { Role::Client } else { Role::Server };
    let whole = History::of(role, data, usize::MAX);
    let in_bytes = History::of(role, data, 1);
    assert_eq!(whole, in_bytes, "cut into single bytes");
}

/// What a session said.
#[derive(Debug, PartialEq)]
struct History {
    events: Vec<Event>,
    outputs: Vec<Output>,
    /// The code that the connection is to be closed with.
    error: Option<Code>,
}

impl History {
    fn of(role: Role, data: &[u8], piece: usize) -> Self {
        let mut world = World::new(role);
        let mut input = Input::new(data);
        input.byte();
        let mut error = None;
        while error.is_none() && !input.is_empty() {
            error = world.step(&mut input, piece).err();
            world.drain();
        }
        Self { events: world.events, outputs: world.outputs, error }
    }
}

struct World {
    session: Session,
    role: Role,
    /// Streams on which QUIC can deliver nothing more.
    ended: BTreeSet<u64>,
    /// Streams of which the session said that they are over.
    over: BTreeSet<u64>,
    /// Streams of which it said that they are gone.
    gone: BTreeSet<u64>,
    /// Streams that the session may write nothing more to.
    closed: BTreeSet<u64>,
    received: usize,
    bodies: BTreeMap<u64, usize>,
    events: Vec<Event>,
    outputs: Vec<Output>,
}

impl World {
    fn new(role: Role) -> Self {
        Self {
            session: Session::new(role),
            role,
            ended: BTreeSet::new(),
            over: BTreeSet::new(),
            gone: BTreeSet::new(),
            closed: BTreeSet::new(),
            received: 0,
            bodies: BTreeMap::new(),
            events: Vec::new(),
            outputs: Vec::new(),
        }
    }

    fn step(&mut self, input: &mut Input<'_>, piece: usize) -> Result<(), Code> {
        let choice = input.byte();
        let stream = u64::from(input.byte() % 96);
        match choice % 10 {
            0..=3 => {
                let fin = choice % 10 == 3;
                let bytes = if choice & 0x80 == 0 { input.short() } else { input.long() };
                self.receive(stream, bytes, fin, piece)
            }
            4 => {
                let code = input.u16().into();
                // QUIC delivers no reset after the end, and RESET_STREAM once only.
                if self.can_arrive(stream) && self.ended.insert(stream) {
                    return self.session.reset_received(stream, code).map_err(|error| error.code);
                }
                Ok(())
            }
            5 if stream & 3 == 0 => {
                let code = input.u16().into();
                self.session.stop_received(stream, code).map_err(|error| error.code)
            }
            6 => self.speak(stream, input),
            7 => {
                self.session.send_body(stream, input.short(), choice & 0x80 != 0);
                Ok(())
            }
            8 => {
                self.session.close_stream(stream);
                Ok(())
            }
            _ => {
                self.session.reset(stream, Code::RequestCancelled);
                Ok(())
            }
        }
    }

    /// Whether QUIC would deliver anything on the stream: not on one of our own that only we write to.
    fn can_arrive(&self, stream: u64) -> bool {
        let ours = (stream & 1 == 0) == (self.role == Role::Client);
        !(ours && stream & 2 != 0)
    }

    fn receive(&mut self, stream: u64, bytes: &[u8], fin: bool, piece: usize) -> Result<(), Code> {
        if !self.can_arrive(stream) || self.ended.contains(&stream) {
            return Ok(());
        }
        self.received += bytes.len();
        for chunk in bytes.chunks(piece.min(bytes.len().max(1))) {
            self.session.receive(stream, chunk, false).map_err(|error| error.code)?;
        }
        if fin {
            self.ended.insert(stream);
            self.session.receive(stream, &[], true).map_err(|error| error.code)?;
        }
        Ok(())
    }

    fn speak(&mut self, stream: u64, input: &mut Input<'_>) -> Result<(), Code> {
        let fin = input.flag();
        match self.role {
            Role::Client => {
                let methods = ["GET", "HEAD", "POST", "CONNECT"];
                let method = methods[usize::from(input.byte()) % methods.len()];
                self.session.request(&Headers::request(method, "https", "x", "/"), fin);
            }
            Role::Server => self.session.respond(stream, &Headers::response(200), fin),
        }
        Ok(())
    }

    fn drain(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.check_event(&event);
            match (self.events.last_mut(), &event) {
                (Some(Event::Body { stream: last, data: before }), Event::Body { stream, data })
                    if last == stream =>
                {
                    *before = Bytes::from([&before[..], data].concat());
                }
                _ => self.events.push(event),
            }
        }
        while let Some(output) = self.session.poll_output() {
            self.check_output(&output);
            self.outputs.push(output);
        }
    }

    fn check_event(&mut self, event: &Event) {
        let stream = match event {
            Event::Body { stream, data } => {
                assert!(!data.is_empty());
                let body = self.bodies.entry(*stream).or_default();
                *body += data.len();
                assert!(*body <= self.received, "a body is no longer than what came");
                stream
            }
            Event::Finished { stream } => {
                assert!(self.over.insert(*stream), "{event:?} after the end");
                return;
            }
            Event::Reset { stream, .. } => {
                // A message can be complete, and its answer be refused.
                assert!(self.gone.insert(*stream), "{event:?} after a reset");
                self.over.insert(*stream);
                return;
            }
            Event::Request { stream, headers } => {
                assert!(self.role == Role::Server && headers.method().is_some());
                stream
            }
            Event::Response { stream, status, .. } => {
                assert!(self.role == Role::Client && (200..1000).contains(status));
                stream
            }
            Event::PeerSettings(_) | Event::GoAway => return,
        };
        assert!(!self.over.contains(stream), "{event:?} after the end");
        assert!(self.role == Role::Client || *stream / 4 < self.over.len() as u64 + 96 + MAX_REQUESTS);
    }

    fn check_output(&mut self, output: &Output) {
        match output {
            Output::Write { stream, data, fin } => {
                assert!(!data.is_empty() || *fin);
                assert!(!self.closed.contains(stream), "{output:?} after the end");
                if *fin {
                    self.closed.insert(*stream);
                }
            }
            Output::Reset { stream, .. } => {
                assert!(self.closed.insert(*stream), "{output:?} after the end");
            }
            Output::StopSending { .. } => {}
        }
    }
}
