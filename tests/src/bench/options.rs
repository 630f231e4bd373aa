//! What can be chosen about a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::measure::Measure;
use super::profile::{self, Profile};
use super::system::{self, System, Tandem};
use crate::traffic::Direction;

/// The command line of `tandem-lab bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct BenchArgs {
    /// A run of less than three minutes that shows whether everything works; its figures are coarse
    #[arg(long)]
    pub quick: bool,
    /// What to measure.
    #[command(flatten)]
    pub choice: Choice,
    /// Read what to measure from a file of several choices, such as tests/plans/published.toml
    #[arg(long, conflicts_with_all = ["quick", "systems", "profiles", "measures", "flows", "congestion"])]
    pub plan: Option<PathBuf>,
    /// Start no repetition beyond the least that would not end within so many minutes from the start [default: the
    /// plan's, or none]
    #[arg(long)]
    pub minutes: Option<u64>,
    /// Directory for results.json, results.md and the plots
    #[arg(long, default_value = "target/tandem-bench")]
    pub out: PathBuf,
    /// Compare with the results.json of an earlier run, and list what differs by more than a tenth
    #[arg(long)]
    pub against: Option<PathBuf>,
    /// First install the systems that package registries have (as root)
    #[arg(long)]
    pub install_peers: bool,
    /// List systems, profiles and measures, and end
    #[arg(long)]
    pub list: bool,
}

/// Which systems are measured on which profiles, and how.
#[derive(Debug, Clone, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// Systems to compare, see --list [default: all that are installed, but for
    /// tandem-one-worker; quick: direct, mptcp, tandem]
    #[arg(long, value_delimiter = ',')]
    pub systems: Vec<String>,
    /// Profiles to run them on, see --list, or `all` [default: six that show most; quick: two-equal]
    #[arg(long, value_delimiter = ',')]
    pub profiles: Vec<String>,
    /// What to measure, see --list [default: all; quick: all but failover-up and packets]
    #[arg(long, value_delimiter = ',')]
    pub measures: Vec<String>,
    /// Numbers of TCP flows [default: 1,4,16; quick: 4]
    #[arg(long, value_delimiter = ',')]
    pub flows: Vec<u16>,
    /// Congestion controls of TCP [default: cubic, and bbr where the kernel has it; quick: cubic]
    #[arg(long, value_delimiter = ',')]
    pub congestion: Vec<String>,
    /// Seconds per measurement, without its warm-up [default: the plan's, or 8; quick: 2]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: Option<u64>,
    /// Repetitions at least [default: the plan's, or 3; quick: 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repetitions: Option<u32>,
    /// Repetitions at most of what has not settled: has a figure whose median is not known within 5 % [default: the
    /// plan's, or as many as at least]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub most_repetitions: Option<u32>,
}

/// A file of several choices that share a table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile {
    /// What holds for parts that do not say it themselves, as in [`Choice`].
    seconds: u64,
    repetitions: u32,
    most_repetitions: Option<u32>,
    /// As in [`BenchArgs`].
    minutes: Option<u64>,
    part: Vec<Choice>,
}

/// A checked run.
pub(super) struct Options {
    /// At least one.
    pub(super) parts: Vec<Part>,
    /// How long it may take, unless the least repetitions take longer.
    pub(super) budget: Option<Duration>,
    pub(super) out: PathBuf,
    pub(super) against: Option<PathBuf>,
}

/// A checked choice: each of its systems on each of its profiles.
pub(super) struct Part {
    pub(super) systems: Vec<Box<dyn System>>,
    pub(super) profiles: Vec<Profile>,
    pub(super) measures: Vec<Measure>,
    pub(super) repetitions: u32,
    /// Of what has not settled; no fewer than `repetitions`.
    pub(super) most_repetitions: u32,
    pub(super) effort: Effort,
}

/// How much a measure does.
#[derive(Debug, Clone)]
pub(super) struct Effort {
    /// Whether outages are cut short.
    pub(super) quick: bool,
    pub(super) flows: Vec<usize>,
    pub(super) congestion: Vec<String>,
    /// Of a measurement, without its warm-up.
    pub(super) length: Duration,
}

impl Options {
    pub(super) fn of(args: &BenchArgs) -> Result<Self> {
        let plan = match &args.plan {
            Some(path) => read(path)?,
            None => PlanFile {
                seconds: if args.quick { 2 } else { 8 },
                repetitions: if args.quick { 1 } else { 3 },
                most_repetitions: None,
                minutes: None,
                part: vec![args.choice.clone()],
            },
        };
        ensure!(!plan.part.is_empty(), "the plan has no part");
        let minutes = args.minutes.or(plan.minutes);
        Ok(Self {
            parts: plan.part.iter().map(|choice| Part::of(choice, &plan, args)).collect::<Result<_>>()?,
            budget: minutes.map(|minutes| Duration::from_secs(minutes * 60)),
            out: args.out.clone(),
            against: args.against.clone(),
        })
    }

    /// The congestion control with which to measure what a tunnel could carry: that of the first part in which goodput
    /// through tandem is compared, and a quick run compares nothing.
    pub(super) fn limit_congestion(&self) -> Option<&str> {
        let part = self.parts.iter().find(|part| {
            let with_tandem = part.systems.iter().any(|system| system.name() == Tandem::ALL_LINKS.name());
            with_tandem && part.measures.contains(&Measure::Tcp) && !part.effort.quick
        })?;
        part.effort.congestion.first().map(String::as_str)
    }

    /// What all parts together name, each once, in the order of `all`.
    fn named<T>(&self, all: Vec<T>, is_named: impl Fn(&Part, &T) -> bool) -> Vec<T> {
        all.into_iter().filter(|one| self.parts.iter().any(|part| is_named(part, one))).collect()
    }

    /// The systems of all parts.
    pub(super) fn systems(&self) -> Vec<Box<dyn System>> {
        self.named(system::all(), |part, system| part.systems.iter().any(|one| one.name() == system.name()))
    }

    /// The profiles of all parts.
    pub(super) fn profiles(&self) -> Vec<Profile> {
        self.named(profile::all(), |part, profile| part.profiles.iter().any(|one| one.name == profile.name))
    }
}

fn read(path: &Path) -> Result<PlanFile> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is no plan", path.display()))
}

impl Part {
    /// What the command line says wins over what the part says, and that over the whole plan.
    fn of(choice: &Choice, plan: &PlanFile, args: &BenchArgs) -> Result<Self> {
        let (quick, given) = (args.quick, &args.choice);
        let seconds = given.seconds.or(choice.seconds).unwrap_or(plan.seconds).max(1);
        let repetitions = given.repetitions.or(choice.repetitions).unwrap_or(plan.repetitions).max(1);
        let most = given.most_repetitions.or(choice.most_repetitions).or(plan.most_repetitions);
        let systems = chosen("system", system::all(), &system_names(choice, quick), |one| one.name())?;
        let names = profile_names(choice, quick);
        let profiles = chosen("profile", profile::all(), &names, |one| &one.name)?;
        let names = measure_names(choice, quick);
        let measures = chosen("measure", Measure::ALL.to_vec(), &names, |measure| measure.name())?;
        let flows = match (choice.flows.is_empty(), quick) {
            (true, true) => vec![4],
            (true, false) => vec![1, 4, 16],
            _ => choice.flows.iter().map(|flows| usize::from(*flows)).collect(),
        };
        ensure!(flows.iter().all(|flows| (1..=64).contains(flows)), "a transfer has from 1 to 64 flows");
        let congestion = congestion(&choice.congestion, quick)?;
        let effort = Effort { quick, flows, congestion, length: Duration::from_secs(seconds) };
        let most_repetitions = most.unwrap_or(repetitions).max(repetitions);
        Ok(Self { systems, profiles, measures, repetitions, most_repetitions, effort })
    }
}

/// The systems asked for.
fn system_names(choice: &Choice, quick: bool) -> Vec<String> {
    match (choice.systems.is_empty(), quick) {
        (false, _) => choice.systems.clone(),
        (true, true) => ["direct", "mptcp", "tandem"].map(str::to_owned).to_vec(),
        // Where there is one laptop, one worker is as good as several.
        (true, false) => {
            let usual = system::all().into_iter().filter(|one| one.name() != Tandem::ONE_WORKER.name());
            usual.map(|one| one.name().to_owned()).collect()
        }
    }
}

/// The measures asked for; none for all of them.
fn measure_names(choice: &Choice, quick: bool) -> Vec<String> {
    if choice.measures.is_empty() && quick {
        // Each would take seconds, and differs little from another.
        let left_out = [Measure::Failover(Direction::Upload), Measure::Packets];
        let quick = Measure::ALL.iter().filter(|one| !left_out.contains(one));
        return quick.map(|one| one.name().to_owned()).collect();
    }
    choice.measures.clone()
}

/// The profiles asked for; none for all of them.
fn profile_names(choice: &Choice, quick: bool) -> Vec<String> {
    let names: &[&str] = if quick { &["two-equal"] } else { &profile::USUAL };
    match choice.profiles.as_slice() {
        [] => names.iter().map(|name| (*name).to_owned()).collect(),
        [all] if all == "all" => Vec::new(),
        given => given.to_vec(),
    }
}

/// Those of `all` that are named, in the order of `all`; everything if none is named.
fn chosen<T>(what: &str, all: Vec<T>, names: &[String], name_of: impl Fn(&T) -> &str) -> Result<Vec<T>> {
    for name in names {
        ensure!(
            all.iter().any(|one| name_of(one) == name),
            "there is no {what} `{name}`; there are {}",
            all.iter().map(&name_of).collect::<Vec<_>>().join(", ")
        );
    }
    Ok(all
        .into_iter()
        .filter(|one| names.is_empty() || names.iter().any(|name| name == name_of(one)))
        .collect())
}

fn congestion(given: &[String], quick: bool) -> Result<Vec<String>> {
    const AVAILABLE: &str = "/proc/sys/net/ipv4/tcp_available_congestion_control";
    let known = std::fs::read_to_string(AVAILABLE).with_context(|| format!("cannot read {AVAILABLE}"))?;
    let has = |name: &str| known.split_whitespace().any(|one| one == name);
    for name in given {
        ensure!(has(name), "the kernel has no congestion control `{name}`; it has {}", known.trim());
    }
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let wanted: &[&str] = if quick { &["cubic"] } else { &["cubic", "bbr"] };
    Ok(wanted.iter().filter(|name| has(name)).map(|name| (*name).to_owned()).collect())
}

#[cfg(test)]
mod tests;
