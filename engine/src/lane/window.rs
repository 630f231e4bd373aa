//! Finds packets that arrive a second time: those sent again although the first copy was not lost after all.

use super::{SEQUENCES, ahead};

/// Sequence numbers that are remembered, newest back: 0.1 s of one flow at 150,000 packets a second.
const WINDOW: u32 = 16_384;
const WORDS: usize = (WINDOW / 64) as usize;

/// A sliding window over one lane's numbers (the idea of RFC 6479).
#[derive(Debug)]
pub(super) struct Window {
    /// Bit `s mod WINDOW` is set once `s` arrived.
    seen: Box<[u64; WORDS]>,
    newest: u32,
}

impl Window {
    /// Begins with the first number that arrived.
    pub(super) fn new(seq: u32) -> Self {
        let mut window = Self { seen: Box::new([0; WORDS]), newest: seq };
        window.set(seq);
        window
    }

    /// Notes the arrival of `seq`: whether it is the first. What is older than the window counts as a copy:
    /// nobody waits for it any more.
    pub(super) fn is_first(&mut self, seq: u32) -> bool {
        let distance = ahead(seq, self.newest);
        if distance > 0 {
            if distance.cast_unsigned() >= WINDOW {
                self.seen.fill(0);
            } else {
                (1..distance.cast_unsigned()).for_each(|step| self.clear((self.newest + step) % SEQUENCES));
            }
            self.newest = seq;
            self.set(seq);
            return true;
        }
        if distance.unsigned_abs() >= WINDOW {
            return false;
        }
        let (word, bit) = place(seq);
        let first = self.seen[word] & bit == 0;
        self.set(seq);
        first
    }

    /// Whether a later number than `seq` has arrived.
    pub(super) fn is_behind(&self, seq: u32) -> bool {
        ahead(seq, self.newest) < 0
    }

    fn set(&mut self, seq: u32) {
        let (word, bit) = place(seq);
        self.seen[word] |= bit;
    }

    fn clear(&mut self, seq: u32) {
        let (word, bit) = place(seq);
        self.seen[word] &= !bit;
    }
}

fn place(seq: u32) -> (usize, u64) {
    let index = seq % WINDOW;
    ((index / 64) as usize, 1 << (index % 64))
}

#[cfg(test)]
mod tests;
