//! Integers with a prefix of fewer than eight bits (RFC 7541 §5.1, which RFC 9204 §4.1.1 takes over).

use bytes::BufMut;

/// Writes `value` after `flags`, which occupy the bits above the prefix of `prefix` bits (1 to 8).
pub(super) fn encode(buf: &mut impl BufMut, prefix: u32, flags: u8, value: u64) {
    let limit = (1_u64 << prefix) - 1;
    if value < limit {
        buf.put_u8(flags | value as u8);
        return;
    }
    buf.put_u8(flags | limit as u8);
    let mut rest = value - limit;
    while rest >= 0x80 {
        buf.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    buf.put_u8(rest as u8);
}

/// Reads an integer off the front of `input`; `None` if it ends too early or exceeds 62 bits, which is as much
/// as RFC 9204 §4.1.1 asks to be understood.
pub(super) fn decode(input: &mut &[u8], prefix: u32) -> Option<u64> {
    let limit = (1_u64 << prefix) - 1;
    let mut value = u64::from(take_byte(input)?) & limit;
    if value < limit {
        return Some(value);
    }
    for shift in (0..=56).step_by(7) {
        let byte = take_byte(input)?;
        value += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return (value < 1 << 62).then_some(value);
        }
    }
    None
}

fn take_byte(input: &mut &[u8]) -> Option<u8> {
    let (first, rest) = input.split_first()?;
    *input = rest;
    Some(*first)
}

#[cfg(test)]
mod tests;
