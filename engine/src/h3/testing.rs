//! Input for tests that feed a decoder with anything at all.

/// A seeded generator (xorshift64*), so that a failure can be repeated.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Fewer than `bound` random bytes, the low ones more likely, since types and lengths are low.
    pub(crate) fn bytes(&mut self, bound: usize) -> Vec<u8> {
        let len = self.below(bound);
        (0..len).map(|_| if self.next() & 1 == 0 { self.below(8) as u8 } else { self.next() as u8 }).collect()
    }
}

/// Cuts `bytes` into pieces of random length, in order.
pub(crate) fn pieces<'a>(noise: &mut Noise, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (head, tail) = bytes.split_at(1 + noise.below(bytes.len()));
        out.push(head);
        bytes = tail;
    }
    out
}

/// The bytes that a string of hexadecimal digits stands for; white space is skipped.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}
