//! A daemon under test: a child process in a namespace, with its log in a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::netns::Namespace;
use crate::wait_until;

/// A running child, ended when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

/// How long a daemon may take to put everything back.
const STOP: Duration = Duration::from_secs(10);

impl Process {
    /// Starts the command in a namespace; both its outputs are appended to the log.
    ///
    /// # Errors
    /// When the log cannot be written or the program not started.
    pub fn start(namespace: &Namespace, mut command: Command, log: &Path) -> Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write the log {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = namespace.spawn(command)?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, if it has ended.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).with_context(|| format!("cannot signal process {}", self.id()))
    }

    /// Asks it to end (SIGTERM), waits 10 s, then kills it. `None` means that it had to be killed.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn stop(&mut self) -> Result<Option<ExitStatus>> {
        if let Some(status) = self.exited()? {
            return Ok(Some(status));
        }
        self.signal(Signal::TERM)?;
        let mut status = None;
        if wait_until(STOP, || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        }) {
            return Ok(status);
        }
        self.kill()?;
        Ok(None)
    }

    /// Kills it at once, without any chance to put things back.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        self.child.wait().context("cannot wait for a killed process")?;
        Ok(())
    }

    /// All it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
