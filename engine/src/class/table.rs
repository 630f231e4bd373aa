//! The flows that are remembered: of fixed number, found by hash, in groups of a few of which the one that was silent
//! for longest makes room.

use super::flow::{Ends, Flow};

/// Groups of flows; with [`WAYS`] they make room for 1024 flows.
const GROUPS: usize = 256;
/// Flows in a group.
const WAYS: usize = 4;

/// A group is made when its first flow comes: most peers have few.
type Group = Option<Box<[Option<Flow>; WAYS]>>;

/// The table. Holds no memory before the first flow.
#[derive(Debug, Default)]
pub(super) struct Table {
    groups: Vec<Group>,
}

impl Table {
    /// The flow between `ends`, which is made by `new` if it is not known.
    pub(super) fn entry(&mut self, hash: u32, ends: &Ends, new: impl FnOnce() -> Flow) -> &mut Flow {
        if self.groups.is_empty() {
            self.groups.resize_with(GROUPS, || None);
        }
        let group = self.groups[hash as usize % GROUPS].get_or_insert_with(Box::default);
        let is_it = |flow: &Flow| flow.hash == hash && flow.ends == *ends;
        let slot = match group.iter().position(|slot| slot.as_ref().is_some_and(is_it)) {
            Some(index) => &mut group[index],
            None => {
                // `None` is less than any time.
                let oldest = (0..WAYS).min_by_key(|index| group[*index].as_ref().map(|flow| flow.seen));
                let slot = &mut group[oldest.unwrap_or_default()];
                *slot = None;
                slot
            }
        };
        slot.get_or_insert_with(new)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Flow> {
        self.groups.iter().flatten().flat_map(|group| group.iter().flatten())
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Flow> {
        self.groups.iter_mut().flatten().flat_map(|group| group.iter_mut().flatten())
    }
}
