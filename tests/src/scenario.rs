//! Scenarios as data: links, events in time, traffic, expectations; a result as JSON.
//!
//! ```toml
//! name = "wifi-dies"
//!
//! [link.wifi]
//! interface = "wlan0"
//! rate = "50mbit"
//! delay = "7.5ms"
//!
//! [[traffic]]
//! name = "download"
//! kind = "tcp-download"
//! duration = "8s"
//!
//! [[event]]
//! at = "3s"
//! link = "wifi"
//! set = { carrier = "off" }
//!
//! [[expect]]
//! traffic = "download"
//! metric = "longest_pause_us"
//! at_most = 1_000_000
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::{self, sleep};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;

use crate::interrupt;
use crate::world::World;

mod file;
mod flow;

pub use file::{Action, Event, Expectation, Flow, FlowKind, Scenario};
pub use flow::Metrics;

/// The outcome of a scenario.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of this shape.
    pub schema: u32,
    /// The scenario's name.
    pub scenario: String,
    /// What each traffic measured, by name: bytes, bit/s, microseconds, ratios.
    pub traffic: BTreeMap<String, Metrics>,
    /// Each expectation and whether it was met.
    pub expectations: Vec<Verdict>,
    /// Whether all were.
    pub passed: bool,
}

/// One expectation, judged.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// What was expected.
    #[serde(flatten)]
    pub expectation: Expectation,
    /// What was measured.
    pub actual: f64,
    /// Whether it is within the limits.
    pub met: bool,
}

/// Reads a scenario from a file and runs it; Ctrl-C cleans up.
///
/// # Errors
/// When the file is wrong, the world cannot be built, or traffic breaks. Expectations that are not met are no error
/// but in the report.
pub fn run_file(path: &Path) -> Result<Report> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let scenario = Scenario::parse(&text).with_context(|| format!("in {}", path.display()))?;
    interrupt::clean_up_and_exit()?;
    run(&scenario, World::new(scenario.world()?)?)
}

/// Runs a scenario in a world built from [`Scenario::world`].
///
/// # Errors
/// As [`run_file`].
pub fn run(scenario: &Scenario, mut world: World) -> Result<Report> {
    if scenario.tandem {
        world.start_tandem()?;
    }
    let played = play(scenario, &mut world);
    let traffic = world.with_logs(played)?;
    let expectations =
        scenario.expect.iter().map(|expectation| judge(expectation, &traffic)).collect::<Result<Vec<_>>>()?;
    let passed = expectations.iter().all(|verdict| verdict.met);
    Ok(Report { schema: 1, scenario: scenario.name.clone(), traffic, expectations, passed })
}

/// Lets traffic run while events happen.
fn play(scenario: &Scenario, world: &mut World) -> Result<BTreeMap<String, Metrics>> {
    let start = Instant::now();
    let parties = flow::Parties::of(world, scenario.tandem)?;
    thread::scope(|scope| {
        let flows: Vec<_> = scenario
            .traffic
            .iter()
            .map(|flow| {
                let parties = &parties;
                let running = scope.spawn(move || {
                    sleep(flow.start.saturating_sub(start.elapsed()));
                    flow::run(flow, parties)
                });
                (flow.name.clone(), running)
            })
            .collect();
        let mut events: Vec<&Event> = scenario.event.iter().collect();
        events.sort_by_key(|event| event.at);
        for event in events {
            sleep(event.at.saturating_sub(start.elapsed()));
            happen(event, world).with_context(|| format!("event at {:?}", event.at))?;
        }
        flows
            .into_iter()
            .map(|(name, running)| {
                let metrics = running.join().map_err(|_| anyhow!("traffic `{name}` panicked"))?;
                Ok((name.clone(), metrics.with_context(|| format!("traffic `{name}`"))?))
            })
            .collect()
    })
}

fn happen(event: &Event, world: &mut World) -> Result<()> {
    match event.action {
        Some(Action::Attach) => world.attach(&event.link)?,
        Some(Action::Detach) => world.detach(&event.link)?,
        Some(Action::Rebind) => world.laptop()?.link(&event.link)?.rebind()?,
        None => {}
    }
    for (key, value) in &event.set {
        world.laptop()?.link(&event.link)?.set(key, value)?;
    }
    Ok(())
}

fn judge(expectation: &Expectation, traffic: &BTreeMap<String, Metrics>) -> Result<Verdict> {
    let metrics = traffic
        .get(&expectation.traffic)
        .with_context(|| format!("an expectation is about unknown traffic `{}`", expectation.traffic))?;
    let actual = *metrics.get(&expectation.metric).with_context(|| {
        let known: Vec<&str> = metrics.keys().map(String::as_str).collect();
        format!("`{}` has no `{}`; it has {}", expectation.traffic, expectation.metric, known.join(", "))
    })?;
    let met = expectation.at_least.is_none_or(|least| actual >= least)
        && expectation.at_most.is_none_or(|most| actual <= most);
    Ok(Verdict { expectation: expectation.clone(), actual, met })
}

#[cfg(test)]
mod tests;
