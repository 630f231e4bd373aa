//! The tandem of one host of the world: its files, its daemon and its control command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::binaries::Binaries;
use super::process::Process;
use crate::netns::Namespace;
use crate::wait_until;

/// Longest run of a command; `tandem wait` brings its own, shorter limit.
const COMMAND: Duration = Duration::from_secs(40);
/// Lines of a log shown with an error.
const TAIL: usize = 25;

/// One host's tandem.
#[derive(Debug)]
pub struct Node {
    daemon: Option<Process>,
    name: String,
    config: PathBuf,
    state: PathBuf,
    socket: PathBuf,
    log: PathBuf,
    binaries: Binaries,
}

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// The standard output of a command that succeeded.
    ///
    /// # Errors
    /// When it failed, with its own words.
    pub fn expect_success(&self, what: &str) -> Result<&str> {
        match self.code {
            Some(0) => Ok(&self.stdout),
            Some(code) => bail!("`{what}` ended with {code}: {}{}", self.stderr.trim(), self.stdout.trim()),
            None => bail!("`{what}` was killed: {}", self.stderr.trim()),
        }
    }
}

impl Node {
    pub(super) fn new(name: &str, parent: &Path, binaries: &Binaries) -> Self {
        let directory = parent.join(name);
        Self {
            daemon: None,
            name: name.to_owned(),
            config: directory.join("tandem.toml"),
            state: directory.clone(),
            socket: directory.join("ctl.sock"),
            log: parent.join(format!("{name}.log")),
            binaries: binaries.clone(),
        }
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The control socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where the programs are.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The daemon, if it was started.
    pub fn daemon(&mut self) -> Option<&mut Process> {
        self.daemon.as_mut()
    }

    /// Runs `tandem --socket SOCKET ARGS…` in a namespace.
    ///
    /// # Errors
    /// When it cannot be started or does not end within 40 s. A refusal is an [`Outcome`].
    pub fn tandem(&self, namespace: &Namespace, args: &[&str]) -> Result<Outcome> {
        let mut command = Command::new(&self.binaries.tandem);
        command.arg("--socket").arg(&self.socket).args(args);
        run(namespace, command)
    }

    /// Runs `tandem ARGS…` with this node's `--config`, `--state` and `--socket` behind.
    fn tandem_with_files(&self, namespace: &Namespace, args: &[&str]) -> Result<Outcome> {
        let mut command = Command::new(&self.binaries.tandem);
        command.args(args).arg("--config").arg(&self.config).arg("--state").arg(&self.state);
        command.arg("--socket").arg(&self.socket);
        run(namespace, command)
    }

    /// `tandem gateway init` with these options.
    ///
    /// # Errors
    /// When it refuses.
    pub fn init_gateway(&self, namespace: &Namespace, options: &[&str]) -> Result<()> {
        let args: Vec<&str> = ["gateway", "init"].into_iter().chain(options.iter().copied()).collect();
        self.tandem_with_files(namespace, &args)?.expect_success("tandem gateway init").map(drop)
    }

    /// `tandem join TOKEN` with these options, whatever comes of it.
    ///
    /// # Errors
    /// When it cannot be run.
    pub fn join(&self, namespace: &Namespace, token: &str, options: &[&str]) -> Result<Outcome> {
        let args: Vec<&str> = ["join", token].into_iter().chain(options.iter().copied()).collect();
        self.tandem_with_files(namespace, &args)
    }

    /// Starts `tandemd` on the configuration file, after ending one that runs.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, namespace: &Namespace) -> Result<()> {
        self.daemon = None;
        let mut command = Command::new(&self.binaries.tandemd);
        command.arg("--config").arg(&self.config);
        // Ctrl-C at a terminal is for the lab, which then ends its daemons itself.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        self.daemon = Some(Process::start(namespace, command, &self.log)?);
        Ok(())
    }

    /// Waits until the daemon answers on its socket.
    ///
    /// # Errors
    /// When it does not in time, or has ended.
    pub fn wait_for_api(&mut self, namespace: &Namespace, patience: Duration) -> Result<()> {
        let mut answered = false;
        wait_until(patience, || {
            answered = self.status(namespace).is_ok();
            answered || self.has_ended()
        });
        ensure!(!self.has_ended(), "tandemd on {} has ended", self.name);
        ensure!(answered, "tandemd on {} does not answer", self.name);
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        self.daemon.as_mut().is_none_or(|daemon| !matches!(daemon.exited(), Ok(None)))
    }

    /// `tandem status --json`.
    ///
    /// # Errors
    /// When the daemon does not answer or not in JSON.
    pub fn status(&self, namespace: &Namespace) -> Result<serde_json::Value> {
        let outcome = self.tandem(namespace, &["status", "--json"])?;
        let text = outcome.expect_success("tandem status --json")?;
        serde_json::from_str(text).context("`tandem status --json` printed no JSON")
    }

    /// The end of the daemon's log, for messages; empty if it has none.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let Ok(bytes) = std::fs::read(&self.log) else { return String::new() };
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL)..];
        format!("\n--- end of the log of tandemd on {} ---\n{}", self.name, tail.join("\n"))
    }
}

fn run(namespace: &Namespace, mut command: Command) -> Result<Outcome> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = namespace.spawn(command)?;
    let pid = Pid::from_child(&child);
    let (answer, outcome) = channel();
    thread::Builder::new().name("command".into()).spawn(move || answer.send(child.wait_with_output()))?;
    let output = match outcome.recv_timeout(COMMAND) {
        Ok(output) => output.with_context(|| format!("cannot wait for {program}"))?,
        Err(_) => {
            // It has not been waited for, so the id is still its own.
            let _ = kill_process(pid, Signal::KILL);
            bail!("{program} did not end within {} s", COMMAND.as_secs());
        }
    };
    Ok(Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
