use clap::Parser;

use super::{BenchArgs, Options};

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
    let names: Vec<&str> = quick.systems.iter().map(|system| system.name()).collect();
    assert_eq!(names, ["tandem", "direct", "mptcp"]);
    assert_eq!((quick.flows.as_slice(), quick.repetitions), ([4].as_slice(), 1));
    assert_eq!(quick.profiles.len(), 1);
}

#[test]
fn what_is_named_wins_over_quick() {
    let quick = options(&["--quick", "--systems", "direct", "--flows", "1,2", "--repetitions", "3"]).unwrap();
    assert_eq!((quick.systems.len(), quick.flows.len(), quick.repetitions), (1, 2, 3));
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
