//! quincy: a VPN over QUIC datagrams, in Rust.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::System;
use super::certificate::Certificate;
use crate::bench::bed::{Bed, Running};
use crate::bench::peers;
use crate::world::{GATEWAY, GATEWAY_INSIDE};

const PORT: u16 = 55_555;

pub(super) struct Quincy;

impl System for Quincy {
    fn name(&self) -> &'static str {
        "quincy"
    }

    fn version(&self) -> Result<String> {
        peers::find("quincy-server").context("`quincy-server` is not installed")?;
        let client = peers::find("quincy-client").context("`quincy-client` is not installed")?;
        // Its programs do not tell their version; cargo remembers what it installed.
        Ok(peers::installed_version("quincy-client").unwrap_or_else(|| client.display().to_string()))
    }

    fn bring_up(&self, bed: &mut Bed) -> Result<Running> {
        let (laptop, gateway) =
            (Certificate::make(&bed.world, "laptop")?, Certificate::make(&bed.world, "gateway")?);
        let users = bed.world.file("quincy-users.toml");
        write(&users, &format!("[users.laptop]\nauthorized_certs = [\"{}\"]\n", laptop.fingerprint))?;
        let server_config = bed.world.file("quincy-server.toml");
        let server_text = format!(
            "name = \"quincy0\"\nbind_address = \"{GATEWAY}\"\nbind_port = {PORT}\n\
             tunnel_network = \"{GATEWAY_INSIDE}/24\"\nusers_file = \"{}\"\n\
             [protocol]\nmode = \"tls\"\ncertificate_file = \"{}\"\ncertificate_key_file = \"{}\"\n\
             [log]\nlevel = \"info\"\n",
            users.display(),
            gateway.cert.display(),
            gateway.key.display()
        );
        write(&server_config, &server_text)?;
        let client_config = bed.world.file("quincy-client.toml");
        let client_text = format!(
            "connection_string = \"{GATEWAY}:{PORT}\"\n\
             [protocol]\nmode = \"tls\"\ntrusted_certificate_paths = [\"{}\"]\n\
             client_certificate_file = \"{}\"\nclient_certificate_key_file = \"{}\"\n\
             [network]\nroutes = [\"10.98.0.0/24\"]\n[log]\nlevel = \"info\"\n",
            gateway.cert.display(),
            laptop.cert.display(),
            laptop.key.display()
        );
        write(&client_config, &client_text)?;
        let program = |name: &str| peers::find(name).with_context(|| format!("`{name}` is not installed"));
        let mut server = Command::new(program("quincy-server")?);
        server.arg("--config-path").arg(&server_config);
        let server = bed.start(bed.world.gateway(), server)?;
        let mut client = Command::new(program("quincy-client")?);
        client.arg("--config-path").arg(&client_config);
        // A client that finds no server gives up, and a server tells nobody when it is ready.
        std::thread::sleep(std::time::Duration::from_millis(500));
        let started = Instant::now();
        let client = bed.start(bed.laptop()?, client)?;
        let handshake = bed.first_answer_of(started, [&client, &server])?;
        Ok(Running::tunnel(client, server, handshake))
    }
}

fn write(path: &std::path::Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
