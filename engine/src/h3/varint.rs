//! QUIC's variable-length integers (RFC 9000 §16), and the pair of them that opens a frame or a capsule.

use bytes::BufMut;

/// The largest value that can be encoded.
pub const MAX: u64 = (1 << 62) - 1;

/// How many bytes [`encode`] writes for `value`: 1, 2, 4 or 8.
#[must_use]
pub const fn encoded_len(value: u64) -> usize {
    match value {
        0..=0x3f => 1,
        0x40..=0x3fff => 2,
        0x4000..=0x3fff_ffff => 4,
        _ => 8,
    }
}

/// Writes `value` in the fewest bytes.
///
/// # Panics
///
/// If `value` is above [`MAX`]; every value written is our own, so that is a mistake of ours.
pub fn encode(buf: &mut impl BufMut, value: u64) {
    match encoded_len(value) {
        1 => buf.put_u8(value as u8),
        2 => buf.put_u16(0x4000 | value as u16),
        4 => buf.put_u32(0x8000_0000 | value as u32),
        _ => {
            assert!(value <= MAX, "{value} does not fit a variable-length integer");
            buf.put_u64(0xc000_0000_0000_0000 | value);
        }
    }
}

/// Reads an integer off the front of `input`; `None`, and `input` untouched, if it is not all there.
pub fn decode(input: &mut &[u8]) -> Option<u64> {
    let first = *input.first()?;
    let len = 1 << (first >> 6);
    let (bytes, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(bytes.iter().skip(1).fold(u64::from(first & 0x3f), |value, byte| value << 8 | u64::from(*byte)))
}

/// Reads the type and the length that open an HTTP/3 frame (RFC 9114 §7.1) or a capsule (RFC 9297 §3.2),
/// across any borders between chunks.
#[derive(Debug, Default)]
pub struct TypeLengthReader {
    bytes: [u8; 16],
    filled: usize,
}

impl TypeLengthReader {
    /// Takes from `input` what the pair needs, and gives it once it is complete: `(type, length)`.
    pub fn read(&mut self, input: &mut &[u8]) -> Option<(u64, u64)> {
        while let Some((first, rest)) = input.split_first() {
            // Two integers of eight bytes fill the array, and then the parse below succeeds.
            self.bytes[self.filled] = *first;
            self.filled += 1;
            *input = rest;
            let mut pending = &self.bytes[..self.filled];
            if let (Some(kind), Some(length)) = (decode(&mut pending), decode(&mut pending)) {
                self.filled = 0;
                return Some((kind, length));
            }
        }
        None
    }

    /// Whether no part of a pair is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }
}

#[cfg(test)]
mod tests;
