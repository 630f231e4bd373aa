//! Plays what happens to a profile's links while they are measured: again and again, since a measurement may begin at
//! any point of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tandem_sim::profile::{Direction, Event, Profile, Trace};

use super::bed::Bed;
use crate::link::{Link, LinkConfig};

/// How soon the player notices that it shall end.
const TICK: Duration = Duration::from_millis(50);

/// One period of what happens, in the order of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    period: Duration,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    at: Duration,
    link: String,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Event(Box<Event>),
    /// Rates in Mbit/s, up and down.
    Rates(f64, f64),
}

impl Timeline {
    /// What a profile says of events and traces.
    pub(super) fn of(profile: &Profile) -> Self {
        let period = Duration::from_secs(profile.seconds);
        let mut steps = Vec::new();
        for event in &profile.event {
            let again = event.every_ms.map_or(period, Duration::from_millis);
            for at in times(Duration::from_millis(event.at_ms), again, period) {
                let change = Change::Event(Box::new(event.clone()));
                steps.push(Step { at, link: event.link.clone(), change });
            }
        }
        for link in &profile.link {
            let Some(trace) = &link.trace else { continue };
            let length = Duration::from_millis(trace.step_ms);
            for (at, change) in times(Duration::ZERO, length, period).zip(rates(trace)) {
                steps.push(Step { at, link: link.name.clone(), change });
            }
        }
        steps.sort_by_key(|step| step.at);
        Self { period, steps }
    }

    /// What happens to one link.
    pub(super) fn of_link(&self, link: &str) -> Self {
        let steps = self.steps.iter().filter(|step| step.link == link).cloned();
        Self { period: self.period, steps: steps.collect() }
    }

    /// Whether nothing ever happens.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Plays until `stop`; each period begins with the links as the profile has them at first.
    ///
    /// # Errors
    /// When a link does not take a change.
    pub(super) fn play(&self, bed: &Bed, stop: &AtomicBool) -> Result<()> {
        let laptop = bed.world.laptop()?;
        let mut start = Instant::now();
        while !self.is_empty() {
            for step in &self.steps {
                if !wait(start + step.at, stop) {
                    return Ok(());
                }
                step.change
                    .apply(laptop.link(&step.link)?)
                    .with_context(|| format!("what happens to {} at {:?}", step.link, step.at))?;
            }
            start += self.period;
            if !wait(start, stop) {
                return Ok(());
            }
            for spec in &bed.profile.links {
                laptop.link(&spec.name)?.change(|config| *config = spec.config.clone())?;
            }
        }
        Ok(())
    }
}

fn times(first: Duration, again: Duration, end: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), move |at| Some(*at + again)).take_while(move |at| *at < end)
}

fn rates(trace: &Trace) -> impl Iterator<Item = Change> + '_ {
    let (up, down) = (trace.up_mbit.iter().cycle(), trace.down_mbit.iter().cycle());
    up.zip(down).map(|(up, down)| Change::Rates(*up, *down))
}

/// Whether the time has come, rather than the end.
fn wait(until: Instant, stop: &AtomicBool) -> bool {
    while !stop.load(Ordering::Acquire) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        sleep(left.min(TICK));
    }
    false
}

impl Change {
    fn apply(&self, link: &Link) -> Result<()> {
        match self {
            Self::Rates(up, down) => link.change(|config| set_rates(config, *up, *down)),
            Self::Event(event) => {
                link.change(|config| {
                    let both = [&event.both, &event.up].into_iter();
                    both.for_each(|direction: &Direction| direction.apply(&mut config.up));
                    [&event.both, &event.down]
                        .into_iter()
                        .for_each(|direction: &Direction| direction.apply(&mut config.down));
                    config.carrier = event.carrier.unwrap_or(config.carrier);
                })?;
                if event.rebind { link.rebind() } else { Ok(()) }
            }
        }
    }
}

fn set_rates(config: &mut LinkConfig, up: f64, down: f64) {
    config.up.rate_bps = Some((up * 1e6) as u64);
    config.down.rate_bps = Some((down * 1e6) as u64);
}

#[cfg(test)]
mod tests;
