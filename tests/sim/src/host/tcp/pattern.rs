//! What a flow carries: bytes that follow from flow and position, so that any mistake on the way shows.

#[cfg(test)]
mod tests;

/// The content of one flow's stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    seed: u64,
}

impl Pattern {
    /// Flows with different seeds differ in about every byte.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Writes the bytes from `offset` on.
    pub(super) fn fill(self, offset: u64, out: &mut [u8]) {
        let mut at = offset / 8;
        let skip = (offset % 8) as usize;
        let (head, rest) = out.split_at_mut(((8 - skip) % 8).min(out.len()));
        if !head.is_empty() {
            let len = head.len();
            head.copy_from_slice(&self.word(at)[skip..skip + len]);
            at += 1;
        }
        let (words, tail) = rest.as_chunks_mut();
        for word in words {
            *word = self.word(at);
            at += 1;
        }
        let len = tail.len();
        tail.copy_from_slice(&self.word(at)[..len]);
    }

    /// Whether `bytes` are those from `offset` on.
    pub(super) fn matches(self, offset: u64, bytes: &[u8]) -> bool {
        let mut at = offset / 8;
        let skip = (offset % 8) as usize;
        let (head, rest) = bytes.split_at(((8 - skip) % 8).min(bytes.len()));
        if !head.is_empty() {
            if *head != self.word(at)[skip..skip + head.len()] {
                return false;
            }
            at += 1;
        }
        let (words, tail) = rest.as_chunks();
        let end = at + words.len() as u64;
        words.iter().zip(at..).all(|(word, at)| *word == self.word(at))
            && *tail == self.word(end)[..tail.len()]
    }

    /// Eight bytes of the stream: the mixing function of SplitMix64 (Steele, Lea, Flood 2014).
    fn word(self, at: u64) -> [u8; 8] {
        let mut z = (self.seed ^ at).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    }
}
