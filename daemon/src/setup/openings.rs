//! Opens what the host's own firewall would keep shut: the gateway's port, and the way from its peers to the world.
//!
//! Whoever manages the rules is asked to do it, so that it lasts: ufw, else firewalld. Rules that nobody manages are
//! changed as they stand; who loads them at start is not known, and is told what to add.

mod nft;

use std::collections::BTreeSet;
use std::io;

use super::programs::{Answer, Programs};

/// What has to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage<'a> {
    /// UDP ports from outside.
    pub(super) ports: BTreeSet<u16>,
    /// The tunnel's device, from which peers go out.
    pub(super) tun: &'a str,
}

/// Opens the firewall, and says what was done, a sentence each; nothing where no firewall is in the way.
pub(super) fn open(programs: &mut dyn Programs, passage: &Passage<'_>) -> Vec<String> {
    if is_active(programs, &["ufw", "status"], "Status: active") {
        return vec![managed(programs, "ufw", &ufw(passage))];
    }
    if is_active(programs, &["firewall-cmd", "--state"], "running") {
        return vec![managed(programs, "firewalld", &firewalld(passage))];
    }
    nft::open(programs, passage)
}

fn is_active(programs: &mut dyn Programs, question: &[&str], yes: &str) -> bool {
    programs.run(question).is_ok_and(|answer| answer.success && answer.stdout.trim_start().starts_with(yes))
}

type CommandLine = Vec<String>;

fn line(words: &str) -> CommandLine {
    words.split(' ').map(str::to_owned).collect()
}

fn ufw(passage: &Passage<'_>) -> Vec<CommandLine> {
    let ports = passage.ports.iter().map(|port| line(&format!("ufw allow {port}/udp comment tandem")));
    // What comes back belongs to a known connection, which ufw forwards.
    ports.chain([line(&format!("ufw route allow in on {} comment tandem", passage.tun))]).collect()
}

/// Peers get a zone of their own, from which a policy lets them out: nothing on the gateway itself is opened to them.
fn firewalld(passage: &Passage<'_>) -> Vec<CommandLine> {
    let ports = passage.ports.iter().map(|port| format!("--add-port={port}/udp"));
    let rest = [
        "--new-zone=tandem".to_owned(),
        format!("--zone=tandem --add-interface={}", passage.tun),
        "--new-policy=tandem-out".to_owned(),
        "--policy=tandem-out --add-ingress-zone=tandem".to_owned(),
        "--policy=tandem-out --add-egress-zone=ANY".to_owned(),
        "--policy=tandem-out --set-target=ACCEPT".to_owned(),
    ];
    let permanent = ports.chain(rest).map(|words| line(&format!("firewall-cmd --permanent {words}")));
    permanent.chain([line("firewall-cmd --reload")]).collect()
}

fn managed(programs: &mut dyn Programs, manager: &str, commands: &[CommandLine]) -> String {
    for command in commands {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        if let Err(reason) = done(programs.run(&words)) {
            return format!("{manager} refused `{}`: {reason}. Open it by hand.", command.join(" "));
        }
    }
    format!("{manager}: opened the port, and the way from peers to the world.")
}

/// What is there already is as good as done.
fn done(answer: io::Result<Answer>) -> Result<(), String> {
    match answer {
        Ok(answer) if answer.success || answer.stderr.contains("NAME_CONFLICT") => Ok(()),
        Ok(answer) => Err(answer.reason().to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
