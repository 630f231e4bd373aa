//! Which cell comes when, how long it all takes, and how far it is.

use std::time::Duration;

use super::options::Options;
use super::profile::Profile;
use super::system::System;

/// Building a world, bringing a system up, and taking both down.
const OVERHEAD: Duration = Duration::from_secs(3);

/// One system on one profile, once.
pub(super) struct Cell<'a> {
    pub(super) profile: &'a Profile,
    pub(super) system: &'a dyn System,
    /// From 1.
    pub(super) repetition: u32,
    length: Duration,
}

/// All cells in their order.
pub(super) struct Plan<'a> {
    pub(super) cells: Vec<Cell<'a>>,
}

impl<'a> Plan<'a> {
    /// Systems alternate within each repetition of a profile, and each repetition begins with another one.
    pub(super) fn new(options: &Options, profiles: &'a [Profile], systems: &[&'a dyn System]) -> Self {
        let mut cells = Vec::new();
        for repetition in 0..options.repetitions {
            for profile in profiles {
                let measures = options.measures.iter().filter(|measure| measure.applies_to(profile));
                let length = OVERHEAD + measures.map(|measure| measure.length(options)).sum::<Duration>();
                let first = repetition as usize % systems.len().max(1);
                for system in systems.iter().cycle().skip(first).take(systems.len()) {
                    cells.push(Cell { profile, system: *system, repetition: repetition + 1, length });
                }
            }
        }
        Self { cells }
    }

    fn length_from(&self, number: usize) -> Duration {
        self.cells[number..].iter().map(|cell| cell.length).sum()
    }

    /// What is about to happen.
    pub(super) fn announcement(&self) -> String {
        format!("{} cells, about {}", self.cells.len(), minutes(self.length_from(0)))
    }

    /// What happens now.
    pub(super) fn progress(&self, number: usize, elapsed: Duration) -> String {
        let cell = &self.cells[number];
        format!(
            "[{}/{}] {} on {}, repetition {}; {} so far, about {} to go",
            number + 1,
            self.cells.len(),
            cell.system.name(),
            cell.profile.name,
            cell.repetition,
            minutes(elapsed),
            minutes(self.length_from(number))
        )
    }
}

fn minutes(time: Duration) -> String {
    format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests;
