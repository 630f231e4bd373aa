//! The scheduler, alone.

use std::time::Duration;

use crate::link::Tier;
use crate::schedule::{self, Candidate, Choice};

/// Some paths to choose from.
#[derive(Debug)]
pub struct Paths(Vec<Candidate>);

impl Paths {
    /// `count` paths that all work, each half as fast as the one before and 10 ms longer.
    #[must_use]
    pub fn new(count: u32) -> Self {
        let path = |index| Candidate {
            tier: Tier::Auto,
            usable: true,
            rate: 12_500_000_u64 >> index,
            delay: Duration::from_millis(10) * (index + 1),
            queued: 0,
            loss: 0.0,
        };
        Self((0..count).map(path).collect())
    }

    /// Gives a packet of `len` bytes to the path that the scheduler chooses. `None` if it is to wait.
    pub fn choose(&mut self, len: usize) -> Option<usize> {
        let Choice::Path(index) = schedule::choose(&self.0, len, len as u64) else { return None };
        self.0[index].queued += len as u64;
        Some(index)
    }

    /// Every path sends what is queued on it.
    pub fn drain(&mut self) {
        self.0.iter_mut().for_each(|path| path.queued = 0);
    }
}
