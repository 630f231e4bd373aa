//! `tandem-lab bench` as a program: a small run from end to end. Its figures decide nothing, only whether there are any.

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed the test")]

use std::path::Path;
use std::process::{Command, Output};

use tandem_lab::exclusive::Exclusive;

fn bench(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tandem-lab")).arg("bench").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The value of a figure in the first repetition; `null` where it never happened.
fn sample<'a>(results: &'a serde_json::Value, system: &str, key: &str) -> &'a serde_json::Value {
    let rows = results["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["system"] == system && row["key"] == key);
    &row.unwrap_or_else(|| panic!("{system} has no {key}"))["samples"][0]
}

#[test]
fn a_quick_run_measures_tandem_beside_what_the_kernel_has() {
    if Exclusive::for_test().is_none() {
        return;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-quick");
    let output = bench(&["--quick", "--out", directory.to_str().unwrap()]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(text(&output.stdout).contains("### two-equal"), "{}", text(&output.stdout));

    let file = std::fs::read_to_string(directory.join("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&file).unwrap();
    assert_eq!(results["schema"], 2);
    for key in ["tcp_down_4_cubic", "tcp_up_4_cubic", "quic_down", "quic_up"] {
        for system in ["tandem", "direct"] {
            assert!(sample(&results, system, key).as_f64().unwrap() > 0.5, "{system} {key}: {said}");
        }
    }
    let costs = ["cpu_client_down", "wire_first_down", "wire_second_up", "extra_down", "extra_up"]
        .map(|cost| format!("{cost}_4_cubic"));
    for key in ["join", "handshake", "memory_gateway"].into_iter().chain(costs.iter().map(String::as_str)) {
        assert!(sample(&results, "tandem", key).as_f64().unwrap() > 0.0, "{key}: {said}");
    }
    assert!(sample(&results, "tandem", "blackhole_lost_call").is_number(), "{said}");
    // MPTCP may be absent from a kernel; then it is skipped by name.
    let skipped = results["skipped"].get("mptcp").is_some();
    assert!(skipped || sample(&results, "mptcp", "tcp_down_4_cubic").as_f64().unwrap() > 0.5, "{said}");
    for plot in ["goodput-two-equal.svg", "carrier-two-equal.svg", "blackhole-two-equal.svg"] {
        assert!(directory.join(plot).is_file(), "{plot}");
    }
}

#[test]
fn a_crowd_of_laptops_gets_through_one_gateway_whatever_its_workers() {
    if Exclusive::for_test().is_none() {
        return;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-crowd");
    let systems = ["tandem", "tandem-one-worker"];
    let (chosen, out) = (systems.join(","), directory.to_str().unwrap());
    let what =
        ["--systems", &chosen, "--profiles", "unshaped-crowd", "--measures", "crowd", "--seconds", "1"];
    let output = bench(&[&what[..], &["--repetitions", "1", "--congestion", "cubic", "--out", out]].concat());
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    let file = std::fs::read_to_string(directory.join("results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&file).unwrap();
    for system in systems {
        for key in ["crowd_down_sum", "crowd_up_sum", "crowd_down_least", "crowd_up_least", "crowd_up_cpu"] {
            assert!(sample(&results, system, key).as_f64().unwrap() > 0.0, "{system} {key}: {said}");
        }
    }
}

#[test]
fn what_exists_is_listed() {
    let output = bench(&["--list"]);
    let listed = text(&output.stdout);
    assert!(output.status.success());
    for name in ["tandem", "mptcp", "wireguard-go", "unshaped", "fast-and-lte", "failover"] {
        assert!(listed.contains(name), "{listed}");
    }
}

#[test]
fn an_unknown_name_is_refused_before_anything_is_built() {
    let output = bench(&["--systems", "carrier-pigeon"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("carrier-pigeon") && said.contains("wireguard-go"), "{said}");
}
