//! The lab's own programs with the real daemons in them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tandem_lab::exclusive::Exclusive;

fn lab(args: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tandem-lab"))
        .args(args)
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that fails early reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

/// Whether namespace tests run here; the program takes the lab's lock itself.
fn may_run() -> bool {
    Exclusive::for_test().is_some()
}

#[test]
fn the_demonstration_ends_with_its_table() {
    if !may_run() {
        return;
    }
    let (code, text) = lab(&["demo", "--seconds", "4"], "");
    assert_eq!(code, Some(0), "{text}");
    for row in ["Wi-Fi alone", "cellular alone", "both, through tandem", "longest pause at the cut"] {
        assert!(text.contains(row), "{row} in {text}");
    }
}

#[test]
fn the_shell_stands_on_the_laptop_and_changes_links() {
    if !may_run() {
        return;
    }
    let script = "tandem status >/dev/null || exit 10\n\
        tandem-lab link cellular rate=7mbit carrier=off || exit 11\n\
        tandem-lab link nowhere rate=7mbit && exit 12\n\
        exit 7\n";
    let (code, text) = lab(&["shell"], script);
    assert_eq!(code, Some(7), "{text}");
    assert!(text.contains("7 Mbit/s") && text.contains("cellular (wwan0, cut)"), "{text}");
    assert!(text.contains("no link `nowhere`"), "{text}");
}

#[test]
fn the_scenarios_pass() {
    if !may_run() {
        return;
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for name in ["both-links", "wifi-cut", "cellular-blackhole"] {
        let path = directory.join(format!("{name}.toml"));
        let (code, text) = lab(&["run", path.to_str().unwrap()], "");
        assert_eq!(code, Some(0), "{name}: {text}");
    }
}
