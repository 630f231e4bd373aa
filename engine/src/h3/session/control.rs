//! The unidirectional streams that the peer opens: which they are, and what may stand on its control stream
//! (RFC 9114 §6.2 and §7.2).

use std::collections::BTreeMap;

use super::{Event, Output, Role};
use crate::h3::error::{Code, Error};
use crate::h3::frame::{self, Frame};
use crate::h3::qpack;
use crate::h3::settings::Settings;
use crate::h3::varint;

/// Type of the control stream.
pub(super) const CONTROL: u64 = 0x00;
/// Type of QPACK's encoder stream.
pub(super) const QPACK_ENCODER: u64 = 0x02;
/// Type of QPACK's decoder stream.
pub(super) const QPACK_DECODER: u64 = 0x03;
const PUSH: u64 = 0x01;

/// How many unidirectional streams of the peer may be open at once: the three critical ones, and some that have
/// not said yet what they are or that we have asked not to be sent.
pub const MAX_UNIDIRECTIONAL: u64 = 16;

#[derive(Debug)]
enum Kind {
    /// The bytes so far of a type that is not complete.
    Unknown(Vec<u8>),
    Control,
    Encoder,
    Decoder(qpack::DecoderStream),
}

/// All unidirectional streams of the peer that are open.
#[derive(Debug)]
pub(super) struct PeerStreams {
    role: Role,
    streams: BTreeMap<u64, Kind>,
    /// The lowest id that no stream has had.
    next: u64,
    control: Control,
}

impl PeerStreams {
    pub(super) fn new(role: Role) -> Self {
        let next = match role {
            Role::Client => 3,
            Role::Server => 2,
        };
        Self { role, streams: BTreeMap::new(), next, control: Control::new(role) }
    }

    /// Takes bytes of the stream `id`.
    pub(super) fn receive(
        &mut self,
        id: u64,
        mut data: &[u8],
        fin: bool,
        events: &mut impl FnMut(Event),
        outputs: &mut impl FnMut(Output),
    ) -> Result<(), Error> {
        self.open_up_to(id)?;
        if let Some(Kind::Unknown(_)) = self.streams.get(&id) {
            self.identify(id, &mut data, outputs)?;
        }
        // A stream that is not there is one that we want nothing of.
        let Some(kind) = self.streams.get_mut(&id) else { return Ok(()) };
        match kind {
            Kind::Unknown(_) => {}
            Kind::Control => self.control.receive(data, events)?,
            Kind::Encoder => qpack::EncoderStream.receive(data)?,
            Kind::Decoder(stream) => stream.receive(data)?,
        }
        if fin { self.close(id) } else { Ok(()) }
    }

    /// The stream `id` was closed or reset by the peer, which critical streams must not be (RFC 9114 §6.2.1,
    /// RFC 9204 §4.2), and others may be before they have said their type (RFC 9114 §6.2).
    pub(super) fn close(&mut self, id: u64) -> Result<(), Error> {
        self.open_up_to(id)?;
        match self.streams.remove(&id) {
            None | Some(Kind::Unknown(_)) => Ok(()),
            Some(_) => Err(Error::new(Code::ClosedCriticalStream, "critical stream closed")),
        }
    }

    /// Registers the stream and those below it, which QUIC opens with it (RFC 9000 §3.2).
    fn open_up_to(&mut self, id: u64) -> Result<(), Error> {
        while self.next <= id {
            if self.streams.len() as u64 == MAX_UNIDIRECTIONAL {
                return Err(Error::new(Code::ExcessiveLoad, "too many unidirectional streams"));
            }
            self.streams.insert(self.next, Kind::Unknown(Vec::new()));
            self.next += 4;
        }
        Ok(())
    }

    /// Reads the type off the front of `data` as far as it is there, and acts on it once it is known.
    fn identify(&mut self, id: u64, data: &mut &[u8], outputs: &mut impl FnMut(Output)) -> Result<(), Error> {
        let Some(Kind::Unknown(pending)) = self.streams.get_mut(&id) else { return Ok(()) };
        let kind = loop {
            if let Some(kind) = varint::decode(&mut pending.as_slice()) {
                break kind;
            }
            let Some((first, rest)) = data.split_first() else { return Ok(()) };
            pending.push(*first);
            *data = rest;
        };
        let kind = match kind {
            CONTROL => Kind::Control,
            QPACK_ENCODER => Kind::Encoder,
            QPACK_DECODER => Kind::Decoder(qpack::DecoderStream::default()),
            PUSH if self.role == Role::Client => {
                return Err(Error::new(Code::IdError, "push that was never allowed"));
            }
            PUSH => return Err(Error::new(Code::StreamCreationError, "push stream of a client")),
            _ => {
                self.streams.remove(&id);
                outputs(Output::StopSending { stream: id, code: Code::StreamCreationError.value() });
                return Ok(());
            }
        };
        if self.streams.values().any(|other| std::mem::discriminant(other) == std::mem::discriminant(&kind)) {
            return Err(Error::new(Code::StreamCreationError, "critical stream opened twice"));
        }
        self.streams.insert(id, kind);
        Ok(())
    }
}

/// The peer's control stream.
#[derive(Debug)]
struct Control {
    role: Role,
    frames: frame::Decoder,
    has_settings: bool,
    /// The id of the last GOAWAY; ids must not increase (RFC 9114 §5.2).
    going_away_at: Option<u64>,
    /// The id of the last MAX_PUSH_ID; ids must not decrease (RFC 9114 §7.2.7).
    max_push_id: u64,
}

impl Control {
    fn new(role: Role) -> Self {
        Self {
            role,
            frames: frame::Decoder::default(),
            has_settings: false,
            going_away_at: None,
            max_push_id: 0,
        }
    }

    fn receive(&mut self, mut data: &[u8], events: &mut impl FnMut(Event)) -> Result<(), Error> {
        while let Some(frame) = self.frames.decode(&mut data)? {
            match frame {
                Frame::Settings(payload) if !self.has_settings => {
                    self.has_settings = true;
                    events(Event::PeerSettings(Settings::decode(&payload)?));
                }
                Frame::Settings(_) => return Err(unexpected("second SETTINGS frame")),
                _ if !self.has_settings => {
                    let reason = "control stream does not begin with SETTINGS";
                    return Err(Error::new(Code::MissingSettings, reason));
                }
                Frame::Data(_) | Frame::Headers(_) | Frame::HeadersTooLarge | Frame::PushPromise => {
                    return Err(unexpected("frame that may not stand on the control stream"));
                }
                // Neither end has promised or allowed a push, so there is none to cancel (RFC 9114 §7.2.3).
                Frame::CancelPush(_) => return Err(Error::new(Code::IdError, "push that does not exist")),
                Frame::MaxPushId(id) => self.max_push_id(id)?,
                Frame::GoAway(id) => {
                    self.go_away(id)?;
                    events(Event::GoAway);
                }
            }
        }
        Ok(())
    }

    fn max_push_id(&mut self, id: u64) -> Result<(), Error> {
        if self.role == Role::Client {
            return Err(unexpected("MAX_PUSH_ID from a server"));
        }
        if id < self.max_push_id {
            return Err(Error::new(Code::IdError, "MAX_PUSH_ID decreased"));
        }
        self.max_push_id = id;
        Ok(())
    }

    fn go_away(&mut self, id: u64) -> Result<(), Error> {
        // A server names a request, a client a push, of which any number will do.
        if self.role == Role::Client && !id.is_multiple_of(4) {
            return Err(Error::new(Code::IdError, "GOAWAY does not name a request stream"));
        }
        if self.going_away_at.is_some_and(|last| id > last) {
            return Err(Error::new(Code::IdError, "GOAWAY increased"));
        }
        self.going_away_at = Some(id);
        Ok(())
    }
}

const fn unexpected(reason: &'static str) -> Error {
    Error::new(Code::FrameUnexpected, reason)
}
