//! The capsule protocol (RFC 9297 §3.2): a sequence of typed, length-prefixed values on a stream, decoded across any
//! borders between chunks.

use bytes::{Bytes, BytesMut};

use crate::h3::Code;
use crate::h3::varint::{self, TypeLengthReader};

/// Type of DATAGRAM (RFC 9297 §3.5), an HTTP datagram that goes by the stream.
pub const DATAGRAM: u64 = 0x00;
/// Type of ADDRESS_ASSIGN (RFC 9484 §4.7.1).
pub const ADDRESS_ASSIGN: u64 = 0x01;
/// Type of ADDRESS_REQUEST (RFC 9484 §4.7.2).
pub const ADDRESS_REQUEST: u64 = 0x02;
/// Type of ROUTE_ADVERTISEMENT (RFC 9484 §4.7.3).
pub const ROUTE_ADVERTISEMENT: u64 = 0x03;

/// Type of DUPLICATION, tandem's own, from a client: which packets the gateway is to send twice, as
/// [`Duplication`](crate::duplication::Duplication) says. Of any link so many thousandths (0: nothing is sent twice), of
/// what a metered link carries so many, 1 if links of the tier `secondary` carry copies as well, else 0; and of what is
/// sent, so many thousandths may be what was lost and goes again.
pub const DUPLICATION: u64 = 0x7464_5033;

/// The longest value of a capsule that is understood, in bytes: hundreds of routes, or the largest packet that any
/// link has.
pub const MAX_VALUE: usize = 16 * 1024;

/// A capsule of a type that is listed here, with its value as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCapsule {
    /// The type.
    pub kind: u64,
    /// The value.
    pub value: Bytes,
}

/// Why a sequence of capsules is not valid. The request is malformed then (RFC 9297 §3.3): its stream has to be reset
/// with [`Error::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stream ended within a capsule.
    #[error("stream ends within a capsule")]
    Truncated,
    /// A capsule that has to be understood has a value longer than [`MAX_VALUE`].
    #[error("capsule too long")]
    TooLong,
    /// The value of a capsule breaks a rule of its type.
    #[error("capsule not valid: {0}")]
    Malformed(&'static str),
}

impl Error {
    /// The code to reset the stream with.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Truncated | Self::Malformed(_) => Code::MessageError,
            Self::TooLong => Code::ExcessiveLoad,
        }
    }
}

/// A whole capsule.
#[must_use]
pub fn encode(kind: u64, value: &[u8]) -> Bytes {
    let mut buf = BytesMut::with_capacity(value.len() + 16);
    varint::encode(&mut buf, kind);
    varint::encode(&mut buf, value.len() as u64);
    buf.extend_from_slice(value);
    buf.freeze()
}

#[derive(Debug, Default)]
enum State {
    /// Between capsules, or within the type and length of one.
    #[default]
    Header,
    /// Within a capsule that is to be kept.
    Buffer { kind: u64, left: usize, value: BytesMut },
    /// Within a capsule that nobody wants.
    Skip { left: u64 },
}

/// Decodes the capsules of one stream.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    header: TypeLengthReader,
}

impl Decoder {
    /// Takes bytes off the front of `input` up to the end of the next capsule of a known type, or of all there is.
    /// Other types are skipped (RFC 9297 §3.2), and so is a datagram beyond [`MAX_VALUE`], which like every
    /// datagram may be lost.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`].
    pub fn decode(&mut self, input: &mut &[u8]) -> Result<Option<RawCapsule>, Error> {
        loop {
            match &mut self.state {
                State::Header => {
                    let Some((kind, length)) = self.header.read(input) else { return Ok(None) };
                    self.state = begin(kind, length)?;
                }
                State::Skip { left } => {
                    let taken = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                    *left -= taken as u64;
                    *input = &input[taken..];
                    if *left > 0 {
                        return Ok(None);
                    }
                    self.state = State::Header;
                }
                State::Buffer { kind, left, value } => {
                    let (piece, rest) = input.split_at(input.len().min(*left));
                    value.extend_from_slice(piece);
                    *left -= piece.len();
                    *input = rest;
                    if *left > 0 {
                        return Ok(None);
                    }
                    let capsule = RawCapsule { kind: *kind, value: std::mem::take(value).freeze() };
                    self.state = State::Header;
                    return Ok(Some(capsule));
                }
            }
        }
    }

    /// Checks that the stream may end here.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`].
    pub const fn finish(&self) -> Result<(), Error> {
        match self.state {
            State::Header if self.header.is_empty() => Ok(()),
            State::Header | State::Buffer { .. } | State::Skip { .. } => Err(Error::Truncated),
        }
    }
}

fn begin(kind: u64, length: u64) -> Result<State, Error> {
    let is_known =
        matches!(kind, DATAGRAM | ADDRESS_ASSIGN | ADDRESS_REQUEST | ROUTE_ADVERTISEMENT | DUPLICATION);
    match usize::try_from(length) {
        Ok(left) if is_known && left <= MAX_VALUE => Ok(State::Buffer { kind, left, value: BytesMut::new() }),
        _ if is_known && kind != DATAGRAM => Err(Error::TooLong),
        _ => Ok(State::Skip { left: length }),
    }
}

#[cfg(test)]
mod tests;
