//! Which cell comes when, how long it all takes, and how far it is.

use std::time::Duration;

use super::limit::Limit;
use super::options::{Options, Part};
use super::profile::{self, Profile};
use super::system::System;

/// Building a world, bringing a system up, and taking both down.
const OVERHEAD: Duration = Duration::from_secs(3);

/// One system on one profile, once.
pub(super) struct Cell<'a> {
    pub(super) part: &'a Part,
    pub(super) system: &'a dyn System,
    /// The links as the system gets them.
    pub(super) profile: Profile,
    /// From 1.
    pub(super) repetition: u32,
    length: Duration,
}

impl<'a> Cell<'a> {
    fn new(part: &'a Part, system: &'a dyn System, profile: &Profile, repetition: u32) -> Self {
        let profile = system.links_of(profile);
        let measures = part.measures.iter().filter(|measure| measure.applies_to(&profile));
        let length = OVERHEAD + measures.map(|measure| measure.length(&part.effort)).sum::<Duration>();
        Self { part, system, profile, repetition, length }
    }
}

/// All cells in their order.
pub(super) struct Plan<'a> {
    /// What comes before them.
    preparation: Duration,
    pub(super) cells: Vec<Cell<'a>>,
}

impl<'a> Plan<'a> {
    /// Systems alternate within each repetition of a profile, and each repetition begins with another one. The profiles
    /// are those of all parts, and of the systems only those that are `present` take part.
    pub(super) fn new(options: &'a Options, profiles: &[Profile], present: &[&str]) -> Self {
        let mut cells = Vec::new();
        for repetition in 0..options.repetitions {
            for part in &options.parts {
                let systems: Vec<&dyn System> = part
                    .systems
                    .iter()
                    .map(AsRef::as_ref)
                    .filter(|system| present.contains(&system.name()))
                    .collect();
                let first = repetition as usize % systems.len().max(1);
                let chosen = |profile: &&Profile| part.profiles.iter().any(|one| one.name == profile.name);
                for profile in profiles.iter().filter(chosen) {
                    let order = systems.iter().cycle().skip(first).take(systems.len());
                    cells.extend(order.map(|system| Cell::new(part, *system, profile, repetition + 1)));
                }
            }
        }
        let rankings: Duration = profiles.iter().map(profile::ranking_length).sum();
        let limit = options.limit_congestion().map(|_| OVERHEAD + Limit::length());
        Self { preparation: rankings + limit.unwrap_or_default(), cells }
    }

    /// How long everything takes.
    fn length(&self) -> Duration {
        self.preparation + self.length_from(0)
    }

    fn length_from(&self, number: usize) -> Duration {
        self.cells[number..].iter().map(|cell| cell.length).sum()
    }

    /// What is about to happen.
    pub(super) fn announcement(&self) -> String {
        format!("{} cells, about {}", self.cells.len(), minutes(self.length()))
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
