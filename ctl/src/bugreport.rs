//! `tandem bugreport`: one file with what somebody who is to help would ask for, and without secrets.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tandem::client::{Client, ClientError};

use crate::cmd::{DEFAULT_CONFIG, ask, print};
use crate::doctor;
use crate::failure::Failure;
use crate::programs;

/// What the host is asked. None of these programs prints keys: tandem's own is in a file that nobody reads here.
const QUESTIONS: [&[&str]; 9] = [
    &["uname", "-srvm"],
    &["cat", "/etc/os-release"],
    &["ip", "-details", "address"],
    &["ip", "rule"],
    &["ip", "-6", "rule"],
    &["ip", "route", "show", "table", "all"],
    &["nft", "list", "ruleset"],
    &["systemctl", "--no-pager", "status", "tandemd"],
    &["journalctl", "--no-pager", "--unit", "tandemd", "--lines", "500"],
];

/// Writes the report, into `file` or one of the present folder, and says where it is.
pub(crate) fn bugreport(client: &Client, file: Option<PathBuf>) -> Result<(), Failure> {
    let text = report(client)?;
    let file = file.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("tandem-bugreport-{}.txt", now.as_secs()).into()
    });
    write(&file, &text).map_err(|error| {
        Failure::failed(format!("cannot write {}: {error}", file.display()))
            .with_hint("name another file with --output; one that exists is not replaced")
    })?;
    print(&format!(
        "{}\nIt has no keys and no tokens, but addresses and names of networks: read it before you give it away.\n",
        file.display()
    ))
}

/// For its owner alone, and never over a file that is there.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(file)?;
    file.write_all(text.as_bytes())
}

fn report(client: &Client) -> Result<String, Failure> {
    let (status, paths) = ask(async { Ok((client.status().await, client.paths().await)) })?;
    let config = status.as_ref().ok().and_then(|status| status.config_file.clone());
    let config = config.unwrap_or_else(|| DEFAULT_CONFIG.to_owned());
    let mut text = format!("tandem {}\n", env!("CARGO_PKG_VERSION"));
    section(&mut text, "doctor", &doctor::text(&doctor::findings(client, None)?));
    section(&mut text, "status", &json(&status));
    section(&mut text, "paths", &json(&paths));
    let read = std::fs::read_to_string(&config).unwrap_or_else(|error| format!("{config}: {error}\n"));
    section(&mut text, &config, &read);
    for question in QUESTIONS {
        section(&mut text, &question.join(" "), &answer(question));
    }
    Ok(text)
}

fn section(text: &mut String, title: &str, content: &str) {
    text.push_str(&format!("\n=== {title}\n{content}"));
    if !content.ends_with('\n') {
        text.push('\n');
    }
}

fn json<T: Serialize>(answer: &Result<T, ClientError>) -> String {
    match answer {
        Ok(value) => serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string()),
        Err(error) => error.to_string(),
    }
}

fn answer(question: &[&str]) -> String {
    let [program, arguments @ ..] = question else { return String::new() };
    match programs::run(program, arguments) {
        Ok(output) => {
            [output.stdout, output.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat()
        }
        Err(error) => format!("{program}: {error}\n"),
    }
}
