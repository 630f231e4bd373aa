//! Finds packets that arrive a second time: re-injected ones whose first copy was not lost after all.

/// Sequence numbers that are remembered, newest back: 0.1 s at 300,000 packets a second.
const WINDOW: u32 = 32_768;
const WORDS: usize = (WINDOW / 64) as usize;

/// A sliding window over wrapping 32-bit sequence numbers (the idea of RFC 6479).
#[derive(Debug, Default)]
pub(crate) struct Dedup {
    /// Bit `s mod WINDOW` is set once `s` arrived; allocated by the first packet.
    seen: Option<Box<[u64; WORDS]>>,
    newest: u32,
}

impl Dedup {
    /// Notes the arrival of `seq`: whether it is the first. What is older than the window passes: late is
    /// better than lost, and inner transports cope with a copy.
    pub(crate) fn is_first(&mut self, seq: u32) -> bool {
        let Some(seen) = &mut self.seen else {
            let mut seen = Box::new([0; WORDS]);
            set(&mut seen, seq);
            self.seen = Some(seen);
            self.newest = seq;
            return true;
        };
        let ahead = seq.wrapping_sub(self.newest);
        if ahead != 0 && ahead < u32::MAX / 2 {
            if ahead >= WINDOW {
                seen.fill(0);
            } else {
                (1..ahead).for_each(|step| clear(seen, self.newest.wrapping_add(step)));
            }
            set(seen, seq);
            self.newest = seq;
            return true;
        }
        let behind = self.newest.wrapping_sub(seq);
        if behind >= WINDOW {
            return true;
        }
        let first = !is_set(seen, seq);
        set(seen, seq);
        first
    }
}

fn place(seq: u32) -> (usize, u64) {
    let index = seq % WINDOW;
    ((index / 64) as usize, 1 << (index % 64))
}

fn set(seen: &mut [u64; WORDS], seq: u32) {
    let (word, bit) = place(seq);
    seen[word] |= bit;
}

fn clear(seen: &mut [u64; WORDS], seq: u32) {
    let (word, bit) = place(seq);
    seen[word] &= !bit;
}

fn is_set(seen: &[u64; WORDS], seq: u32) -> bool {
    let (word, bit) = place(seq);
    seen[word] & bit != 0
}

#[cfg(test)]
mod tests;
