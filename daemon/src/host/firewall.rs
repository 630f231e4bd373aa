//! The gateway's nftables table: source NAT for the pool, forwarding, and isolation of peers.
//!
//! One table of family `inet`, all of it ours: it is put in place and replaced in one transaction and
//! removed as a whole. The rules of others are not touched; where they drop forwarded packets (as
//! Docker's do), an accept of ours does not help.

use std::{
    io::{self, Write},
    process::{Command, Stdio},
};

use ipnet::IpNet;

use super::journal::{Change, Journal, JournalError, UndoError};
use super::netlink::Netlink;

/// Where `nft` is, if it is not in `PATH`: users' paths often lack the system directories.
const PROGRAMS: [&str; 3] = ["nft", "/usr/sbin/nft", "/sbin/nft"];

/// What the table is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirewallConfig {
    /// The table's name: letters, digits and underscores.
    pub table: String,
    /// The TUN device's name.
    pub tun: String,
    /// The peers' address pools.
    pub pools: Vec<IpNet>,
    /// Peers reach the world from the gateway's own address.
    pub masquerade: bool,
    /// Peers reach each other.
    pub peer_to_peer: bool,
}

/// The firewall could not be set up or removed.
#[derive(Debug, thiserror::Error)]
pub enum FirewallError {
    /// There is no `nft`.
    #[error(
        "the program `nft` was not found: install nftables, or set `nat = false` and do the NAT elsewhere"
    )]
    NoProgram,
    /// `nft` ran and refused.
    #[error("nft refused the firewall table {table}: {reason}")]
    Refused {
        /// The table's name.
        table: String,
        /// What it said.
        reason: String,
    },
    /// A name that would not be safe within a ruleset.
    #[error("`{0}` cannot be used in a firewall rule: only letters, digits and . _ - are allowed")]
    BadName(String),
    /// `nft` could not be run.
    #[error("cannot run nft: {0}")]
    Io(#[from] io::Error),
    /// The change could not be journalled, and so was not made.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Puts the table in place, instead of one of the same name.
///
/// # Errors
/// [`FirewallError`]; nothing has changed then.
pub fn install(journal: &mut Journal, config: &FirewallConfig) -> Result<(), FirewallError> {
    let ruleset = ruleset(config)?;
    let change = Change::Firewall { table: config.table.clone() };
    if !journal.changes().any(|known| *known == change) {
        journal.record(&[change])?;
    }
    run_nft(&PROGRAMS, &config.table, &ruleset)
}

/// Removes the table.
///
/// # Errors
/// [`UndoError`]
pub async fn remove(netlink: &Netlink, journal: &mut Journal) -> Result<(), UndoError> {
    journal.undo(netlink, |change| matches!(change, Change::Firewall { .. })).await
}

/// Deletes a table, whether or not it exists.
pub(super) fn delete(table: &str) -> Result<(), FirewallError> {
    delete_by(&PROGRAMS, table)
}

fn delete_by(programs: &[&str], table: &str) -> Result<(), FirewallError> {
    match run_nft(programs, table, &deletion(table)) {
        // Without it the table was never made, but for the case that nftables was uninstalled since.
        Err(FirewallError::NoProgram) => Ok(()),
        deleted => deleted,
    }
}

/// `delete` alone would fail where there is no table.
fn deletion(table: &str) -> String {
    format!("table inet {table}\ndelete table inet {table}\n")
}

fn ruleset(config: &FirewallConfig) -> Result<String, FirewallError> {
    let FirewallConfig { table, tun, .. } = config;
    for name in [table, tun] {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || !name.chars().all(safe) {
            return Err(FirewallError::BadName(name.clone()));
        }
    }
    let between_peers = if config.peer_to_peer { "accept" } else { "drop" };
    let mut rules = deletion(table);
    rules += &format!("table inet {table} {{\n");
    rules += "\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n";
    rules += &format!("\t\tiifname \"{tun}\" oifname \"{tun}\" {between_peers}\n");
    rules += &format!("\t\tiifname \"{tun}\" accept\n\t\toifname \"{tun}\" accept\n\t}}\n");
    if config.masquerade {
        rules += "\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n";
        for pool in &config.pools {
            let family = if pool.addr().is_ipv4() { "ip" } else { "ip6" };
            rules += &format!("\t\t{family} saddr {} oifname != \"{tun}\" masquerade\n", pool.trunc());
        }
        rules += "\t}\n";
    }
    rules += "}\n";
    Ok(rules)
}

fn run_nft(programs: &[&str], table: &str, input: &str) -> Result<(), FirewallError> {
    let mut child = spawn(programs)?;
    if let Some(mut stdin) = child.stdin.take()
        // A program that ends before it has read everything says why itself.
        && let Err(error) = stdin.write_all(input.as_bytes())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        return Err(error.into());
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    let reason = reason.lines().next().unwrap_or("no reason given").to_owned();
    Err(FirewallError::Refused { table: table.to_owned(), reason })
}

fn spawn(programs: &[&str]) -> Result<std::process::Child, FirewallError> {
    for program in programs {
        let mut command = Command::new(program);
        command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            spawned => return Ok(spawned?),
        }
    }
    Err(FirewallError::NoProgram)
}

#[cfg(test)]
mod tests;
