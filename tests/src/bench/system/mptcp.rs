//! The kernel's Multipath TCP (RFC 8684), without any tunnel: one subflow per link. It carries TCP only; UDP goes over
//! the better link, as without it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::System;
use crate::bench::bed::{Bed, Running};
use crate::bench::{machine, peers};
use crate::netns::Namespace;

pub(super) struct Mptcp;

impl System for Mptcp {
    fn name(&self) -> &'static str {
        "mptcp"
    }

    fn version(&self) -> Result<String> {
        ensure!(std::path::Path::new("/proc/sys/net/mptcp/enabled").exists(), "the kernel has no MPTCP");
        peers::find("ip").context("`ip` (iproute2), which sets MPTCP's endpoints, is not installed")?;
        Ok(format!("Linux {}", machine::kernel()?))
    }

    fn bring_up(&self, bed: &mut Bed) -> Result<Running> {
        let limits = ["limits", "set", "subflows", "8", "add_addr_accepted", "8"];
        ip_mptcp(bed.laptop()?, &limits)?;
        ip_mptcp(bed.world.web_direct().namespace, &limits)?;
        for (number, link) in (1_u8..).zip(&bed.profile.links) {
            let [a, b, c] = link.subnet.unwrap_or([10, 1, number]);
            let addr = format!("{a}.{b}.{c}.2");
            ip_mptcp(bed.laptop()?, &["endpoint", "add", &addr, "dev", &link.interface, "subflow"])?;
        }
        Ok(Running::in_kernel(true))
    }
}

fn ip_mptcp(on: &Namespace, args: &[&str]) -> Result<()> {
    let mut command = Command::new(peers::find("ip").context("`ip` is not installed")?);
    command.arg("mptcp").args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = on.spawn(command)?.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`ip mptcp {}` failed: {}", args.join(" "), said.trim());
    Ok(())
}
