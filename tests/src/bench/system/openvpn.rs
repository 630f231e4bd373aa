//! OpenVPN over UDP, with TLS and otherwise its defaults.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::System;
use super::certificate::Certificate;
use crate::bench::bed::{Bed, Running};
use crate::bench::peers;
use crate::world::{GATEWAY, GATEWAY_INSIDE};

/// The laptop's address in the tunnel.
const LAPTOP_INSIDE: &str = "10.77.0.2";

pub(super) struct OpenVpn;

impl System for OpenVpn {
    fn name(&self) -> &'static str {
        "openvpn"
    }

    fn version(&self) -> Result<String> {
        let program = peers::find("openvpn").context("`openvpn` is not installed")?;
        let said = peers::version_of(&program, &["--version"])?;
        Ok(said.split(" x86_64").next().unwrap_or(&said).to_owned())
    }

    fn bring_up(&self, bed: &mut Bed) -> Result<Running> {
        let (laptop, gateway) =
            (Certificate::make(&bed.world, "laptop")?, Certificate::make(&bed.world, "gateway")?);
        let inside = GATEWAY_INSIDE.to_string();
        let mut server = command(&gateway, &laptop)?;
        server.args(["--tls-server", "--dh", "none", "--ifconfig", &inside, LAPTOP_INSIDE]);
        let server = bed.start(bed.world.gateway(), server)?;
        let mut client = command(&laptop, &gateway)?;
        client.args(["--tls-client", "--remote", &GATEWAY.to_string(), "--nobind"]);
        client.args(["--ifconfig", LAPTOP_INSIDE, &inside, "--route", "10.98.0.0", "255.255.255.0"]);
        let started = Instant::now();
        let client = bed.start(bed.laptop()?, client)?;
        let handshake = bed.first_answer_of(started, [&client, &server])?;
        Ok(Running::tunnel(client, server, handshake))
    }
}

/// What both sides have in common: point to point over UDP, each trusting the other's certificate.
fn command(own: &Certificate, other: &Certificate) -> Result<Command> {
    let mut command = Command::new(peers::find("openvpn").context("`openvpn` is not installed")?);
    command.args(["--dev", "tun", "--dev-type", "tun", "--proto", "udp", "--port", "1194", "--float"]);
    command.args(["--data-ciphers", "AES-256-GCM", "--keepalive", "10", "60", "--verb", "3"]);
    command.arg("--ca").arg(&other.cert).arg("--cert").arg(&own.cert).arg("--key").arg(&own.key);
    Ok(command)
}
