//! Finds `tandem` and `tandemd` beside the lab's own executable.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail, ensure};

/// The programs under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The control command.
    pub tandem: PathBuf,
    /// The daemon.
    pub tandemd: PathBuf,
}

impl Binaries {
    /// Finds both in the directory of the running executable. Run by cargo, they are built first, with the same
    /// profile, so that a test never meets an old daemon.
    ///
    /// # Errors
    /// When they cannot be built or are not there.
    pub fn find() -> Result<Self> {
        static FOUND: Mutex<Option<Binaries>> = Mutex::new(None);
        let mut found = FOUND.lock().map_err(|_| anyhow::anyhow!("building the binaries failed before"))?;
        if let Some(binaries) = &*found {
            return Ok(binaries.clone());
        }
        let directory = directory()?;
        if let Some(cargo) = std::env::var_os("CARGO") {
            build(Path::new(&cargo), &directory)?;
        }
        let binaries = Self { tandem: directory.join("tandem"), tandemd: directory.join("tandemd") };
        for program in [&binaries.tandem, &binaries.tandemd] {
            ensure!(
                program.is_file(),
                "there is no {}: run `cargo build -p tandem -p tandem-daemon` with the profile of the lab",
                program.display()
            );
        }
        *found = Some(binaries.clone());
        Ok(binaries)
    }
}

/// The profile's directory, such as `target/release`; test executables live one below.
fn directory() -> Result<PathBuf> {
    let executable = std::env::current_exe().context("cannot find the lab's own executable")?;
    let Some(mut directory) = executable.parent() else { bail!("{} has no directory", executable.display()) };
    if directory.ends_with("deps") {
        directory = directory.parent().unwrap_or(directory);
    }
    Ok(directory.to_owned())
}

fn build(cargo: &Path, directory: &Path) -> Result<()> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let Some(target) = directory.parent() else { return Ok(()) };
    let mut command = Command::new(cargo);
    command.args(["build", "-p", "tandem", "-p", "tandem-daemon", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(target).stdin(Stdio::null());
    // The first time this takes minutes, which a person wants to see; elsewhere only errors matter.
    if !std::io::stderr().is_terminal() {
        command.arg("--quiet");
    }
    if directory.ends_with("release") {
        command.arg("--release");
    }
    let status = command.status().with_context(|| format!("cannot run {}", cargo.display()))?;
    ensure!(status.success(), "cannot build tandem and tandemd");
    Ok(())
}
