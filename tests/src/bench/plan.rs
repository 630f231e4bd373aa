//! Which cell comes when, how long it all takes, and how far it is.

use std::time::Duration;

use super::limit::Limit;
use super::options::{Options, Part};
use super::profile::{self, Profile};
use super::system::System;

mod progress;

pub(super) use progress::Progress;

/// Building a world, bringing a system up, and taking both down: half a second, and more for some systems.
const OVERHEAD: Duration = Duration::from_millis(1_500);

/// What one part measures of one system on one profile: repeated until each of its figures has settled.
pub(super) struct Group<'a> {
    pub(super) part: &'a Part,
    pub(super) system: &'a dyn System,
    /// The links as the system gets them.
    pub(super) profile: Profile,
    /// Of one repetition.
    length: Duration,
    /// Counted through all groups.
    number: usize,
}

impl<'a> Group<'a> {
    fn new(part: &'a Part, system: &'a dyn System, profile: &Profile, number: usize) -> Self {
        let profile = system.links_of(profile);
        let measures = part.measures.iter().filter(|measure| measure.applies_to(&profile));
        let length = OVERHEAD + measures.map(|measure| measure.length(&part.effort)).sum::<Duration>();
        Self { part, system, profile, length, number }
    }
}

/// All groups.
pub(super) struct Plan<'a> {
    /// What comes before them.
    preparation: Duration,
    /// How long everything may take, unless the least repetitions take longer.
    budget: Option<Duration>,
    /// Each part on each of its profiles: the systems that take turns there.
    heats: Vec<Vec<Group<'a>>>,
}

impl<'a> Plan<'a> {
    /// The profiles are those of all parts, and of the systems only those that are `present` take part.
    pub(super) fn new(options: &'a Options, profiles: &[Profile], present: &[&str]) -> Self {
        let mut heats = Vec::new();
        let mut numbers = 0..;
        for part in &options.parts {
            let is_chosen = |profile: &&Profile| part.profiles.iter().any(|one| one.name == profile.name);
            for profile in profiles.iter().filter(is_chosen) {
                let systems = part.systems.iter().map(AsRef::as_ref);
                let systems = systems.filter(|system| present.contains(&system.name())).zip(&mut numbers);
                let groups = systems.map(|(system, number)| Group::new(part, system, profile, number));
                heats.push(groups.collect());
            }
        }
        let rankings: Duration = profiles.iter().map(profile::ranking_length).sum();
        let limit = options.limit_congestion().map(|_| OVERHEAD + Limit::length());
        Self { preparation: rankings + limit.unwrap_or_default(), budget: options.budget, heats }
    }

    fn groups(&self) -> impl Iterator<Item = &Group<'a>> {
        self.heats.iter().flatten()
    }

    /// How often a group is measured at most.
    pub(super) fn rounds(&self) -> u32 {
        self.groups().map(|group| group.part.most_repetitions).max().unwrap_or_default()
    }

    /// The groups in the order of a repetition, counted from 1: systems alternate, and each repetition begins with another
    /// one.
    pub(super) fn round(&self, repetition: u32) -> impl Iterator<Item = &Group<'a>> {
        self.heats.iter().flat_map(move |heat| {
            let first = (repetition as usize).saturating_sub(1) % heat.len().max(1);
            heat.iter().cycle().skip(first).take(heat.len())
        })
    }

    /// How long it all takes if everything settles at once.
    fn least(&self) -> Duration {
        self.preparation + self.groups().map(|group| group.length * group.part.repetitions).sum::<Duration>()
    }

    /// How long it takes if nothing settles.
    fn most(&self) -> Duration {
        let most = self.groups().map(|group| group.length * group.part.most_repetitions).sum::<Duration>();
        let most = self.preparation + most;
        self.budget.map_or(most, |budget| most.min(budget)).max(self.least())
    }

    /// What is about to happen.
    pub(super) fn announcement(&self) -> String {
        let groups = self.groups().count();
        let cells: u32 = self.groups().map(|group| group.part.repetitions).sum();
        let (least, most) = (minutes(self.least()), minutes(self.most()));
        if least == most {
            return format!("{groups} measurements, {cells} repetitions of them in all, about {least}");
        }
        format!(
            "{groups} measurements, at least {cells} repetitions of them in all, from about {least} to about {most}"
        )
    }
}

fn minutes(time: Duration) -> String {
    format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests;
