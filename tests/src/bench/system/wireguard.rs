//! WireGuard in user space, by any program that makes a device and listens on WireGuard's control socket.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin};

use super::System;
use crate::bench::bed::{Bed, Leftover, Running};
use crate::bench::peers;
use crate::netif::{self, Net, Route};
use crate::netns::Namespace;
use crate::wait_until;
use crate::world::{GATEWAY, GATEWAY_INSIDE, Process};

const PORT: u16 = 51_820;
const LAPTOP_INSIDE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// What `wg-quick` sets on a path of 1500 bytes.
const MTU: u32 = 1_420;
/// The programs put their control sockets here, for all namespaces: the devices' names must differ. Always the same two,
/// so that what an interrupted run leaves is replaced by the next; two runs of the lab never overlap.
const SOCKETS: &str = "/var/run/wireguard";
const DEVICES: [&str; 2] = ["lab-wg-laptop", "lab-wg-gateway"];

/// One implementation.
pub(super) struct WireGuard {
    name: &'static str,
    program: &'static str,
    /// Options that keep it in the foreground, with its rights: it runs in namespaces that it cannot harm.
    options: &'static [&'static str],
}

impl WireGuard {
    pub(super) const GO: Self =
        Self { name: "wireguard-go", program: "wireguard-go", options: &["--foreground"] };
    pub(super) const GOTATUN: Self =
        Self { name: "gotatun", program: "gotatun", options: &["--foreground", "--disable-drop-privileges"] };

    fn program(&self) -> Result<PathBuf> {
        peers::find(self.program).with_context(|| format!("`{}` is not installed", self.program))
    }

    /// Starts one end and waits for its control socket.
    fn start(&self, bed: &Bed, on: &Namespace, device: &str) -> Result<End> {
        let mut command = Command::new(self.program()?);
        command.args(self.options).arg(device);
        let socket = PathBuf::from(SOCKETS).join(format!("{device}.sock"));
        let socket = Leftover::replace(socket);
        let process = bed.start(on, command)?;
        let mut connection = None;
        wait_until(Duration::from_secs(5), || {
            connection = UnixStream::connect(&socket.0).ok();
            connection.is_some()
        });
        let connection = connection.with_context(|| {
            format!("{} does not listen on {}: {}", self.program, socket.0.display(), process.log())
        })?;
        Ok(End { process, connection, socket })
    }
}

impl System for WireGuard {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> Result<String> {
        peers::version_of(&self.program()?, &["--version"])
    }

    fn bring_up(&self, bed: &mut Bed) -> Result<Running> {
        let (laptop, gateway) = (Key::make()?, Key::make()?);
        let [near, far] = DEVICES;
        let mut server = self.start(bed, bed.world.gateway(), far)?;
        server.configure(&format!(
            "private_key={}\nlisten_port={PORT}\npublic_key={}\nallowed_ip={LAPTOP_INSIDE}/32\n",
            gateway.private, laptop.public
        ))?;
        configure_device(bed.world.gateway(), far, GATEWAY_INSIDE)?;
        let started = Instant::now();
        let mut client = self.start(bed, bed.laptop()?, near)?;
        client.configure(&format!(
            "private_key={}\npublic_key={}\nendpoint={GATEWAY}:{PORT}\n\
             allowed_ip=10.77.0.0/24\nallowed_ip=10.98.0.0/24\n",
            laptop.private, gateway.public
        ))?;
        configure_device(bed.laptop()?, near, LAPTOP_INSIDE)?;
        bed.laptop()?.run(|| {
            let route = Route { to: Net::new([10, 98, 0, 0], 24), via: GATEWAY_INSIDE.into(), metric: 0 };
            netif::add_route(near, route)
        })?;
        let handshake = bed.first_answer_of(started, [&client.process, &server.process])?;
        let sockets = vec![client.socket, server.socket];
        Ok(Running { leftovers: sockets, ..Running::tunnel(client.process, server.process, handshake) })
    }
}

fn configure_device(on: &Namespace, device: &str, addr: Ipv4Addr) -> Result<()> {
    on.run(|| {
        netif::add_address(device, Net::new(IpAddr::from(addr), 24))?;
        netif::set_mtu(device, MTU)?;
        netif::set_up(device)
    })
}

/// One end that runs, and its control socket.
struct End {
    process: Process,
    connection: UnixStream,
    socket: Leftover,
}

impl End {
    /// Sets what is given (WireGuard's cross-platform userspace protocol).
    fn configure(&mut self, settings: &str) -> Result<()> {
        self.connection.set_read_timeout(Some(Duration::from_secs(5)))?;
        self.connection.write_all(format!("set=1\n{settings}\n").as_bytes())?;
        let mut answer = Vec::new();
        let mut chunk = [0_u8; 256];
        while !answer.ends_with(b"\n\n") {
            let length = self.connection.read(&mut chunk).context("WireGuard does not answer")?;
            ensure!(length > 0, "WireGuard closed its control socket");
            answer.extend_from_slice(&chunk[..length]);
        }
        let answer = String::from_utf8_lossy(&answer).trim().to_owned();
        ensure!(answer == "errno=0", "WireGuard refuses its settings: {answer}");
        Ok(())
    }
}

/// A key pair of one cell, in hexadecimal.
struct Key {
    private: String,
    public: String,
}

impl Key {
    fn make() -> Result<Self> {
        let made = || {
            let key = PrivateKey::generate(&X25519)?;
            let seed: Curve25519SeedBin<'_> = key.as_be_bytes()?;
            let public = key.compute_public_key()?;
            Ok::<_, aws_lc_rs::error::Unspecified>(Self {
                private: hex(seed.as_ref()),
                public: hex(public.as_ref()),
            })
        };
        made().context("cannot make a key")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
