//! One request stream, as its receiver sees it: the order of frames and the shape of the message
//! (RFC 9114 §4.1 and §4.4).

use super::{Event, Role};
use crate::h3::error::{Code, Error};
use crate::h3::frame::{self, Frame};
use crate::h3::headers::Headers;
use crate::h3::message::{self, Malformed};
use crate::h3::qpack;
use crate::h3::settings::MAX_FIELD_SECTION_SIZE;

/// What went wrong on a request stream, and how far that reaches.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The connection is lost.
    Connection(Error),
    /// Only this stream is.
    Stream(Code),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Connection(error)
    }
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Self {
        Self::Stream(Code::MessageError)
    }
}

/// What the method means for what may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The stream becomes a tunnel: DATA frames, and no known frame besides.
    Connect,
    /// The response has no content, whatever its `content-length`.
    Head,
    /// Anything else.
    Other,
}

impl Method {
    pub(super) fn of(headers: &Headers) -> Self {
        match headers.method() {
            Some("CONNECT") => Self::Connect,
            Some("HEAD") => Self::Head,
            _ => Self::Other,
        }
    }
}

/// How far the incoming message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The header section is to come.
    Head,
    /// Content may come.
    Body,
    /// Trailers were there; only the end may come.
    Trailers,
}

/// A live request stream.
#[derive(Debug)]
pub(super) struct RequestStream {
    id: u64,
    role: Role,
    /// Known to a client at once, to a server when the request has arrived.
    method: Method,
    frames: frame::Decoder,
    progress: Progress,
    /// Bytes of content that `content-length` announces beyond those that have arrived.
    content_left: Option<u64>,
    pub(super) receiving: bool,
    pub(super) sending: bool,
}

impl RequestStream {
    /// A stream that carries our request.
    pub(super) fn requesting(id: u64, method: Method) -> Self {
        Self::new(id, Role::Client, method)
    }

    /// A stream that a client opened.
    pub(super) fn responding(id: u64) -> Self {
        Self::new(id, Role::Server, Method::Other)
    }

    fn new(id: u64, role: Role, method: Method) -> Self {
        Self {
            id,
            role,
            method,
            frames: frame::Decoder::default(),
            progress: Progress::Head,
            content_left: None,
            receiving: true,
            sending: true,
        }
    }

    /// Takes bytes of the stream, and `fin` if they are its last.
    pub(super) fn receive(
        &mut self,
        mut data: &[u8],
        fin: bool,
        emit: &mut impl FnMut(Event),
    ) -> Result<(), Failure> {
        while let Some(frame) = self.frames.decode(&mut data)? {
            if let Some(event) = self.frame(frame)? {
                emit(event);
            }
        }
        if fin {
            self.finish()?;
            self.receiving = false;
            emit(Event::Finished { stream: self.id });
        }
        Ok(())
    }

    fn frame(&mut self, frame: Frame) -> Result<Option<Event>, Failure> {
        match frame {
            Frame::Headers(section) => {
                self.check_headers_allowed()?;
                let headers = match qpack::decode(&section, MAX_FIELD_SECTION_SIZE) {
                    Ok(headers) => headers,
                    Err(qpack::DecodeError::TooLarge) => return Err(Failure::Stream(Code::ExcessiveLoad)),
                    Err(qpack::DecodeError::Failed) => {
                        let reason = "field section cannot be decoded";
                        return Err(Error::new(Code::QpackDecompressionFailed, reason).into());
                    }
                };
                self.headers(headers)
            }
            Frame::HeadersTooLarge => {
                self.check_headers_allowed()?;
                Err(Failure::Stream(Code::ExcessiveLoad))
            }
            Frame::Data(data) => {
                if self.progress != Progress::Body {
                    return Err(unexpected("DATA frame outside the content of a message"));
                }
                if let Some(left) = &mut self.content_left {
                    *left = left.checked_sub(data.len() as u64).ok_or(Malformed)?;
                }
                Ok(Some(Event::Body { stream: self.id, data }))
            }
            Frame::PushPromise if self.role == Role::Client => {
                // We never send MAX_PUSH_ID, so every push id is too large (RFC 9114 §7.2.5).
                Err(Error::new(Code::IdError, "push that was never allowed").into())
            }
            Frame::PushPromise
            | Frame::Settings(_)
            | Frame::CancelPush(_)
            | Frame::GoAway(_)
            | Frame::MaxPushId(_) => Err(unexpected("frame that may not stand on a request stream")),
        }
    }

    fn check_headers_allowed(&self) -> Result<(), Failure> {
        match self.progress {
            Progress::Head => Ok(()),
            Progress::Body if self.method != Method::Connect => Ok(()),
            Progress::Body => Err(unexpected("HEADERS frame within a tunnel")),
            Progress::Trailers => Err(unexpected("HEADERS frame after the trailers")),
        }
    }

    fn headers(&mut self, headers: Headers) -> Result<Option<Event>, Failure> {
        let stream = self.id;
        match (self.progress, self.role) {
            (Progress::Head, Role::Server) => {
                message::check_request(&headers)?;
                self.method = Method::of(&headers);
                if self.method != Method::Connect {
                    self.content_left = message::content_length(&headers)?;
                }
                self.progress = Progress::Body;
                Ok(Some(Event::Request { stream, headers }))
            }
            (Progress::Head, Role::Client) => {
                let status = message::check_response(&headers)?;
                if status < 200 {
                    return Ok(None);
                }
                if self.method == Method::Connect && status >= 300 {
                    // Refused, so there is no tunnel but an ordinary response.
                    self.method = Method::Other;
                }
                // A response to HEAD and a 304 announce what they do not carry (RFC 9110 §8.6); in a tunnel the
                // field means nothing.
                if self.method == Method::Other && status != 304 {
                    self.content_left = message::content_length(&headers)?;
                }
                self.progress = Progress::Body;
                Ok(Some(Event::Response { stream, status, headers }))
            }
            (Progress::Body | Progress::Trailers, _) => {
                message::check_trailers(&headers)?;
                self.progress = Progress::Trailers;
                Ok(None)
            }
        }
    }

    /// Checks that the message may end here.
    fn finish(&self) -> Result<(), Failure> {
        if !self.frames.is_at_border() {
            return Err(Error::new(Code::FrameError, "stream ends within a frame").into());
        }
        if self.progress == Progress::Head {
            return Err(Failure::Stream(match self.role {
                Role::Server => Code::RequestIncomplete,
                Role::Client => Code::MessageError,
            }));
        }
        if self.content_left.is_some_and(|left| left > 0) {
            return Err(Malformed.into());
        }
        Ok(())
    }
}

fn unexpected(reason: &'static str) -> Failure {
    Error::new(Code::FrameUnexpected, reason).into()
}
