//! QPACK (RFC 9204) without a dynamic table: field sections that depend on nothing but themselves.
//!
//! We allow the peer no table (its capacity stays at the default of 0) and use none of the peer's, so no stream ever
//! waits for another. Literals are sent plain; Huffman coding is understood.

mod huffman;
mod integer;
mod static_table;
mod streams;

use bytes::{BufMut, Bytes, BytesMut};

use super::headers::{Field, Headers};
use static_table::Match;
pub(super) use streams::{DecoderStream, EncoderStream};

/// Why a field section could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not valid, or refers to the dynamic table that does not exist: a connection error of type
    /// QPACK_DECOMPRESSION_FAILED (RFC 9204 §6).
    #[error("field section cannot be decoded")]
    Failed,
    /// It is larger than the receiver allows: a matter of this message only (RFC 9114 §4.2.2).
    #[error("field section too large")]
    TooLarge,
}

// The first bits of the representations of a field line, RFC 9204 §4.5.
const INDEXED: u8 = 0b1000_0000;
const INDEXED_STATIC: u8 = 0b0100_0000;
const NAME_REFERENCE: u8 = 0b0100_0000;
const NAME_REFERENCE_NEVER_INDEXED: u8 = 0b0010_0000;
const NAME_REFERENCE_STATIC: u8 = 0b0001_0000;
const LITERAL_NAME: u8 = 0b0010_0000;
const LITERAL_NAME_NEVER_INDEXED: u8 = 0b0001_0000;

/// Encodes a field section.
#[must_use]
pub fn encode(headers: &Headers) -> Bytes {
    let mut buf = BytesMut::new();
    // Required Insert Count and Base, both 0: nothing of the dynamic table is needed (RFC 9204 §4.5.1).
    buf.put_slice(&[0, 0]);
    for field in headers {
        let sensitive = |flag| if field.is_sensitive() { flag } else { 0 };
        match static_table::find(field) {
            Match::Field(index) => {
                integer::encode(&mut buf, 6, INDEXED | INDEXED_STATIC, index);
                continue;
            }
            Match::Name(index) => {
                let flags = NAME_REFERENCE | NAME_REFERENCE_STATIC | sensitive(NAME_REFERENCE_NEVER_INDEXED);
                integer::encode(&mut buf, 4, flags, index);
            }
            Match::None => {
                let flags = LITERAL_NAME | sensitive(LITERAL_NAME_NEVER_INDEXED);
                integer::encode(&mut buf, 3, flags, field.name.len() as u64);
                buf.put_slice(&field.name);
            }
        }
        integer::encode(&mut buf, 7, 0, field.value.len() as u64);
        buf.put_slice(&field.value);
    }
    buf.freeze()
}

/// Decodes a field section of at most `max_size` bytes in the measure of RFC 9114 §4.2.2 (names, values, and 32 for
/// each field).
///
/// # Errors
///
/// See [`DecodeError`].
pub fn decode(mut section: &[u8], max_size: usize) -> Result<Headers, DecodeError> {
    let required_insert_count = integer::decode(&mut section, 8).ok_or(DecodeError::Failed)?;
    let base_is_negative = section.first().is_some_and(|byte| byte & 0x80 != 0);
    integer::decode(&mut section, 7).ok_or(DecodeError::Failed)?;
    if required_insert_count != 0 || base_is_negative {
        return Err(DecodeError::Failed);
    }
    let mut fields = Vec::new();
    let mut size = 0;
    while let Some(first) = section.first() {
        let field = decode_line(*first, &mut section).ok_or(DecodeError::Failed)?;
        size += field.name.len() + field.value.len() + 32;
        if size > max_size {
            return Err(DecodeError::TooLarge);
        }
        fields.push(field);
    }
    Ok(fields.into_iter().collect())
}

/// Reads one field line, of which `first` is the first byte; `None` if it is not valid here.
fn decode_line(first: u8, section: &mut &[u8]) -> Option<Field> {
    if first & INDEXED != 0 {
        let index = integer::decode(section, 6)?;
        return (first & INDEXED_STATIC != 0).then(|| static_table::get(index))?;
    }
    let name = if first & NAME_REFERENCE != 0 {
        let index = integer::decode(section, 4)?;
        (first & NAME_REFERENCE_STATIC != 0).then(|| static_table::get(index))??.name
    } else if first & LITERAL_NAME != 0 {
        decode_string(section, 3)?
    } else {
        // Both representations with a post-base index belong to the dynamic table.
        return None;
    };
    Some(Field { name, value: decode_string(section, 7)? })
}

/// Reads a string whose length has a prefix of `prefix` bits, below the bit that says whether it is Huffman-coded.
fn decode_string(section: &mut &[u8], prefix: u32) -> Option<Bytes> {
    let is_huffman = section.first()? >> prefix & 1 == 1;
    let len = usize::try_from(integer::decode(section, prefix)?).ok()?;
    let (bytes, rest) = section.split_at_checked(len)?;
    *section = rest;
    if is_huffman { huffman::decode(bytes).map(Bytes::from) } else { Some(Bytes::copy_from_slice(bytes)) }
}

#[cfg(test)]
mod tests;
