//! Anonymous network namespaces that live and die with the process.
//!
//! A namespace is held by a file descriptor and by one thread inside it. Nothing is written to `/run/netns`,
//! so that even SIGKILL leaves nothing behind. Closures enter it on threads of their own; children start from the
//! resident thread and are killed by the kernel when that thread ends.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::resume_unwind;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow, bail};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::{netif, sys};

type Job = Box<dyn FnOnce() + Send>;

/// A network namespace with its own interfaces, addresses, routes and sysctls.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    file: File,
    jobs: Option<Sender<Job>>,
    resident: Option<JoinHandle<()>>,
}

impl Namespace {
    /// Creates a namespace with its loopback interface up. The name only serves messages.
    ///
    /// # Errors
    /// Without CAP_SYS_ADMIN; the message says how to get it.
    pub fn new(name: &str) -> Result<Self> {
        let (jobs, inbox) = channel::<Job>();
        let (ready, outcome) = channel();
        let resident = thread::Builder::new().name(format!("ns-{name}")).spawn(move || {
            let opened = enter_new();
            let failed = opened.is_err();
            if ready.send(opened).is_err() || failed {
                return;
            }
            for job in inbox {
                job();
            }
        })?;
        let file = outcome
            .recv()
            .map_err(|_| anyhow!("the thread of namespace {name} ended"))?
            .with_context(|| format!("cannot create the network namespace `{name}`"))?;
        Ok(Self { name: name.to_owned(), file, jobs: Some(jobs), resident: Some(resident) })
    }

    /// The name given at creation.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a closure on a thread inside the namespace and waits for it.
    ///
    /// # Errors
    /// Those of the closure, or when the namespace cannot be entered.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                enter(self.file.as_fd())?;
                work()
            });
            inside.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
        .with_context(|| format!("in namespace `{}`", self.name))
    }

    /// Starts a child process inside the namespace. It is killed when the namespace is dropped or the lab dies.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(&self, mut command: Command) -> Result<Child> {
        let program = command.get_program().to_string_lossy().into_owned();
        let (answer, outcome) = channel();
        let job: Job = Box::new(move || {
            // Fails only if the caller is gone, and then the child must not stay.
            if let Err(unheard) = answer.send(sys::die_with_parent(&mut command).spawn())
                && let Ok(mut child) = unheard.0
            {
                let _ = child.kill();
            }
        });
        let Some(jobs) = &self.jobs else { bail!("namespace `{}` is closed", self.name) };
        jobs.send(job).map_err(|_| anyhow!("the thread of namespace `{}` ended", self.name))?;
        outcome
            .recv()
            .map_err(|_| anyhow!("the thread of namespace `{}` ended", self.name))?
            .with_context(|| format!("cannot start {program}"))
    }

    /// Writes a sysctl of this namespace; `key` has slashes, as in `net/ipv4/ip_forward`.
    ///
    /// # Errors
    /// When the key does not exist or may not be written.
    pub fn sysctl(&self, key: &str, value: &str) -> Result<()> {
        self.run(|| {
            let path = format!("/proc/sys/{key}");
            std::fs::write(&path, value).with_context(|| format!("cannot write {value} to {path}"))
        })
    }

    /// Reads a sysctl of this namespace.
    ///
    /// # Errors
    /// When the key does not exist.
    pub fn read_sysctl(&self, key: &str) -> Result<String> {
        self.run(|| {
            let path = format!("/proc/sys/{key}");
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            Ok(text.trim().to_owned())
        })
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(resident) = self.resident.take() {
            let _ = resident.join();
        }
    }
}

fn enter(namespace: BorrowedFd<'_>) -> Result<()> {
    move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))
        .context("cannot enter the network namespace")
}

fn enter_new() -> Result<File> {
    sys::unshare_network().context(PRIVILEGES)?;
    // Duplicate address detection would keep every new IPv6 address unusable for two seconds.
    for scope in ["all", "default"] {
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/accept_dad"), "0");
    }
    netif::set_up("lo")?;
    File::open("/proc/thread-self/ns/net").context("cannot open the namespace under /proc")
}

const PRIVILEGES: &str = "network namespaces need CAP_SYS_ADMIN: run as root, or in a user namespace \
    (`unshare --user --map-root-user COMMAND`) where the host allows it, or in a container started with \
    --privileged and --device /dev/net/tun";

/// Gives an ordinary user the privileges of root over namespaces of its own, by way of a user namespace.
/// Must be called before the process starts its first thread; does nothing for root.
///
/// # Errors
/// When the host forbids user namespaces; the message says what to do.
pub fn become_root_of_own_namespace() -> Result<()> {
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    if uid.is_root() {
        return Ok(());
    }
    sys::unshare_user().context(PRIVILEGES)?;
    std::fs::write("/proc/self/setgroups", "deny").context("cannot give up setgroups")?;
    std::fs::write("/proc/self/uid_map", format!("0 {} 1", uid.as_raw())).context(PRIVILEGES)?;
    std::fs::write("/proc/self/gid_map", format!("0 {} 1", gid.as_raw())).context(PRIVILEGES)?;
    Ok(())
}
