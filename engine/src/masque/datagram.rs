//! What stands before the payload of a QUIC datagram: the request it belongs to (RFC 9297 §2.1) and the context within
//! that request (RFC 9484 §6).

use bytes::{BufMut, Bytes};

use crate::h3::{Code, Error, varint};

/// The context of plain IP packets (RFC 9484 §5).
pub const CONTEXT_IP: u64 = 0;

/// The largest quarter stream id: a quarter of the largest stream id of a request.
pub const MAX_QUARTER_STREAM_ID: u64 = varint::MAX >> 2;

/// A datagram taken apart; the payload shares the memory of what it was parsed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The stream of the request, divided by four.
    pub quarter: u64,
    /// The context id, and the payload; `None` where the datagram ends before its context id does, which only means
    /// that there is nothing in it to use.
    pub content: Option<(u64, Bytes)>,
}

/// The quarter stream id that datagrams of a request bear.
#[must_use]
pub const fn quarter_stream_id(stream: u64) -> u64 {
    stream >> 2
}

/// How many bytes [`encode_header`] writes.
#[must_use]
pub const fn header_len(quarter: u64, context: u64) -> usize {
    varint::encoded_len(quarter) + varint::encoded_len(context)
}

/// Writes what stands before the payload.
pub fn encode_header(buf: &mut impl BufMut, quarter: u64, context: u64) {
    varint::encode(buf, quarter);
    varint::encode(buf, context);
}

/// Takes a QUIC datagram apart.
///
/// # Errors
///
/// A connection error of type H3_DATAGRAM_ERROR if it does not name a request (RFC 9297 §2.1).
pub fn parse(datagram: &Bytes) -> Result<Datagram, Error> {
    let mut rest = datagram.as_ref();
    let quarter = varint::decode(&mut rest)
        .filter(|quarter| *quarter <= MAX_QUARTER_STREAM_ID)
        .ok_or(Error { code: Code::DatagramError, reason: "datagram does not name a request" })?;
    Ok(Datagram { quarter, content: split_context(datagram, rest) })
}

/// Takes an HTTP datagram apart, of which the request is known already, as with one that came in a DATAGRAM capsule:
/// the context id and the payload.
#[must_use]
pub fn parse_payload(payload: &Bytes) -> Option<(u64, Bytes)> {
    split_context(payload, payload)
}

/// Reads the context id off the front of `rest`, the end of `whole`.
fn split_context(whole: &Bytes, mut rest: &[u8]) -> Option<(u64, Bytes)> {
    let context = varint::decode(&mut rest)?;
    Some((context, whole.slice(whole.len() - rest.len()..)))
}

#[cfg(test)]
mod tests;
