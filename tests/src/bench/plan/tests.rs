use std::time::Duration;

use clap::Parser;

use super::{Plan, Progress, minutes};
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

/// Plays a plan without measuring, a group at a time as long as it is planned: what was measured in which repetition,
/// and when it all ended. A system settles with its given repetition.
fn play(plan: &Plan<'_>, settles: impl Fn(&str, u32) -> bool) -> (Vec<(u32, &'static str)>, Duration) {
    let (mut progress, mut played, mut elapsed) = (Progress::of(plan), Vec::new(), plan.preparation);
    for repetition in 1..=plan.rounds() {
        for group in plan.round(repetition) {
            if progress.wants(group, elapsed) {
                played.push((repetition, group.system.name()));
                elapsed += group.length;
                progress.note(group, settles(group.system.name(), repetition));
            }
        }
    }
    (played, elapsed)
}

const TWO: [&str; 6] = ["--systems", "tandem,direct", "--profiles", "unshaped", "--seconds", "10"];

#[test]
fn systems_take_turns_and_each_repetition_begins_with_another() {
    let options = options(&[&TWO[..], &["--repetitions", "2"]].concat());
    let plan = plan(&options);
    let (played, elapsed) = play(&plan, |_, _| false);
    assert_eq!(played, [(1, "tandem"), (1, "direct"), (2, "direct"), (2, "tandem")]);
    assert_eq!([elapsed; 2], [plan.least(), plan.most()]);
}

#[test]
fn a_system_that_has_settled_is_not_measured_again_and_the_others_go_on_taking_turns() {
    let all = ["--systems", "tandem,direct,mptcp", "--profiles", "unshaped"];
    let options = options(&[&all[..], &["--repetitions", "2", "--most-repetitions", "4"]].concat());
    let plan = plan(&options);
    let (played, _) = play(&plan, |system, repetition| match system {
        "direct" => true,
        "mptcp" => repetition == 3,
        _ => false,
    });
    let beyond: Vec<_> = played.into_iter().filter(|(repetition, _)| *repetition > 2).collect();
    assert_eq!(beyond, [(3, "mptcp"), (3, "tandem"), (4, "tandem")]);
}

#[test]
fn what_settles_before_the_least_repetitions_is_repeated_that_often() {
    let options = options(&[&TWO[..], &["--repetitions", "4", "--most-repetitions", "9"]].concat());
    let plan = plan(&options);
    let (played, elapsed) = play(&plan, |_, _| true);
    assert_eq!((played.len(), elapsed), (8, plan.least()));
    assert!(plan.least() < plan.most());
}

#[test]
fn time_bounds_what_is_repeated_beyond_the_least() {
    let most = ["--most-repetitions", "100"];
    let options = options(&[&TWO[..], &most[..], &["--repetitions", "2", "--minutes", "20"]].concat());
    let plan = plan(&options);
    let (played, elapsed) = play(&plan, |_, _| false);
    assert!(played.len() > 4, "{played:?}");
    assert!(elapsed <= Duration::from_secs(20 * 60), "{elapsed:?}");
    assert_eq!(plan.most(), Duration::from_secs(20 * 60));
}

#[test]
fn the_least_repetitions_take_their_time_whatever_the_bound() {
    let options = options(&[&TWO[..], &["--repetitions", "3", "--minutes", "1"]].concat());
    let plan = plan(&options);
    let (played, elapsed) = play(&plan, |_, _| false);
    assert_eq!((played.len(), elapsed), (6, plan.most()));
    assert!(plan.most() > Duration::from_secs(60));
}

#[test]
fn a_quick_run_is_estimated_below_three_minutes() {
    let options = options(&["--quick"]);
    let plan = plan(&options);
    assert!(plan.most() < Duration::from_secs(170), "{}", plan.announcement());
}

#[test]
fn the_published_table_takes_forty_minutes_at_most() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/published.toml");
    let options = options(&["--plan", path]);
    let plan = plan(&options);
    assert!(plan.most() <= Duration::from_secs(40 * 60), "{}", plan.announcement());
    // The time that is left is for what has not settled.
    assert!(plan.least() < Duration::from_secs(36 * 60), "{}", plan.announcement());
}

#[test]
fn times_are_told_in_minutes() {
    assert_eq!(minutes(Duration::from_secs(125)), "2:05 min");
}
