//! Which packet numbers have arrived, and their form in an acknowledgement.

use std::collections::BTreeMap;

/// Ranges in one acknowledgement, and so as many as are remembered.
const MAX_RANGES: usize = 32;
/// Two numbers of eight bytes.
const RANGE_LEN: usize = 16;
/// Bytes of the longest acknowledgement.
pub const ACK_ROOM: usize = MAX_RANGES * RANGE_LEN;

/// Ranges of packet numbers, first to last.
#[derive(Debug, Default)]
pub(super) struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds a number. False if it was there already.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        let before = self.0.range(..=number).next_back().map(|(first, last)| (*first, *last));
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let first = match before {
            Some((first, last)) if last + 1 == number => first,
            Some(_) | None => number,
        };
        let last = self.0.remove(&(number + 1)).unwrap_or(number);
        self.0.insert(first, last);
        if self.0.len() > MAX_RANGES {
            self.0.pop_first();
        }
        true
    }

    /// The largest number.
    pub(super) fn largest(&self) -> Option<u64> {
        self.0.values().next_back().copied()
    }

    /// The bytes of an acknowledgement, largest first.
    pub(super) fn encode(&self, into: &mut [u8; ACK_ROOM]) -> usize {
        let mut used = 0;
        for ((first, last), place) in self.0.iter().rev().zip(into.chunks_exact_mut(RANGE_LEN)) {
            place[..8].copy_from_slice(&first.to_be_bytes());
            place[8..].copy_from_slice(&last.to_be_bytes());
            used += RANGE_LEN;
        }
        used
    }

    /// The ranges of an acknowledgement's bytes, largest first. What is none is left out.
    pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = (u64, u64)> + '_ {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        bytes
            .chunks_exact(RANGE_LEN)
            .map(move |range| (number(&range[..8]), number(&range[8..])))
            .filter(|(first, last)| first <= last)
    }
}

#[cfg(test)]
mod tests;
