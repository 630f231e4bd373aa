//! The benchmark: tandem and what a person would use instead, over the same emulated links, in one run.
//!
//! A *cell* is one system on one profile in one repetition. Each gets a world of its own ([`bed`]), so that nothing of
//! one system is there when the next is measured. Systems take turns within a repetition, and each repetition begins
//! with another, so that a machine that grows slower or faster meanwhile does so for all. The table has medians over the
//! repetitions, with the least and the most.

use std::io::{Write, stdout};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Error, Result, ensure};

use crate::interrupt;

mod bed;
mod counters;
mod limit;
mod machine;
mod measure;
mod options;
mod peers;
mod plan;
mod player;
mod profile;
mod report;
mod results;
mod system;

pub use options::BenchArgs;

use bed::{Bed, Running};
use limit::Limit;
use measure::Measure;
use options::Options;
use plan::{Cell, Plan};
use profile::Profile;
use results::{Failure, Results};
use system::{System, Tandem};

/// Runs the benchmark, prints its table and writes its files.
///
/// # Errors
/// When an option names what does not exist, the world cannot be built, files cannot be written, or something that was
/// to be measured broke; the other results are written nevertheless. A figure is never an error.
pub fn run(args: &BenchArgs) -> Result<()> {
    if args.list {
        return list();
    }
    interrupt::clean_up_and_exit()?;
    if args.install_peers {
        peers::install()?;
    }
    let options = Options::of(args)?;
    let mut results = Results::new(&options);
    let systems = options.systems();
    let mut present = Vec::new();
    for system in &systems {
        match system.version() {
            Ok(version) => {
                results.found(system.name(), &version);
                present.push(system.name());
            }
            Err(absent) => {
                eprintln!("skipped: {}: {absent:#}", system.name());
                results.skipped(system.name(), &format!("{absent:#}"));
            }
        }
    }
    ensure!(!present.is_empty(), "none of the systems is installed; see `--install-peers`");
    let plan = Plan::new(&options, &options.profiles(), &present);
    eprintln!("{}", plan.announcement());
    let profiles = profile::ranked(&options.profiles())?;
    note_limits(&options, &profiles, &present, &mut results)?;
    let plan = Plan::new(&options, &profiles, &present);
    play(&plan, &mut results);
    results.finish();
    report::write(&options.out, &results)
        .with_context(|| format!("cannot write to {}", options.out.display()))?;
    writeln!(stdout(), "{}", report::markdown(&results))?;
    if let Some(previous) = &options.against {
        writeln!(stdout(), "{}", report::comparison(&results, previous)?)?;
    }
    eprintln!("The table, its figures and its plots are in {}.", options.out.display());
    ensure!(results.failures.is_empty(), "{} measurements broke", results.failures.len());
    Ok(())
}

/// Measures what a tunnel could carry at most, if goodput through tandem is to be measured.
fn note_limits(
    options: &Options,
    profiles: &[Profile],
    present: &[&str],
    results: &mut Results,
) -> Result<()> {
    let tandem = Tandem::ALL_LINKS;
    if let Some(congestion) = options.limit_congestion()
        && present.contains(&tandem.name())
    {
        let limit = Limit::measure(&tandem, congestion).context("the limit of a tunnel")?;
        profiles.iter().for_each(|profile| results.limited(profile, limit));
    }
    Ok(())
}

/// Measures every cell; what breaks is noted, and everything else goes on.
fn play(plan: &Plan<'_>, results: &mut Results) {
    let started = Instant::now();
    for (number, cell) in plan.cells.iter().enumerate() {
        eprintln!("{}", plan.progress(number, started.elapsed()));
        let broke = match measure_cell(cell, results) {
            Ok(broke) => broke,
            Err(error) => vec![error],
        };
        for error in broke {
            eprintln!("  broke: {error:#}");
            results.failures.push(Failure {
                profile: cell.profile.name.clone(),
                system: cell.system.name().to_owned(),
                repetition: cell.repetition,
                error: format!("{error:#}"),
            });
        }
    }
}

/// Brings a system up and measures it; the errors of the measures that broke.
fn measure_cell(cell: &Cell<'_>, results: &mut Results) -> Result<Vec<Error>> {
    let mut bed = Bed::new(&cell.profile, cell.repetition)?;
    let started = cell.system.bring_up(&mut bed);
    let running = bed.world.with_logs(started).context("cannot be brought up")?;
    let (stop, timeline) = (AtomicBool::new(false), &cell.profile.timeline);
    let (mut broke, played) = thread::scope(|scope| {
        let player = scope.spawn(|| timeline.play(&bed, &stop));
        let broke = take_all(cell, &bed, &running, results);
        stop.store(true, Ordering::Release);
        (broke, player.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    broke.extend(played.err());
    running.take_down()?;
    Ok(broke)
}

fn take_all(cell: &Cell<'_>, bed: &Bed, running: &Running, results: &mut Results) -> Vec<Error> {
    let mut broke = Vec::new();
    for measure in cell.part.measures.iter().filter(|measure| measure.applies_to(&cell.profile)) {
        let readings = bed.world.with_logs(measure.take(bed, running, &cell.part.effort));
        match readings.with_context(|| format!("measuring {}", measure.name())) {
            Ok(readings) => {
                for reading in readings {
                    results.add(&cell.profile, cell.system.name(), reading);
                }
            }
            Err(error) => broke.push(error),
        }
    }
    broke
}

fn list() -> Result<()> {
    let mut out = stdout();
    writeln!(out, "Systems")?;
    for system in system::all() {
        let state = system.version().unwrap_or_else(|absent| format!("absent: {absent:#}"));
        writeln!(out, "  {:<20} {state}", system.name())?;
    }
    writeln!(out, "Profiles")?;
    for profile in profile::all() {
        writeln!(out, "  {:<20} {}", profile.name, profile.summary)?;
    }
    writeln!(out, "Measures")?;
    for measure in Measure::ALL {
        writeln!(out, "  {:<20} {}", measure.name(), measure.summary())?;
    }
    Ok(())
}
