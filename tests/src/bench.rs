//! The benchmark: tandem and what a person would use instead, over the same emulated links, in one run.
//!
//! A *group* is what one part of the plan measures of one system on one profile. Each of its repetitions gets a world of
//! its own ([`bed`]), so that nothing of one system is there when the next is measured. Systems take turns within a
//! repetition, and each repetition begins with another, so that a machine that grows slower or faster meanwhile does so
//! for all. What the hypervisor disturbs is measured again ([`disturbance`]). A group is repeated until the medians of its figures are known ([`statistics`]) or the plan's bounds are
//! reached. The table has medians over the repetitions, with the least and the most.

use std::io::{Write, stdout};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Error, Result, ensure};

use crate::interrupt;

mod bed;
mod counters;
mod disturbance;
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
mod statistics;
mod system;

pub use options::BenchArgs;

use bed::{Bed, Running};
use limit::Limit;
use measure::Measure;
use options::Options;
use plan::{Group, Plan, Progress};
use profile::Profile;
use results::{Failure, Reading, Results};
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
    let began = Instant::now();
    let profiles = profile::ranked(&options.profiles())?;
    note_limits(&options, &profiles, &present, &mut results)?;
    let plan = Plan::new(&options, &profiles, &present);
    play(&plan, began, &mut results);
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
        let measured = disturbance::undisturbed(disturbance::TAKES, || Limit::measure(&tandem, congestion));
        let (limit, in_vain) = measured.context("the limit of a tunnel")?;
        results.disturbed += in_vain;
        profiles.iter().for_each(|profile| results.limited(profile, limit));
    }
    Ok(())
}

/// Measures every group until it has settled; what breaks is noted, and everything else goes on.
fn play(plan: &Plan<'_>, began: Instant, results: &mut Results) {
    let mut progress = Progress::of(plan);
    for repetition in 1..=plan.rounds() {
        for group in plan.round(repetition) {
            if !progress.wants(group, began.elapsed()) {
                continue;
            }
            eprintln!("{}", progress.line(group, began.elapsed()));
            // A quick run compares nothing.
            let takes = if group.part.effort.quick { 1 } else { disturbance::TAKES };
            let taken = disturbance::undisturbed(takes, || measure(group, repetition));
            let (taken, in_vain) = taken.unwrap_or_else(|error| (Taken::default().broken(error), 0));
            results.disturbed += in_vain;
            let mut settled = true;
            for reading in taken.readings {
                settled &= results.add(&group.profile, group.system.name(), reading);
            }
            for error in taken.broke {
                eprintln!("  broke: {error:#}");
                results.failures.push(Failure {
                    profile: group.profile.name.clone(),
                    system: group.system.name().to_owned(),
                    repetition,
                    error: format!("{error:#}"),
                });
            }
            // What breaks is not repeated for that.
            progress.note(group, settled);
        }
    }
}

/// What became of one repetition of a group.
#[derive(Default)]
struct Taken {
    readings: Vec<Reading>,
    broke: Vec<Error>,
}

impl Taken {
    fn broken(mut self, error: Error) -> Self {
        self.broke.push(error);
        self
    }
}

/// Brings a system up and measures it.
fn measure(group: &Group<'_>, repetition: u32) -> Result<Taken> {
    let mut bed = Bed::new(&group.profile, repetition)?;
    let started = group.system.bring_up(&mut bed);
    let running = bed.world.with_logs(started).context("cannot be brought up")?;
    let (stop, timeline) = (AtomicBool::new(false), &group.profile.timeline);
    let (taken, played) = thread::scope(|scope| {
        let player = scope.spawn(|| timeline.play(&bed, &stop));
        let taken = take_all(group, &bed, &running);
        stop.store(true, Ordering::Release);
        (taken, player.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    running.take_down()?;
    Ok(match played {
        Ok(()) => taken,
        Err(error) => taken.broken(error),
    })
}

fn take_all(group: &Group<'_>, bed: &Bed, running: &Running) -> Taken {
    let mut taken = Taken::default();
    for measure in group.part.measures.iter().filter(|measure| measure.applies_to(&group.profile)) {
        let readings = bed.world.with_logs(measure.take(bed, running, &group.part.effort));
        match readings.with_context(|| format!("measuring {}", measure.name())) {
            Ok(readings) => taken.readings.extend(readings),
            Err(error) => taken.broke.push(error),
        }
    }
    taken
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
