//! Every input that is kept, run once: the corpus, and what once broke a promise.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tandem_fuzz::TARGETS;

/// Most bytes of all inputs together: the corpus is read by people and cloned by everybody.
const MAX_BYTES: u64 = 500_000;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The inputs of a target, none if there is no such folder.
fn inputs(kind: &str, target: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder(kind).join(target)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn names(kind: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(kind)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn replay(kind: &str) {
    let mut broken = Vec::new();
    for (target, run) in TARGETS {
        for path in inputs(kind, target) {
            let data = fs::read(&path).unwrap();
            // All of them, so that one failure does not hide the next.
            if catch_unwind(AssertUnwindSafe(|| run(&data))).is_err() {
                broken.push(path);
            }
        }
    }
    assert!(broken.is_empty(), "these inputs break a promise: {broken:#?}");
}

#[test]
fn the_corpus_breaks_no_promise() {
    replay("corpus");
}

#[test]
fn what_once_broke_a_promise_does_so_no_more() {
    replay("regressions");
}

#[test]
fn every_target_has_a_binary_and_a_corpus() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("corpus"), targets);
    assert!(names("regressions").is_subset(&targets));
    for target in &targets {
        assert!(!inputs("corpus", target).is_empty(), "{target} has no inputs");
    }
}

#[test]
fn the_inputs_are_few_enough_to_be_read() {
    let all = TARGETS
        .iter()
        .flat_map(|(target, _)| [inputs("corpus", target), inputs("regressions", target)].concat());
    let bytes: u64 = all.map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(bytes <= MAX_BYTES, "{bytes} bytes; `cargo fuzz cmin` leaves out what adds nothing");
}
