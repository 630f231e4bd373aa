//! Programs of others: where they are, which version, and how to get them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Debian's packages of peers, and what setting them up takes.
const PACKAGES: [&str; 3] = ["wireguard-go", "openvpn", "iproute2"];
/// Published crates of peers.
const CRATES: [&str; 3] = ["gotatun-cli", "quincy-client", "quincy-server"];

/// Where `--install-peers` puts what cargo builds.
fn cache() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(base.join("tandem-lab/peers"))
}

/// A program: in the cache, in `PATH`, or where administrators' programs are.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    cache()
        .map(|cache| cache.join("bin"))
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

/// The first line that a program says about its version.
///
/// # Errors
/// When it cannot be run or says nothing.
pub(super) fn version_of(program: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| !line.trim().is_empty());
    Ok(line.with_context(|| format!("{} does not tell its version", program.display()))?.trim().to_owned())
}

/// The version of a crate that cargo installed into the cache.
pub(super) fn installed_version(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(cache()?.join(".crates2.json")).ok()?;
    let list: serde_json::Value = serde_json::from_str(&text).ok()?;
    let entry = list.get("installs")?.as_object()?.keys().find(|key| key.split(' ').next() == Some(name))?;
    let mut words = entry.split(' ');
    Some(format!("{} {}", words.next()?, words.next()?))
}

/// The commit of the source tree, when cargo runs the lab: then what is measured was just built from it.
pub(super) fn commit() -> Option<String> {
    std::env::var_os("CARGO")?;
    let output = Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Installs peers: packages with apt-get where there is one, crates with cargo into the cache. One that cannot be had is
/// told and left out.
///
/// # Errors
/// When there is no directory for them.
pub(super) fn install() -> Result<()> {
    let root = cache().context("neither XDG_CACHE_HOME nor HOME is set")?;
    for package in PACKAGES {
        let mut apt = Command::new("apt-get");
        apt.args(["install", "--yes", "--quiet", "--no-install-recommends", package]);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        attempt(package, apt);
    }
    for name in CRATES {
        let mut cargo = Command::new("cargo");
        cargo.args(["install", "--locked", "--root"]).arg(&root).arg(name);
        attempt(name, cargo);
    }
    Ok(())
}

fn attempt(what: &str, mut command: Command) {
    let program = command.get_program().to_string_lossy().into_owned();
    // Standard output belongs to the table.
    let run = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let outcome = run.map_err(anyhow::Error::from).and_then(|status| {
        ensure!(status.success(), "{program} ended with {status}");
        Ok(())
    });
    match outcome {
        Ok(()) => eprintln!("installed: {what}"),
        Err(error) => eprintln!("not installed: {what}: {error:#}"),
    }
}
