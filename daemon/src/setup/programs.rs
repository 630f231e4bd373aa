//! The programs of the host that a setup asks for help: its firewall, its service manager.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};

/// What a program said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Answer {
    /// Why it refused, in one line.
    pub(super) fn reason(&self) -> &str {
        let said = [&self.stderr, &self.stdout];
        said.iter()
            .flat_map(|text| text.lines())
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("no reason given")
    }
}

/// Whoever runs programs: the host, or a test that answers for it.
pub(super) trait Programs {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// Where it cannot be started, above all because it is not there.
    fn run(&mut self, words: &[&str]) -> io::Result<Answer>;

    /// Whether the service manager is systemd, and runs.
    fn has_systemd(&self) -> bool;
}

/// The host itself.
pub(super) struct Host;

impl Programs for Host {
    fn run(&mut self, words: &[&str]) -> io::Result<Answer> {
        let [program, arguments @ ..] = words else { return Err(io::ErrorKind::InvalidInput.into()) };
        // People's paths often lack the system directories. The answers are read, so they must be in no language of
        // the user's.
        let mut path = std::env::var_os("PATH").unwrap_or_default();
        path.push(OsString::from(":/usr/sbin:/sbin"));
        let mut command = Command::new(program);
        command.args(arguments).env("PATH", path).env("LC_ALL", "C").stdin(Stdio::null());
        let output = command.output()?;
        Ok(Answer {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn has_systemd(&self) -> bool {
        // As sd_booted(3) tells.
        std::path::Path::new("/run/systemd/system").is_dir()
    }
}
