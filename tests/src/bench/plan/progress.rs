//! How far a run is, and what is still to be measured.

use std::time::Duration;

use super::{Group, Plan, minutes};

/// The state of each group of a plan.
pub(in crate::bench) struct Progress<'p, 'a> {
    plan: &'p Plan<'a>,
    /// By the groups' numbers.
    states: Vec<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    done: u32,
    settled: bool,
}

impl<'p, 'a> Progress<'p, 'a> {
    /// Nothing has been measured yet.
    pub(in crate::bench) fn of(plan: &'p Plan<'a>) -> Self {
        Self { plan, states: vec![State::default(); plan.groups().count()] }
    }

    /// Whether a group is to be measured once more, so long after the run's start: as often as the least, and then
    /// while it has not settled and there is time.
    pub(in crate::bench) fn wants(&self, group: &Group<'_>, elapsed: Duration) -> bool {
        let state = self.states[group.number];
        let in_time = self.plan.budget.is_none_or(|budget| elapsed + group.length <= budget);
        let is_open = state.done < group.part.most_repetitions && !state.settled && in_time;
        state.done < group.part.repetitions || is_open
    }

    /// Notes that a group was measured, and whether each of its figures has settled.
    pub(in crate::bench) fn note(&mut self, group: &Group<'_>, settled: bool) {
        let state = &mut self.states[group.number];
        state.done += 1;
        state.settled = settled;
    }

    /// What happens now.
    pub(in crate::bench) fn line(&self, group: &Group<'_>, elapsed: Duration) -> String {
        let (least, most) = self.to_go(elapsed);
        let settled = self.states.iter().filter(|state| state.settled).count();
        format!(
            "{} on {}, repetition {}; {settled} of {} settled; {} so far, about {} to {} to go",
            group.system.name(),
            group.profile.name,
            self.states[group.number].done + 1,
            self.states.len(),
            minutes(elapsed),
            minutes(least),
            minutes(most)
        )
    }

    /// How long the rest takes at least and at most.
    fn to_go(&self, elapsed: Duration) -> (Duration, Duration) {
        let left = |until: &dyn Fn(&Group<'_>) -> u32| -> Duration {
            let groups = self.plan.groups();
            groups
                .map(|group| group.length * until(group).saturating_sub(self.states[group.number].done))
                .sum()
        };
        let least = left(&|group| group.part.repetitions);
        let most = left(&|group| {
            let settled = self.states[group.number].settled;
            if settled { group.part.repetitions } else { group.part.most_repetitions }
        });
        let most = self.plan.budget.map_or(most, |budget| most.min(budget.saturating_sub(elapsed)));
        (least, most.max(least))
    }
}
