//! A CONNECT-IP client that is not tandem, and a browser, at a real gateway.
//!
//! The client is `tests/foreign/client.py` on aioquic, from another author, in another language: what it understands is
//! HTTP/3 and RFC 9484 and not merely our reading of them. It is installed into a folder of the target directory.

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tandem_lab::world::{GATEWAY, WEB, WEB_V6, World, WorldSpec};

/// The Python that has the client's library, or `None` where it cannot be had, which under CI is a failure.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(install) {
        Ok(python) => Some(python),
        Err(why) => {
            assert!(std::env::var_os("CI").is_none(), "under CI the foreign client must be there: {why}");
            eprintln!("the foreign client cannot be had, and is left out: {why}");
            None
        }
    }
}

fn install() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    let python = folder.join("bin/python");
    let requirements = here("requirements.txt");
    // What was installed before serves again, unless the requirements have changed since.
    let note = folder.join("requirements.txt");
    let wanted = std::fs::read(&requirements).map_err(|error| error.to_string())?;
    if std::fs::read(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements))?;
    std::fs::write(&note, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{program} failed: {}", said(&output))) }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign").join(file)
}

/// A world with a running gateway, and the foreign client for it.
fn gateway() -> Option<(World, &'static Path)> {
    let python = python()?;
    let mut world = World::for_test(WorldSpec::default()).unwrap()?;
    let started = world.start_gateway();
    world.with_logs(started).unwrap();
    Some((world, python))
}

/// A long-lived secret for a client of that name.
fn bearer(world: &World, name: &str) -> String {
    let outcome = world.gateway_node().tandem(world.gateway(), &["invite", name, "--bearer"]).unwrap();
    outcome.expect_success("tandem invite --bearer").unwrap().trim().to_owned()
}

/// Runs the client on the laptop; what it saw.
fn client(world: &World, python: &Path, secret: &str, args: &[&str]) -> Value {
    let mut command = Command::new(python);
    command.arg(here("client.py")).args([GATEWAY.to_string().as_str(), "443"]).args(args);
    command.env("BEARER", secret).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = world.laptop().unwrap().namespace().spawn(command).unwrap().wait_with_output().unwrap();
    let seen = serde_json::from_slice(&output.stdout);
    world.with_logs(seen.map_err(|_| anyhow::anyhow!("the foreign client: {}", said(&output)))).unwrap()
}

#[test]
fn a_foreign_client_gets_addresses_and_exchanges_packets() {
    let Some((world, python)) = gateway() else { return };
    let secret = bearer(&world, "foreigner");
    let targets = [WEB.to_string(), WEB_V6.to_string()];
    let seen = client(&world, python, &secret, &["tunnel", &targets[0], &targets[1]]);
    assert_eq!(seen["headers"][":status"], "200", "{seen}");
    assert_eq!(seen["headers"]["capsule-protocol"], "?1", "{seen}");
    assert_eq!(seen["addresses"].as_array().map(Vec::len), Some(2), "{seen}");
    assert_eq!(seen["answered"], serde_json::json!(targets), "{seen}");
}

#[test]
fn a_foreign_client_has_the_same_addresses_when_it_comes_again() {
    let Some((world, python)) = gateway() else { return };
    let secret = bearer(&world, "foreigner");
    let first = client(&world, python, &secret, &["tunnel"]);
    let second = client(&world, python, &secret, &["tunnel"]);
    assert!(first["addresses"].is_array(), "{first}");
    assert_eq!(first["addresses"], second["addresses"]);
}

#[test]
fn a_foreign_client_with_a_wrong_secret_is_refused_with_a_reason() {
    let Some((world, python)) = gateway() else { return };
    bearer(&world, "foreigner");
    let seen = client(&world, python, "wrong", &["tunnel"]);
    assert_eq!(seen["headers"][":status"], "403", "{seen}");
    let body: Value = serde_json::from_str(seen["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["type"], "unknown-peer", "{seen}");
}

#[test]
fn a_browser_gets_a_page() {
    let Some((world, python)) = gateway() else { return };
    let seen = client(&world, python, "", &["get", "/"]);
    assert_eq!(seen["headers"][":status"], "200", "{seen}");
    assert_eq!(seen["headers"]["content-type"], "text/html; charset=utf-8", "{seen}");
    assert!(seen["body"].as_str().unwrap().starts_with("<!doctype html>"), "{seen}");
    let seen = client(&world, python, "", &["get", "/no/such/page"]);
    assert_eq!(seen["headers"][":status"], "404", "{seen}");
}
