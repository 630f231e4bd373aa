//! `tandem doctor`: looks at the daemon and at what the host could have against it, and says what to do.
//!
//! [`facts`] looks, [`judge`] decides; only the former touches the host.

mod facts;
mod judge;
#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;
use tandem::api::SCHEMA;
use tandem::client::Client;
use tandem::exit::Exit;

use crate::cmd::{ask, print};
use crate::failure::Failure;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// In the way.
    Problem,
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at: a stable label.
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) advice: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    findings: Vec<Finding>,
}

/// Looks and prints; refused where there is a problem, so that a script can ask.
pub(crate) fn doctor(client: &Client, json: bool, config: Option<&Path>) -> Result<Exit, Failure> {
    let findings = findings(client, config)?;
    let troubled = findings.iter().any(|finding| finding.verdict == Verdict::Problem);
    let exit = if troubled { Exit::Refused } else { Exit::Ok };
    if json {
        let report = Report { schema: SCHEMA, findings };
        print(&(serde_json::to_string_pretty(&report).map_err(std::io::Error::from)? + "\n"))?;
    } else {
        print(&text(&findings))?;
    }
    Ok(exit)
}

/// What there is to say about this host and its daemon.
pub(crate) fn findings(client: &Client, config: Option<&Path>) -> Result<Vec<Finding>, Failure> {
    let facts = ask(async { Ok(facts::Facts::gather(client, config).await) })?;
    Ok(judge::judge(&facts))
}

/// A line for each finding, and one below for what to do.
pub(crate) fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Ok => "ok      ",
            Verdict::Note => "note    ",
            Verdict::Problem => "PROBLEM ",
        };
        text += &format!("{mark} {}: {}\n", finding.check, finding.text);
        if let Some(advice) = &finding.advice {
            text += &format!("          {advice}\n");
        }
    }
    text
}
