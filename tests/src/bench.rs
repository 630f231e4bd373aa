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
use measure::Measure;
use options::Options;
use plan::{Cell, Plan};
use results::{Failure, Results};
use system::System;

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
    let (present, skipped): (Vec<_>, Vec<_>) = options
        .systems
        .iter()
        .map(|system| (system.as_ref(), system.version()))
        .partition(|(_, version)| version.is_ok());
    let mut results = Results::new(&options);
    for (system, version) in &present {
        if let Ok(version) = version {
            results.found(system.name(), version);
        }
    }
    for (system, version) in &skipped {
        if let Err(absent) = version {
            eprintln!("skipped: {}: {absent:#}", system.name());
            results.skipped(system.name(), &format!("{absent:#}"));
        }
    }
    let systems: Vec<&dyn System> = present.iter().map(|(system, _)| *system).collect();
    ensure!(!systems.is_empty(), "none of the systems is installed; see `--install-peers`");
    let profiles = profile::ranked(&options.profiles)?;
    let plan = Plan::new(&options, &profiles, &systems);
    eprintln!("{}", plan.announcement());
    play(&plan, &options, &mut results);
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

/// Measures every cell; what breaks is noted, and everything else goes on.
fn play(plan: &Plan<'_>, options: &Options, results: &mut Results) {
    let started = Instant::now();
    for (number, cell) in plan.cells.iter().enumerate() {
        eprintln!("{}", plan.progress(number, started.elapsed()));
        let broke = match measure_cell(cell, options, results) {
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
fn measure_cell(cell: &Cell<'_>, options: &Options, results: &mut Results) -> Result<Vec<Error>> {
    let mut bed = Bed::new(cell.profile, cell.repetition)?;
    let started = cell.system.bring_up(&mut bed);
    let running = bed.world.with_logs(started).context("cannot be brought up")?;
    let stop = AtomicBool::new(false);
    let (mut broke, played) = thread::scope(|scope| {
        let player = scope.spawn(|| cell.profile.timeline.play(&bed, &stop));
        let broke = take_all(cell, &bed, &running, options, results);
        stop.store(true, Ordering::Release);
        (broke, player.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    broke.extend(played.err());
    running.take_down()?;
    Ok(broke)
}

fn take_all(
    cell: &Cell<'_>,
    bed: &Bed,
    running: &Running,
    options: &Options,
    results: &mut Results,
) -> Vec<Error> {
    let mut broke = Vec::new();
    for measure in options.measures.iter().filter(|measure| measure.applies_to(cell.profile)) {
        let readings = bed.world.with_logs(measure.take(bed, running, options));
        match readings.with_context(|| format!("measuring {}", measure.name())) {
            Ok(readings) => {
                for reading in readings {
                    results.add(cell.profile, cell.system.name(), reading);
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
