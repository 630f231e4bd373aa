//! `tandem-lab` as a program: exit codes, messages, JSON.

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tandem_lab::exclusive::Exclusive;

fn lab(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tandem-lab"))
        .args(args)
        .env_remove("TANDEM_LAB_SOCKET")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether namespace tests run here; the program takes the lab's lock itself.
fn may_run() -> bool {
    Exclusive::for_test().is_some()
}

/// A scenario file made from one of the repository's.
fn edited(name: &str, from: &str, to: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/plain-links.toml");
    let text = std::fs::read_to_string(source).unwrap();
    assert!(text.contains(from));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text.replace(from, to)).unwrap();
    path
}

#[test]
fn a_scenario_prints_its_result_as_json() {
    if !may_run() {
        return;
    }
    let path = edited("passes.toml", "duration = \"4s\"", "duration = \"3s\"");
    let output = lab(&["run", path.to_str().unwrap()]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["scenario"], "plain-links");
    assert!(report["traffic"]["wifi"]["goodput_bps"].as_f64().unwrap() > 1e6, "{report}");
    assert!(report["expectations"][1]["actual"].is_number(), "{report}");
    assert_eq!(output.status.code(), Some(i32::from(report["passed"] != true)), "{report}");
}

#[test]
fn an_expectation_that_is_not_met_is_exit_code_1_with_the_whole_result() {
    if !may_run() {
        return;
    }
    let path = edited("fails.toml", "at_least = 35_000_000\nat_most = 48_000_000", "at_least = 500_000_000");
    let output = lab(&["run", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["passed"], &report["expectations"][0]["met"]), (&false.into(), &false.into()));
}

#[test]
fn a_wrong_scenario_is_refused_before_anything_is_built() {
    let path = edited("wrong.toml", "rate = \"50mbit\"", "rate = \"fast\"");
    let output = lab(&["run", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("wrong.toml") && said.contains("link `wifi`") && said.contains("rate=fast"),
        "{said}"
    );
}

#[test]
fn changing_links_outside_the_shell_says_where_to_start() {
    let output = lab(&["link", "wifi", "carrier=off"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("tandem-lab shell"), "{}", said(&output));
}
