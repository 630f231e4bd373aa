//! The Huffman code of RFC 7541 Appendix B, which QPACK shares (RFC 9204 §4.1.2). Only decoding: what we send is
//! too short and too rare to be worth compressing.
//!
//! The code is canonical: of two codes the longer one is greater, and among codes of one length they ascend with
//! the symbol. The lengths alone therefore define it.

/// End of string; as a symbol it must not appear in a string.
const EOS: u16 = 256;
const LONGEST: usize = 30;

/// Length of each symbol's code in bits.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// How many codes there are of each length.
const COUNTS: [u32; LONGEST + 1] = {
    let mut counts = [0; LONGEST + 1];
    let mut symbol = 0;
    while symbol < LENGTHS.len() {
        counts[LENGTHS[symbol] as usize] += 1;
        symbol += 1;
    }
    counts
};

/// All symbols in the order of their codes.
const SYMBOLS: [u16; 257] = {
    let mut symbols = [0; 257];
    let (mut next, mut length) = (0, 0);
    while length <= LONGEST {
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                symbols[next] = symbol as u16;
                next += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    symbols
};

/// Decodes a string; `None` if it is not valid: it holds EOS, or is padded with more than seven bits or with
/// anything but the beginning of EOS, which is all ones (RFC 7541 §5.2).
pub(super) fn decode(input: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(input.len() * 8 / 5);
    let mut code = Code::default();
    for byte in input {
        for shift in (0..8).rev() {
            match code.push(u32::from(byte >> shift & 1)) {
                None => {}
                Some(EOS) => return None,
                Some(symbol) => out.push(symbol as u8),
            }
        }
    }
    let padding_is_valid = code.length < 8 && code.bits + 1 == 1 << code.length;
    padding_is_valid.then_some(out)
}

/// The part of a code that has been read.
#[derive(Default)]
struct Code {
    bits: u32,
    length: usize,
    /// The lowest code of this length.
    first: u32,
    /// The place of that code in [`SYMBOLS`].
    index: u32,
}

impl Code {
    /// Adds one bit, and gives the symbol if that completes a code. The code is complete in the mathematical
    /// sense, so 30 bits always do.
    fn push(&mut self, bit: u32) -> Option<u16> {
        self.first = (self.first + COUNTS[self.length]) << 1;
        self.index += COUNTS[self.length];
        self.bits = self.bits << 1 | bit;
        self.length += 1;
        let offset = self.bits - self.first;
        if offset >= COUNTS[self.length] {
            return None;
        }
        let symbol = SYMBOLS[(self.index + offset) as usize];
        *self = Self::default();
        Some(symbol)
    }
}

#[cfg(test)]
mod tests;
