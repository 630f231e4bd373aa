//! From facts to findings.

use std::net::IpAddr;

use tandem::api::{Path, PathState, Role, State, Status, reason};
use tandem::client::ClientError;

use super::facts::Facts;
use super::{Finding, Verdict};

/// UDP payloads that carry a packet of the inner MTU's default size, 1420 bytes, with all headers.
const WHOLE_PACKETS: u32 = 1455;
/// A strict reverse path filter.
const STRICT: u8 = 1;

/// All findings, what matters most first within each part.
pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![daemon(facts), config(facts), tun(facts)];
    if let Ok(status) = &facts.daemon {
        findings.push(tunnel(status));
        if status.role == Role::Gateway {
            findings.extend(gateway(facts));
        } else {
            findings.extend(names(facts));
            findings.extend(links(facts));
        }
    }
    findings.extend(clock(facts));
    findings.extend(facts.other_tunnels.iter().map(|name| {
        note(
            "other-vpn",
            format!("{name} is up, too"),
            "what its routes cover goes there and not into tandem's tunnel",
        )
    }));
    findings
}

fn ok(check: &'static str, text: impl Into<String>) -> Finding {
    Finding { check, verdict: Verdict::Ok, text: text.into(), advice: None }
}

fn note(check: &'static str, text: impl Into<String>, advice: &str) -> Finding {
    Finding { check, verdict: Verdict::Note, text: text.into(), advice: Some(advice.to_owned()) }
}

fn problem(check: &'static str, text: impl Into<String>, advice: &str) -> Finding {
    Finding { check, verdict: Verdict::Problem, text: text.into(), advice: Some(advice.to_owned()) }
}

fn daemon(facts: &Facts) -> Finding {
    match &facts.daemon {
        Ok(status) if status.version == facts.version => {
            ok("daemon", format!("tandemd {} runs", status.version))
        }
        Ok(status) => note(
            "daemon",
            format!("tandemd {} runs, but the command is of version {}", status.version, facts.version),
            "restart the daemon: systemctl restart tandemd",
        ),
        Err(error @ ClientError::Denied(_)) => {
            problem("daemon", error.to_string(), "run this as root, or as a member of the group tandem")
        }
        Err(error) => problem(
            "daemon",
            error.to_string(),
            "start it with `systemctl start tandemd`; `journalctl -u tandemd -n 20` says why it stopped",
        ),
    }
}

fn config(facts: &Facts) -> Finding {
    match &facts.config {
        Ok(()) => ok("config", "the configuration is valid"),
        Err(error) => {
            problem("config", error.as_str(), "mend the lines that are named, then `tandem config reload`")
        }
    }
}

fn tun(facts: &Facts) -> Finding {
    match &facts.tun {
        Ok(()) => ok("tun", "/dev/net/tun is there"),
        Err(error) => problem(
            "tun",
            format!("/dev/net/tun: {error}"),
            "load the module with `modprobe tun`; a container needs the device passed in",
        ),
    }
}

fn tunnel(status: &Status) -> Finding {
    let text = format!("{} ({})", status.state.label(), status.reason);
    match status.state {
        State::Connected | State::Serving => ok("tunnel", text),
        State::Disconnected | State::Connecting | State::Stopping | State::Unknown => {
            problem("tunnel", text, daemon_advice(&status.reason))
        }
    }
}

fn daemon_advice(why: &str) -> &'static str {
    match why {
        reason::COMMAND => "`tandem up` sets it up again",
        reason::NO_LINKS => "no interface leads out: connect one; below is why each is not used",
        reason::RESOLVE_FAILED => "use the gateway's address in `client.gateway`, or mend DNS",
        reason::GATEWAY_UNREACHABLE => {
            "see that the gateway runs, that its firewalls let UDP to its port in, and that this network lets UDP out"
        }
        reason::WRONG_PIN => {
            "compare client.pin with `tandem key show` on the gateway; do not go on if they differ"
        }
        reason::REFUSED => "ask for a new token, and `tandem join --force`",
        _ => "wait a moment, then look again",
    }
}

fn gateway(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (family, forwards) in ["IPv4", "IPv6"].iter().zip(facts.forwarding) {
        if forwards == Some(false) {
            findings.push(problem(
                "forwarding",
                format!("{family} is not forwarded"),
                "set gateway.forward = true, or net.ipv4.ip_forward and net.ipv6.conf.all.forwarding yourself",
            ));
        }
    }
    if findings.is_empty() {
        findings.push(ok("forwarding", "packets are forwarded"));
    }
    findings.push(if facts.nft {
        ok("nft", "the program nft is there")
    } else {
        note("nft", "the program nft is not installed", "install nftables, unless gateway.nat = false")
    });
    findings
}

fn names(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<_> = facts
        .endpoints
        .iter()
        .map(|(endpoint, found)| match found {
            Ok(addresses) if !addresses.is_empty() => ok("gateway-name", format!("{endpoint} is found")),
            Ok(_) => problem(
                "gateway-name",
                format!("{endpoint} has no address"),
                daemon_advice(reason::RESOLVE_FAILED),
            ),
            Err(error) => {
                problem("gateway-name", format!("{endpoint}: {error}"), daemon_advice(reason::RESOLVE_FAILED))
            }
        })
        .collect();
    let local: Vec<_> =
        facts.resolvers.iter().filter(|resolver| is_local(resolver)).map(ToString::to_string).collect();
    findings.push(if facts.resolvers.is_empty() {
        problem("dns", "no name server is configured", "write one into /etc/resolv.conf, or have DHCP give one")
    } else if local.is_empty() {
        ok("dns", "the name servers are asked through the tunnel, if it has a route to them")
    } else {
        note(
            "dns",
            format!("names are looked up at {}, in the local network and past the tunnel", local.join(", ")),
            "choose a name server that is reached through the tunnel, if whoever runs this network must not see names",
        )
    });
    findings
}

/// In a network that is likely to be the one next to this host.
fn is_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_unique_local(),
    }
}

fn links(facts: &Facts) -> Vec<Finding> {
    let shown = facts.paths.iter().filter(|path| path.reason != reason::NOT_A_LINK);
    let mut findings: Vec<_> = shown.map(link).collect();
    let usable = facts.paths.iter().filter(|path| path.state.is_usable()).count();
    match usable {
        0 => {}
        1 => findings.push(note("links", "one link works", "there is nothing to combine it with")),
        several => findings.push(ok("links", format!("{several} links work"))),
    }
    for path in facts.paths.iter().filter(|path| path.state.is_usable()) {
        let name = path.interface.as_deref().unwrap_or("a path");
        if path.mtu_bytes.is_some_and(|mtu| mtu < WHOLE_PACKETS) {
            findings.push(note(
                "mtu",
                format!("{name} carries {} bytes at a time", path.mtu_bytes.unwrap_or_default()),
                "larger packets go in two pieces; a smaller tun.mtu avoids that, where this is the main link",
            ));
        }
    }
    for (name, filter) in &facts.rp_filter {
        if *filter == STRICT {
            findings.push(problem(
                "rp-filter",
                format!("the reverse path filter of {name} is strict, and drops what comes back over it"),
                "something else sets it: net.ipv4.conf.all.rp_filter = 2, and the same for the interface",
            ));
        }
    }
    findings
}

fn link(path: &Path) -> Finding {
    let name = path.interface.as_deref().unwrap_or("a path");
    let text = format!("{name} is {} ({})", path.state.label(), path.reason);
    match path.state {
        PathState::Up | PathState::Standby => ok("link", text),
        PathState::Probing
        | PathState::Suspect
        | PathState::Down
        | PathState::Unused
        | PathState::Unknown => note("link", text, link_advice(&path.reason)),
    }
}

fn link_advice(why: &str) -> &'static str {
    match why {
        reason::TIER_NEVER | reason::DENIED => "so says the configuration",
        reason::NO_CARRIER => "no cable, or no Wi-Fi network",
        reason::DOWN => "the interface is switched off",
        reason::NO_ADDRESS | reason::NO_ROUTE => "the network has not given an address, or no way out",
        reason::NO_COMMON_FAMILY => "give the gateway an address of the family that this link has",
        reason::SOCKET_FAILED => "`journalctl -u tandemd` says what the system refused",
        reason::VALIDATING | reason::UNREACHABLE | reason::QUARANTINED => {
            "no answer over this link: UDP may be blocked on it, or a web page waits to be accepted"
        }
        reason::SILENT | reason::PEER_REQUEST => {
            "nothing comes back: no reception, a portal, a cable further on"
        }
        reason::TOO_SLOW | reason::TOO_LOSSY => "tier = \"always\" uses it all the same",
        _ => "wait a moment, then look again",
    }
}

fn clock(facts: &Facts) -> Option<Finding> {
    Some(if facts.clock? {
        ok("clock", "the clock follows a time server")
    } else {
        note(
            "clock",
            "the clock follows no time server",
            "invitations expire by the clock: timedatectl set-ntp true",
        )
    })
}
