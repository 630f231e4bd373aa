use std::time::Duration;

use clap::Parser;

use super::{Plan, minutes};
use crate::bench::options::{BenchArgs, Options};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: BenchArgs,
}

fn options(words: &[&str]) -> Options {
    let words = std::iter::once("bench").chain(words.iter().copied());
    Options::of(&Cli::try_parse_from(words).unwrap().args).unwrap()
}

/// As if everything were installed.
fn plan(options: &Options) -> Plan<'_> {
    let systems = options.systems();
    let present: Vec<&str> = systems.iter().map(|system| system.name()).collect();
    Plan::new(options, &options.profiles(), &present)
}

#[test]
fn systems_take_turns_and_each_repetition_begins_with_another() {
    let options = options(&["--systems", "tandem,direct", "--profiles", "unshaped", "--repetitions", "2"]);
    let plan = plan(&options);
    let order: Vec<_> = plan.cells.iter().map(|cell| (cell.repetition, cell.system.name())).collect();
    assert_eq!(order, [(1, "tandem"), (1, "direct"), (2, "direct"), (2, "tandem")]);
}

#[test]
fn a_quick_run_is_estimated_below_three_minutes() {
    let options = options(&["--quick"]);
    let plan = plan(&options);
    assert!(plan.length() < Duration::from_secs(170), "{}", plan.announcement());
}

#[test]
fn the_published_table_is_estimated_below_twenty_five_minutes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/published.toml");
    let options = options(&["--plan", path]);
    let plan = plan(&options);
    assert!(plan.length() < Duration::from_secs(25 * 60), "{}", plan.announcement());
}

#[test]
fn times_are_told_in_minutes() {
    assert_eq!(minutes(Duration::from_secs(125)), "2:05 min");
}
