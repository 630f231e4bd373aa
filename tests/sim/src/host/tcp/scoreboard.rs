//! What is sent and not yet acknowledged, and what is known of each segment (RFC 6675's scoreboard, as Linux keeps it).
//!
//! Segments are numbered in the order of the stream and never cut, so that a number finds one at once.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Instant;

use super::rate::RateStamp;

/// A segment that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) start: u64,
    pub(super) end: u64,
    /// When it was sent last.
    pub(super) at: Instant,
    /// How often it was sent.
    pub(super) times: u32,
    pub(super) sacked: bool,
    /// Taken for lost, and not known to have arrived.
    pub(super) lost: bool,
    /// A repetition is in flight.
    pub(super) repeating: bool,
    pub(super) rate: RateStamp,
}

impl Sent {
    /// Sent more than once.
    pub(super) fn is_repeated(&self) -> bool {
        self.times > 1
    }
}

/// Segments in flight or waiting to be sent again.
#[derive(Debug, Default)]
pub(super) struct Scoreboard {
    segments: VecDeque<Sent>,
    /// Number of the first of them.
    first: u64,
    /// First byte not acknowledged: SND.UNA.
    una: u64,
    /// First byte never sent: SND.NXT.
    next: u64,
    sacked: u32,
    lost: u32,
    repeating: u32,
    /// End of the highest segment that was SACKed.
    highest_sacked: u64,
    /// No segment before this number waits to be sent again.
    hint: u64,
    /// SACK blocks of the last acknowledgement, sorted: they need no second walk.
    seen: Vec<(u64, u64)>,
}

impl Scoreboard {
    pub(super) fn una(&self) -> u64 {
        self.una
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// End of the highest segment that was SACKed, or what is acknowledged.
    pub(super) fn highest_sacked(&self) -> u64 {
        self.highest_sacked.max(self.una)
    }

    /// Segments sent and not acknowledged.
    pub(super) fn out(&self) -> u32 {
        self.segments.len() as u32
    }

    pub(super) fn sacked(&self) -> u32 {
        self.sacked
    }

    /// Segments taken for lost, those being repeated included.
    pub(super) fn lost(&self) -> u32 {
        self.lost
    }

    /// Repetitions in flight.
    pub(super) fn repeating(&self) -> u32 {
        self.repeating
    }

    /// Segments believed to be in the network: RFC 6675's pipe.
    pub(super) fn in_flight(&self) -> u32 {
        self.out() + self.repeating - self.sacked - self.lost
    }

    pub(super) fn get(&self, number: u64) -> Option<&Sent> {
        self.segments.get(number.checked_sub(self.first)? as usize)
    }

    /// Number of the first and of the last segment.
    pub(super) fn bounds(&self) -> Option<(u64, u64)> {
        let count = self.segments.len() as u64;
        (count > 0).then(|| (self.first, self.first + count - 1))
    }

    /// The segment that has waited longest for its acknowledgement.
    pub(super) fn front(&self) -> Option<&Sent> {
        self.segments.front()
    }

    /// Adds new data of `len` bytes, and tells its number.
    pub(super) fn push(&mut self, now: Instant, len: u64, rate: RateStamp) -> u64 {
        let (start, end) = (self.next, self.next + len);
        let sent = Sent { start, end, at: now, times: 1, sacked: false, lost: false, repeating: false, rate };
        self.segments.push_back(sent);
        self.next = end;
        self.first + self.segments.len() as u64 - 1
    }

    /// Notes that a segment is sent again.
    pub(super) fn repeat(&mut self, number: u64, now: Instant, rate: RateStamp) -> Option<Sent> {
        let sent = self.segments.get_mut(number.checked_sub(self.first)? as usize)?;
        self.repeating += u32::from(!sent.repeating);
        sent.repeating = true;
        sent.at = now;
        sent.times += 1;
        sent.rate = rate;
        Some(*sent)
    }

    /// The first segment that is lost and not yet sent again.
    pub(super) fn next_lost(&mut self) -> Option<u64> {
        if self.lost == 0 {
            return None;
        }
        let mut number = self.hint.max(self.first);
        while let Some(sent) = self.get(number) {
            if sent.lost && !sent.repeating {
                self.hint = number;
                return Some(number);
            }
            number += 1;
        }
        self.hint = number;
        None
    }

    /// Takes a segment, or its repetition, for lost; false if that is nothing new.
    pub(super) fn mark_lost(&mut self, number: u64) -> bool {
        let index = number.checked_sub(self.first).map(|index| index as usize);
        let Some(sent) = index.and_then(|index| self.segments.get_mut(index)) else { return false };
        if sent.sacked || (sent.lost && !sent.repeating) {
            return false;
        }
        self.lost += u32::from(!sent.lost);
        self.repeating -= u32::from(sent.repeating);
        (sent.lost, sent.repeating) = (true, false);
        self.hint = self.hint.min(number);
        true
    }

    /// Nothing is lost after all.
    pub(super) fn clear_lost(&mut self) {
        for sent in &mut self.segments {
            sent.lost = false;
        }
        self.lost = 0;
    }

    /// Marks what a SACK block newly covers, and shows each such segment as it was before.
    pub(super) fn sack(&mut self, block: (u64, u64), mut on_delivered: impl FnMut(&Sent)) {
        let (mut from, end) = (block.0.max(self.una), block.1.min(self.next));
        let seen = std::mem::take(&mut self.seen);
        for &(seen_from, seen_end) in &seen {
            if seen_end > from && seen_from < end {
                self.sack_range(from, seen_from, &mut on_delivered);
                from = from.max(seen_end);
            }
        }
        self.sack_range(from, end, &mut on_delivered);
        self.seen = seen;
    }

    fn sack_range(&mut self, from: u64, end: u64, on_delivered: &mut impl FnMut(&Sent)) {
        if from >= end {
            return;
        }
        let index = self.segments.partition_point(|sent| sent.start < from);
        for sent in self.segments.range_mut(index..) {
            if sent.end > end {
                break;
            }
            if sent.sacked {
                continue;
            }
            on_delivered(sent);
            self.lost -= u32::from(sent.lost);
            self.repeating -= u32::from(sent.repeating);
            (sent.sacked, sent.lost, sent.repeating) = (true, false, false);
            self.sacked += 1;
            self.highest_sacked = self.highest_sacked.max(sent.end);
        }
    }

    /// Remembers the blocks of an acknowledgement after all have been gone through.
    pub(super) fn remember(&mut self, blocks: impl Iterator<Item = (u64, u64)>) {
        self.seen.clear();
        self.seen.extend(blocks);
        self.seen.sort_unstable();
    }

    /// Whether the segment that begins at `start` was sent more than once.
    pub(super) fn is_repeated_at(&self, start: u64) -> bool {
        let index = self.segments.partition_point(|sent| sent.start < start);
        self.segments.get(index).is_some_and(|sent| sent.start == start && sent.is_repeated())
    }

    /// The receiver says that it got a segment twice: the repetition is not in flight any more.
    pub(super) fn settle_repeat(&mut self, start: u64) {
        let index = self.segments.partition_point(|sent| sent.start < start);
        if let Some(sent) = self.segments.get_mut(index).filter(|sent| sent.start == start) {
            self.repeating -= u32::from(sent.repeating);
            sent.repeating = false;
        }
    }

    /// Removes what is acknowledged, and shows each segment as it was.
    pub(super) fn acknowledge(&mut self, ack: u64, mut on_acked: impl FnMut(&Sent)) {
        self.una = self.una.max(ack);
        while let Some(sent) = self.segments.front().filter(|sent| sent.end <= ack) {
            on_acked(sent);
            self.sacked -= u32::from(sent.sacked);
            self.lost -= u32::from(sent.lost);
            self.repeating -= u32::from(sent.repeating);
            self.segments.pop_front();
            self.first += 1;
        }
    }
}
