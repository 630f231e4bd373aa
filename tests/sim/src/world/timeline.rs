//! What is going to happen to the links, and when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::profile::{Direction, Event, Profile, Trace, Way};

/// Something that happens to a link, by its number.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// An event of the profile, by its number.
    Event(usize),
    /// The next step of a link's trace.
    Step { link: usize, step: usize },
}

/// Changes in order of time. Events of the profile count from when traffic begins, and so it starts empty.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    due: BTreeMap<(Instant, u64), Change>,
    events: Vec<(usize, Event)>,
    traces: Vec<Option<Trace>>,
    serial: u64,
}

impl Timeline {
    /// Lets the clock of `profile`'s events run from `now` on.
    pub(crate) fn start(&mut self, profile: &Profile, now: Instant) {
        let number = |name: &str| profile.link.iter().position(|link| link.name == name);
        let events = profile.event.iter().filter_map(|event| Some((number(&event.link)?, event.clone())));
        self.events = events.collect();
        self.traces = profile.link.iter().map(|link| link.trace.clone()).collect();
        for index in 0..self.events.len() {
            self.add(now + Duration::from_millis(self.events[index].1.at_ms), Change::Event(index));
        }
        for link in 0..self.traces.len() {
            if self.traces[link].is_some() {
                self.add(now, Change::Step { link, step: 0 });
            }
        }
    }

    fn add(&mut self, at: Instant, change: Change) {
        self.serial += 1;
        self.due.insert((at, self.serial), change);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.due.keys().next().map(|(at, _)| *at)
    }

    /// The next change that is due, with the number of its link; queues its successor.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<(usize, Event)> {
        let entry = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        let at = entry.key().0;
        match entry.remove() {
            Change::Event(index) => {
                let due = self.events[index].clone();
                if let Some(every) = due.1.every_ms {
                    self.add(at + Duration::from_millis(every), Change::Event(index));
                }
                Some(due)
            }
            Change::Step { link, step } => {
                let trace = self.traces[link].as_ref()?;
                let rate = |rates: &[f64]| Direction {
                    rate_mbit: rates.get(step % rates.len().max(1)).copied(),
                    ..Direction::default()
                };
                let event =
                    Event { up: rate(&trace.up_mbit), down: rate(&trace.down_mbit), ..Event::default() };
                let next = at + Duration::from_millis(trace.step_ms);
                self.add(next, Change::Step { link, step: step + 1 });
                Some((link, event))
            }
        }
    }
}

impl Event {
    /// What changes in one direction.
    pub(crate) fn direction(&self, way: Way) -> &Direction {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}
