//! What can be chosen about a run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::measure::Measure;
use super::profile::{self, Profile};
use super::system::{self, System};

/// The command line of `tandem-lab bench`.
#[derive(Debug, Clone, clap::Args)]
pub struct BenchArgs {
    /// A run of less than three minutes that shows whether everything works; its figures are coarse
    #[arg(long)]
    pub quick: bool,
    /// Systems to compare, see --list [default: all that are installed; quick: direct, mptcp, tandem]
    #[arg(long, value_delimiter = ',')]
    pub systems: Vec<String>,
    /// Profiles to run them on, see --list, or `all` [default: six that show most; quick: two-equal]
    #[arg(long, value_delimiter = ',')]
    pub profiles: Vec<String>,
    /// What to measure, see --list [default: all]
    #[arg(long, value_delimiter = ',')]
    pub measures: Vec<String>,
    /// Numbers of TCP flows [default: 1,4,16; quick: 4]
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=64))]
    pub flows: Vec<u16>,
    /// Congestion controls of TCP [default: cubic, and bbr where the kernel has it; quick: cubic]
    #[arg(long, value_delimiter = ',')]
    pub congestion: Vec<String>,
    /// Seconds per measurement, without its warm-up [default: 8; quick: 2]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: Option<u64>,
    /// Repetitions [default: 3; quick: 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repetitions: Option<u32>,
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

/// A checked choice.
pub(super) struct Options {
    pub(super) quick: bool,
    pub(super) systems: Vec<Box<dyn System>>,
    pub(super) profiles: Vec<Profile>,
    pub(super) measures: Vec<Measure>,
    pub(super) flows: Vec<usize>,
    pub(super) congestion: Vec<String>,
    pub(super) length: Duration,
    pub(super) repetitions: u32,
    pub(super) out: PathBuf,
    pub(super) against: Option<PathBuf>,
}

impl Options {
    pub(super) fn of(args: &BenchArgs) -> Result<Self> {
        let quick = args.quick;
        let systems = chosen("system", system::all(), &system_names(args), |one| one.name())?;
        let profiles = chosen("profile", profile::all(), &profile_names(args), |one| &one.name)?;
        let measures = chosen("measure", Measure::ALL.to_vec(), &args.measures, |measure| measure.name())?;
        let flows = match (args.flows.is_empty(), quick) {
            (true, true) => vec![4],
            (true, false) => vec![1, 4, 16],
            _ => args.flows.iter().map(|flows| usize::from(*flows)).collect(),
        };
        Ok(Self {
            quick,
            systems,
            profiles,
            measures,
            flows,
            congestion: congestion(&args.congestion, quick)?,
            length: Duration::from_secs(args.seconds.unwrap_or(if quick { 2 } else { 8 })),
            repetitions: args.repetitions.unwrap_or(if quick { 1 } else { 3 }),
            out: args.out.clone(),
            against: args.against.clone(),
        })
    }
}

/// The systems asked for; none for all of them.
fn system_names(args: &BenchArgs) -> Vec<String> {
    if args.systems.is_empty() && args.quick {
        return ["direct", "mptcp", "tandem"].map(str::to_owned).to_vec();
    }
    args.systems.clone()
}

/// The profiles asked for; none for all of them.
fn profile_names(args: &BenchArgs) -> Vec<String> {
    let names: &[&str] = if args.quick { &["two-equal"] } else { &profile::USUAL };
    match args.profiles.as_slice() {
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
