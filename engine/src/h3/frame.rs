//! HTTP/3 frames (RFC 9114 §7), decoded across any borders between chunks.
//!
//! A peer decides how long a frame is, so nothing is held that has no bound: DATA passes through in pieces, frames
//! of unknown type are skipped as they arrive, and what must be whole to be understood may be 16 KiB long.

use bytes::{Bytes, BytesMut};

use super::error::{Code, Error};
use super::varint::{self, TypeLengthReader};

/// The longest payload of a frame that is held until it is whole, in bytes.
pub const MAX_BUFFERED: usize = 16 * 1024;

/// Type of DATA.
pub const DATA: u64 = 0x00;
/// Type of HEADERS.
pub const HEADERS: u64 = 0x01;
/// Type of SETTINGS.
pub const SETTINGS: u64 = 0x04;
const CANCEL_PUSH: u64 = 0x03;
const PUSH_PROMISE: u64 = 0x05;
const GOAWAY: u64 = 0x07;
const MAX_PUSH_ID: u64 = 0x0d;

/// What [`Decoder::decode`] gives. Frames of unknown type do not appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A piece of the payload of a DATA frame, never empty.
    Data(Bytes),
    /// An encoded field section.
    Headers(Bytes),
    /// A field section longer than [`MAX_BUFFERED`], which is being skipped.
    HeadersTooLarge,
    /// The payload of a SETTINGS frame.
    Settings(Bytes),
    /// The beginning of a PUSH_PROMISE; its payload is skipped, since no push is ever allowed.
    PushPromise,
    /// CANCEL_PUSH with its push id.
    CancelPush(u64),
    /// GOAWAY with its stream or push id.
    GoAway(u64),
    /// MAX_PUSH_ID with its push id.
    MaxPushId(u64),
}

/// Appends a frame's header: what follows must be `len` bytes of payload.
pub fn encode_header(buf: &mut BytesMut, kind: u64, len: usize) {
    varint::encode(buf, kind);
    varint::encode(buf, len as u64);
}

/// A whole frame.
#[must_use]
pub fn encode(kind: u64, payload: &[u8]) -> Bytes {
    let mut buf = BytesMut::with_capacity(payload.len() + 16);
    encode_header(&mut buf, kind, payload.len());
    buf.extend_from_slice(payload);
    buf.freeze()
}

#[derive(Debug, Default)]
enum State {
    /// Between frames, or within the header of one.
    #[default]
    Header,
    /// Within DATA; `left` bytes of payload are to come.
    Data { left: u64 },
    /// Within a frame that nobody wants.
    Skip { left: u64 },
    /// Within a frame that must be whole.
    Buffer { kind: u64, left: usize, payload: BytesMut },
}

/// Decodes the frames of one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    header: TypeLengthReader,
}

impl Decoder {
    /// Takes bytes off the front of `input` up to the end of the next frame, or of all there is.
    ///
    /// # Errors
    ///
    /// A connection error: H3_FRAME_UNEXPECTED for a type reserved for HTTP/2, H3_FRAME_ERROR for a payload that
    /// does not fit its type, H3_EXCESSIVE_LOAD for SETTINGS beyond [`MAX_BUFFERED`].
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, Error> {
        loop {
            match &mut self.state {
                State::Header => {
                    let Some((kind, length)) = self.header.read(input) else { return Ok(None) };
                    if let Some(frame) = self.begin(kind, length)? {
                        return Ok(Some(frame));
                    }
                }
                State::Data { left: 0 } | State::Skip { left: 0 } => self.state = State::Header,
                State::Data { left } => {
                    let piece = take(input, left);
                    return Ok((!piece.is_empty()).then(|| Frame::Data(Bytes::copy_from_slice(piece))));
                }
                State::Skip { left } => {
                    if take(input, left).is_empty() {
                        return Ok(None);
                    }
                }
                State::Buffer { kind, left, payload } => {
                    let (piece, rest) = input.split_at(input.len().min(*left));
                    payload.extend_from_slice(piece);
                    *left -= piece.len();
                    *input = rest;
                    if *left > 0 {
                        return Ok(None);
                    }
                    let (kind, payload) = (*kind, std::mem::take(payload).freeze());
                    self.state = State::Header;
                    return whole(kind, payload).map(Some);
                }
            }
        }
    }

    /// Whether the input so far ended with the end of a frame.
    #[must_use]
    pub const fn is_at_border(&self) -> bool {
        match self.state {
            State::Header => self.header.is_empty(),
            State::Data { left } | State::Skip { left } => left == 0,
            State::Buffer { .. } => false,
        }
    }

    /// Enters the frame whose header was read.
    fn begin(&mut self, kind: u64, length: u64) -> Result<Option<Frame>, Error> {
        let (state, frame) = match kind {
            DATA => (State::Data { left: length }, None),
            HEADERS if length > MAX_BUFFERED as u64 => {
                (State::Skip { left: length }, Some(Frame::HeadersTooLarge))
            }
            SETTINGS if length > MAX_BUFFERED as u64 => {
                return Err(Error::new(Code::ExcessiveLoad, "SETTINGS frame too long"));
            }
            CANCEL_PUSH | GOAWAY | MAX_PUSH_ID if length > 8 => {
                return Err(Error::new(Code::FrameError, "frame longer than the id it carries"));
            }
            HEADERS | SETTINGS | CANCEL_PUSH | GOAWAY | MAX_PUSH_ID => {
                (State::Buffer { kind, left: length as usize, payload: BytesMut::new() }, None)
            }
            PUSH_PROMISE => (State::Skip { left: length }, Some(Frame::PushPromise)),
            // PRIORITY, PING, WINDOW_UPDATE and CONTINUATION of HTTP/2 (RFC 9114 §7.2.8).
            0x02 | 0x06 | 0x08 | 0x09 => {
                return Err(Error::new(Code::FrameUnexpected, "frame type reserved for HTTP/2"));
            }
            _ => (State::Skip { left: length }, None),
        };
        self.state = state;
        Ok(frame)
    }
}

/// Takes at most `left` bytes off the front of `input`, and off `left`.
fn take<'a>(input: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let len = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
    let (piece, rest) = input.split_at(len);
    *left -= len as u64;
    *input = rest;
    piece
}

/// The frame of a kind that is held until it is whole.
fn whole(kind: u64, payload: Bytes) -> Result<Frame, Error> {
    match kind {
        HEADERS => return Ok(Frame::Headers(payload)),
        SETTINGS => return Ok(Frame::Settings(payload)),
        _ => {}
    }
    let mut rest = payload.as_ref();
    let id = varint::decode(&mut rest).filter(|_| rest.is_empty());
    let id = id.ok_or(Error::new(Code::FrameError, "frame payload is not one id"))?;
    Ok(match kind {
        GOAWAY => Frame::GoAway(id),
        MAX_PUSH_ID => Frame::MaxPushId(id),
        _ => Frame::CancelPush(id),
    })
}

#[cfg(test)]
mod tests;
