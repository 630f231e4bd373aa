//! The subcommands of `tandemd` that run once and end: making a gateway, joining one, checking or changing a
//! configuration, and showing the node's key.
//!
//! `tandem gateway init`, `join`, `config check`, `set` and `key show` run these, so that the command itself needs
//! no cryptography and no parser of its own. What a subcommand makes appears together or not at all: files
//! are written under temporary names and moved into place at the end, and whatever was made before a failure
//! is removed again.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zeroize::Zeroizing;

mod check;
mod choose;
pub mod cli;
mod failure;
mod gateway;
mod join;
mod made;
mod openings;
mod programs;
mod service;
mod set;
mod template;
#[cfg(test)]
mod tests;

pub use check::{Checked, ShownKey, check, show_key};
pub use failure::{EnrolFailure, SetupError};
pub use gateway::{GatewayMade, gateway_init};
pub use join::{Joined, PreparedJoin};
pub use set::{Changed, set};

use crate::keys::NodeKey;
use crate::keys::file::{Existing, Staged};
use crate::token::{Enrolled, Token};
use cli::Command;
use programs::Host;

/// No token is longer; what is longer was pasted by mistake.
const MAX_TOKEN_INPUT: u64 = 64 * 1024;

/// How a subcommand says what it did.
pub trait Outcome {
    /// For a person; lines without a closing newline.
    fn text(&self) -> String;
    /// For a machine, with `"schema": 1`.
    fn json(&self) -> serde_json::Value;
}

/// Runs `command`, prints what it did on standard output or why it failed on standard error, and returns the
/// exit code: 0 done, 1 refused or failed, 2 usage or a bad configuration, 4 timeout.
///
/// `enrol` carries the token's secret to the gateway and returns its answer; it is called for `join` alone.
pub fn run(command: &Command, enrol: impl FnOnce(&Token, &NodeKey) -> Result<Enrolled, EnrolFailure>) -> u8 {
    let outcome: Result<Box<dyn Outcome>, SetupError> = match command {
        Command::GatewayInit(args) => {
            let own = args.place.is_the_hosts_own();
            gateway_init(args)
                .and_then(|made| made.put_to_work(args, own, &mut Host, SystemTime::now()))
                .map(boxed)
        }
        Command::Join(args) => read_token(io::stdin())
            .and_then(|text| join(args, &text, SystemTime::now(), enrol))
            .and_then(|joined| joined.put_to_work(args, args.place.is_the_hosts_own(), &mut Host))
            .map(boxed),
        Command::Check(args) => check(args).map(boxed),
        Command::Key(args) => show_key(args).map(boxed),
        Command::Set(args) => set(args, io::stdin()).map(boxed),
    };
    report(outcome, command.json(), &mut io::stdout(), &mut io::stderr())
}

/// Joins the gateway that the token `text` names.
///
/// # Errors
/// [`SetupError`]; no file is left behind then.
pub fn join(
    args: &cli::JoinArgs,
    text: &str,
    now: SystemTime,
    enrol: impl FnOnce(&Token, &NodeKey) -> Result<Enrolled, EnrolFailure>,
) -> Result<Joined, SetupError> {
    let token = Token::parse(text, now)?;
    let prepared = PreparedJoin::new(args, &token)?;
    let enrolled = enrol(&token, prepared.key())?;
    prepared.finish(enrolled)
}

/// The configuration holds no secret; a group may be let in by changing the file's group.
const CONFIG_MODE: u32 = 0o640;

fn write_config(file: &Path, text: &str, replace: bool) -> Result<(), SetupError> {
    let existing = if replace { Existing::Replace } else { Existing::Refuse };
    Staged::write(file, text.as_bytes(), CONFIG_MODE)
        .and_then(|staged| staged.persist(existing))
        .map_err(|source| SetupError::Io { path: file.to_owned(), source })
}

/// Paths on a command line are relative to where it was typed, those in a configuration to the file's folder.
fn absolute(path: &Path) -> Result<PathBuf, SetupError> {
    std::path::absolute(path).map_err(|source| SetupError::Io { path: path.to_owned(), source })
}

fn boxed<T: Outcome + 'static>(outcome: T) -> Box<dyn Outcome> {
    Box::new(outcome)
}

fn read_token(input: impl Read) -> Result<Zeroizing<String>, SetupError> {
    let mut text = Zeroizing::new(String::new());
    input.take(MAX_TOKEN_INPUT).read_to_string(&mut text).map_err(SetupError::TokenInput)?;
    Ok(text)
}

fn report(
    outcome: Result<Box<dyn Outcome>, SetupError>,
    json: bool,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> u8 {
    // A reader that went away, as with `| head`, is no reason to fail after the work is done.
    match outcome {
        Ok(outcome) => {
            let text = if json { outcome.json().to_string() } else { outcome.text() };
            let _ = writeln!(stdout, "{text}");
            0
        }
        Err(error) => {
            let text = if json { error.json().to_string() } else { error.text() };
            let _ = writeln!(stderr, "{text}");
            error.exit_code()
        }
    }
}
