//! Where one cell is measured: a world with the profile's links, and helpers for bringing a system up in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::counters::Counters;
use super::profile::Profile;
use crate::netns::Namespace;
use crate::traffic::udp::EchoServer;
use crate::traffic::{Direction, Place, probe};
use crate::world::{LinkSpec, Process, World};

/// How long a system may take until the first packet comes through.
const START: Duration = Duration::from_secs(20);

/// A world in which nothing runs yet, and what listens in it.
pub(super) struct Bed {
    pub(super) world: World,
    pub(super) profile: Profile,
    /// Answers on the web server, whichever of its addresses is asked.
    echo_behind: EchoServer,
    echo_direct: EchoServer,
}

/// Which address of the web server a system's traffic goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The one behind the gateway, through a tunnel.
    Behind,
    /// The one on the internet, past the gateway.
    Direct,
}

/// A system that is up, and how its traffic is to be made. Dropping it ends its processes.
pub(super) struct Running {
    pub(super) target: Target,
    /// Whether TCP connections are to be MPTCP.
    pub(super) multipath_tcp: bool,
    /// How many of the world's laptops it serves, the first of them.
    pub(super) laptops: usize,
    /// Processes on the laptop and on the gateway; empty where the kernel does the work.
    pub(super) client: Vec<u32>,
    pub(super) gateway: Vec<u32>,
    /// Time to make the client's keys and have the gateway take them, where there is such a step.
    pub(super) join: Option<Duration>,
    /// From the start of the client's program to the first answer through the tunnel.
    pub(super) handshake: Option<Duration>,
    /// What [`Running::take_down`] ends, the client first.
    pub(super) processes: Vec<Process>,
    /// Removed after that.
    pub(super) leftovers: Vec<Leftover>,
}

/// A file outside the world's directory that a system makes and may not remove.
#[derive(Debug)]
pub(super) struct Leftover(pub(super) PathBuf);

impl Leftover {
    /// Removes what an earlier run may have left, and later what this one leaves.
    pub(super) fn replace(path: PathBuf) -> Self {
        // Mostly there is nothing to remove.
        let _ = std::fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Running {
    /// A system that is part of the kernel.
    pub(super) fn in_kernel(multipath_tcp: bool) -> Self {
        Self {
            target: Target::Direct,
            multipath_tcp,
            laptops: 1,
            client: Vec::new(),
            gateway: Vec::new(),
            join: None,
            handshake: None,
            processes: Vec::new(),
            leftovers: Vec::new(),
        }
    }

    /// A tunnel between two programs.
    pub(super) fn tunnel(client: Process, gateway: Process, handshake: Duration) -> Self {
        Self {
            target: Target::Behind,
            multipath_tcp: false,
            laptops: 1,
            client: vec![client.id()],
            gateway: vec![gateway.id()],
            join: None,
            handshake: Some(handshake),
            processes: vec![client, gateway],
            leftovers: Vec::new(),
        }
    }

    /// Ends its processes, waits for them, and removes what they left: nothing of it may be there when the next system
    /// is measured.
    pub(super) fn take_down(mut self) -> Result<()> {
        for process in &mut self.processes {
            process.stop()?;
        }
        self.leftovers.clear();
        Ok(())
    }
}

impl Bed {
    /// Builds the world. The repetition seeds loss and jitter: the same for all systems.
    pub(super) fn new(profile: &Profile, repetition: u32) -> Result<Self> {
        let world = World::new(profile.world(u64::from(repetition)))?;
        let laptop = world.laptop()?.namespace();
        // What a network manager would do: a route over a link without carrier is none. Otherwise systems without
        // multipath of their own could never leave a dead link.
        laptop.sysctl("net/ipv4/conf/all/ignore_routes_with_linkdown", "1")?;
        world.gateway().sysctl("net/ipv4/ip_forward", "1")?;
        if profile.cable {
            world.attach_cables()?;
        }
        let echo_behind = EchoServer::start(world.web())?;
        let echo_direct = EchoServer::start(world.web_direct())?;
        Ok(Self { world, profile: profile.clone(), echo_behind, echo_direct })
    }

    /// The laptop's namespace.
    pub(super) fn laptop(&self) -> Result<&Namespace> {
        Ok(self.world.laptop()?.namespace())
    }

    /// The web server as the system's traffic reaches it.
    pub(super) fn server(&self, running: &Running) -> Place<'_> {
        match running.target {
            Target::Behind => self.world.web(),
            Target::Direct => self.world.web_direct(),
        }
    }

    /// The echo server as the system's traffic reaches it.
    pub(super) fn echo(&self, target: Target) -> &EchoServer {
        match target {
            Target::Behind => &self.echo_behind,
            Target::Direct => &self.echo_direct,
        }
    }

    /// Starts a program with its log in the world's directory.
    pub(super) fn start(&self, on: &Namespace, mut command: Command) -> Result<Process> {
        let program = Path::new(command.get_program());
        let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
        let log = self.world.file(&format!("{program}-{}.log", on.name()));
        // Ctrl-C at a terminal is for the lab, which then ends its children itself.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Process::start(on, command, &log)
    }

    /// Time from `since` to the first answer through the tunnel.
    pub(super) fn first_answer(&self, since: Instant) -> Result<Duration> {
        let server = self.echo(Target::Behind).addr();
        let answered = probe::first_answer(self.laptop()?, server, START)?;
        let answered = answered.with_context(|| format!("nothing came through within {START:?}"))?;
        Ok(answered.saturating_duration_since(since))
    }

    /// As [`Bed::first_answer`]; an error has the ends of the programs' logs.
    pub(super) fn first_answer_of(&self, since: Instant, programs: [&Process; 2]) -> Result<Duration> {
        self.first_answer(since).map_err(|error| {
            let logs: Vec<String> = programs.iter().map(|program| tail(&program.log())).collect();
            error.context(format!("client: {}\ngateway: {}", logs[0], logs[1]))
        })
    }

    /// Bytes received and sent by the laptop's interface of each link, with Ethernet headers, by the link's name.
    pub(super) fn carried(&self) -> Result<BTreeMap<String, u64>> {
        let counters = counters_of(self.laptop()?)?;
        let bytes = |link: &LinkSpec| Ok((link.name.clone(), counters.of(&link.interface)?.bytes()));
        self.profile.links.iter().map(bytes).collect()
    }

    /// Bytes of IP packets that left for the other end on all links, whether or not they arrived.
    pub(super) fn sent(&self, direction: Direction) -> Result<u64> {
        let laptop = self.world.laptop()?;
        let counters = match direction {
            Direction::Upload => counters_of(laptop.namespace())?,
            Direction::Download => counters_of(self.world.internet())?,
        };
        let sent = |link: &LinkSpec| {
            let interface = match direction {
                Direction::Upload => link.interface.clone(),
                Direction::Download => laptop.router_interface(&link.name)?,
            };
            Ok(counters.of(&interface)?.sent_ip())
        };
        self.profile.links.iter().map(sent).sum()
    }
}

fn counters_of(namespace: &Namespace) -> Result<Counters> {
    Counters::parse(&namespace.run(|| Ok(std::fs::read_to_string("/proc/thread-self/net/dev")?))?)
}

/// The last lines of a log.
fn tail(log: &str) -> String {
    const LINES: usize = 12;
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests;
