use clap::Parser;

use super::{BenchArgs, Measure, Options};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: BenchArgs,
}

fn options(words: &[&str]) -> anyhow::Result<Options> {
    let words = std::iter::once("bench").chain(words.iter().copied());
    Options::of(&Cli::try_parse_from(words).unwrap().args)
}

#[test]
fn a_quick_run_is_small() {
    let quick = options(&["--quick"]).unwrap();
    let names: Vec<&str> = quick.parts[0].systems.iter().map(|system| system.name()).collect();
    assert_eq!(names, ["tandem", "direct", "mptcp"]);
    assert_eq!((quick.parts[0].effort.flows.as_slice(), quick.parts[0].repetitions), ([4].as_slice(), 1));
    assert_eq!(quick.profiles().len(), 1);
}

#[test]
fn what_is_named_wins_over_quick() {
    let quick = options(&["--quick", "--systems", "direct", "--flows", "1,2", "--repetitions", "3"]).unwrap();
    let part = &quick.parts[0];
    assert_eq!((part.systems.len(), part.effort.flows.len(), part.repetitions), (1, 2, 3));
}

#[test]
fn an_unknown_name_is_refused_with_those_that_exist() {
    for (option, name, one_that_exists) in [
        ("--systems", "ipsec", "tandem"),
        ("--profiles", "dialup", "unshaped"),
        ("--measures", "speed", "tcp"),
    ] {
        let error = options(&[option, name]).err().unwrap().to_string();
        assert!(error.contains(name) && error.contains(one_that_exists), "{error}");
    }
    let error = options(&["--congestion", "vegas9"]).err().unwrap().to_string();
    assert!(error.contains("vegas9"), "{error}");
}

fn plan(name: &str) -> String {
    format!("{}/plans/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_plans_can_be_read_and_the_command_line_wins_over_their_lengths() {
    for name in ["published", "targets", "unshaped"] {
        let options = options(&["--plan", &plan(name), "--seconds", "1", "--repetitions", "9"]).unwrap();
        for part in &options.parts {
            assert_eq!((part.effort.length.as_secs(), part.repetitions), (1, 9));
            assert!(part.most_repetitions >= 9);
        }
        assert!(options.profiles().len() >= 3, "{name}");
    }
}

#[test]
fn one_worker_is_measured_where_it_is_asked_for() {
    let measured = |arguments: &[&str]| -> Vec<&str> {
        options(arguments).unwrap().parts[0].systems.iter().map(|system| system.name()).collect()
    };
    assert!(!measured(&[]).contains(&"tandem-one-worker"));
    assert_eq!(measured(&["--systems", "tandem-one-worker"]), ["tandem-one-worker"]);
}

#[test]
fn a_part_wins_over_its_plan() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan.toml");
    let text = "seconds = 4\nrepetitions = 4\nmost_repetitions = 7\nminutes = 5\n\
        [[part]]\nsystems = ['direct']\n\
        [[part]]\nsystems = ['direct']\nseconds = 2\nrepetitions = 8\n";
    std::fs::write(&path, text).unwrap();
    let options = options(&["--plan", path.to_str().unwrap()]).unwrap();
    let parts = options.parts.iter();
    let told: Vec<_> =
        parts.map(|part| (part.effort.length.as_secs(), part.repetitions, part.most_repetitions)).collect();
    assert_eq!(told, [(4, 4, 7), (2, 8, 8)]);
    assert_eq!(options.budget, Some(std::time::Duration::from_secs(300)));
}

#[test]
fn without_more_at_most_everything_is_repeated_alike() {
    let options = options(&["--repetitions", "5"]).unwrap();
    assert_eq!((options.parts[0].repetitions, options.parts[0].most_repetitions), (5, 5));
    assert_eq!(options.budget, None);
}

#[test]
fn a_quick_run_takes_what_it_is_asked_for_and_else_all_but_what_resembles_others() {
    let measured = |arguments: &[&str]| -> Vec<&str> {
        let part = options(arguments).unwrap().parts.remove(0);
        part.measures.iter().map(Measure::name).collect()
    };
    let quick = measured(&["--quick"]);
    assert_eq!(quick.len(), Measure::ALL.len() - 2);
    assert!(quick.contains(&"failover") && quick.contains(&"quic"), "{quick:?}");
    assert!(!quick.contains(&"failover-up") && !quick.contains(&"packets"), "{quick:?}");
    assert_eq!(measured(&["--quick", "--measures", "failover-up"]), ["failover-up"]);
    assert_eq!(measured(&[]).len(), Measure::ALL.len());
}

#[test]
fn a_plan_excludes_what_it_says_itself() {
    assert!(Cli::try_parse_from(["bench", "--plan", &plan("published"), "--flows", "2"]).is_err());
}

#[test]
fn a_transfer_has_a_sensible_number_of_flows() {
    assert!(options(&["--flows", "0"]).is_err());
    assert!(options(&["--flows", "65"]).is_err());
}
