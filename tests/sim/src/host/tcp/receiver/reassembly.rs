//! Which bytes have arrived, and what SACK says of them (RFC 2018, section 4, and RFC 2883).

#[cfg(test)]
mod tests;

use super::super::options::MAX_SACK_BLOCKS;

/// Blocks remembered in order of their freshness: one more than fits.
const REMEMBERED: usize = 4;

/// What a segment was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// More of the stream can be read.
    pub(super) in_order: bool,
    /// All of it had come before.
    pub(super) duplicate: bool,
}

/// Ranges of the stream.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    /// First missing byte: RCV.NXT.
    next: u64,
    /// What has arrived beyond it: disjoint, not adjacent, sorted.
    ranges: Vec<(u64, u64)>,
    /// A byte of each of the ranges that grew last, freshest first.
    fresh: Vec<u64>,
    /// How many of those grew since the last report.
    changed: usize,
    /// To be reported once.
    duplicate: Option<(u64, u64)>,
}

impl Reassembly {
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn has_gap(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// One more range would not fit into a report.
    pub(super) fn is_crowded(&self) -> bool {
        self.changed >= MAX_SACK_BLOCKS
    }

    /// Takes the bytes from `start` to `end`.
    pub(super) fn insert(&mut self, start: u64, end: u64) -> Arrival {
        if self.has(start, end) {
            self.report_duplicate(start, end);
            return Arrival { in_order: false, duplicate: true };
        }
        if start <= self.next {
            self.next = end;
            let reached = self.ranges.partition_point(|range| range.0 <= self.next);
            for (_, end) in self.ranges.drain(..reached) {
                self.next = self.next.max(end);
            }
            return Arrival { in_order: true, duplicate: false };
        }
        self.insert_beyond(start, end);
        Arrival { in_order: false, duplicate: false }
    }

    fn has(&self, start: u64, end: u64) -> bool {
        let range = self.range_of(start);
        end <= self.next || range.is_some_and(|range| end <= range.1)
    }

    fn range_of(&self, byte: u64) -> Option<(u64, u64)> {
        let after = self.ranges.partition_point(|range| range.0 <= byte);
        self.ranges.get(after.checked_sub(1)?).copied().filter(|range| byte < range.1)
    }

    fn insert_beyond(&mut self, start: u64, end: u64) {
        let first = self.ranges.partition_point(|range| range.1 < start);
        let after = self.ranges.partition_point(|range| range.0 <= end);
        if first == after {
            self.ranges.insert(first, (start, end));
        } else {
            let merged = (self.ranges[first].0.min(start), self.ranges[after - 1].1.max(end));
            self.ranges[first] = merged;
            self.ranges.drain(first + 1..after);
        }
        if let Some(range) = self.range_of(start) {
            let grown = |byte: &u64| (range.0..range.1).contains(byte);
            self.changed -= self.fresh.iter().take(self.changed).filter(|byte| grown(byte)).count();
            self.fresh.retain(|byte| !grown(byte));
        }
        self.fresh.insert(0, start);
        self.fresh.truncate(REMEMBERED);
        self.changed += 1;
    }

    /// The next acknowledgement shall tell that this came once more.
    pub(super) fn report_duplicate(&mut self, start: u64, end: u64) {
        self.duplicate = Some((start, end));
    }

    /// Gives the blocks for an acknowledgement: the duplicate, then the freshest ranges.
    pub(super) fn report(&mut self, mut block: impl FnMut(u64, u64)) {
        self.changed = 0;
        if let Some((start, end)) = self.duplicate.take() {
            block(start, end);
        }
        if self.ranges.is_empty() {
            self.fresh.clear();
            return;
        }
        for (start, end) in self.fresh.iter().filter_map(|&byte| self.range_of(byte)) {
            block(start, end);
        }
    }
}
