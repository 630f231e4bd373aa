//! Commands that are subcommands of `tandemd`, because they take keys, QUIC or the configuration.
//!
//! `tandemd` is looked for beside this executable, so that a build tree or a second installation uses its own,
//! and else in `PATH`. Its output and exit code become this command's. Only options that were given are passed
//! on: `tandemd` knows the defaults.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tandem::api::SetRequest;
use tandem::exit::Exit;

use super::Outcome;
use crate::cli::{ConfigFile, Files, GatewayInit, Global, Join};
use crate::failure::Failure;

/// Longest token that is read from standard input.
const MAX_TOKEN_BYTES: u64 = 64 * 1024;

/// `tandem join`: the token goes through a pipe, for arguments can be seen by other users.
pub(super) fn join(global: &Global, join: &Join) -> Outcome {
    let token = if join.token == "-" { token_from(io::stdin())? } else { join.token.trim().to_owned() };
    if token.is_empty() {
        return Err(Failure::usage("the token is empty").with_hint("paste what `tandem invite` printed"));
    }
    let mut command = tandemd("join", global);
    pass_files(&mut command, global, &join.files);
    pass_each(&mut command, "--route", &join.routes);
    pass_each(&mut command, "--link-allow", &join.link_allow);
    run(command, Some(&token))
}

/// `tandem gateway init`.
pub(super) fn gateway_init(global: &Global, init: &GatewayInit) -> Outcome {
    let mut command = tandemd("gateway-init", global);
    pass_files(&mut command, global, &init.files);
    pass_each(&mut command, "--listen", &init.listen);
    pass_each(&mut command, "--endpoint", &init.endpoint);
    pass_each(&mut command, "--pool", &init.pool);
    if let Some(name) = &init.invite {
        pass(&mut command, "--invite", OsStr::new(name));
    }
    if init.no_firewall {
        command.arg("--no-firewall");
    }
    if init.no_nat {
        command.arg("--no-nat");
    }
    run(command, None)
}

/// A subcommand that only looks at a configuration file and what it names.
pub(super) fn about_file(subcommand: &str, global: &Global, file: &ConfigFile) -> Outcome {
    let mut command = tandemd(subcommand, global);
    pass(&mut command, "--config", file.config.as_os_str());
    run(command, None)
}

/// Checks the configuration `file`: what is wrong with it, if anything, as a person reads it.
pub(crate) fn check(file: &Path) -> Result<(), String> {
    let mut command = program("check");
    pass(&mut command, "--config", file.as_os_str());
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run tandemd: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Changes the configuration `file`; what comes of it is for the caller to say.
pub(super) fn set(global: &Global, file: &Path, request: &SetRequest) -> Outcome {
    let changes = serde_json::to_string(request).map_err(io::Error::from)?;
    let mut command = tandemd("set", global);
    pass(&mut command, "--config", file.as_os_str());
    command.stdout(Stdio::null());
    run(command, Some(&changes))
}

fn tandemd(subcommand: &str, global: &Global) -> Command {
    let mut command = program(subcommand);
    if global.json {
        command.arg("--json");
    }
    command
}

fn program(subcommand: &str) -> Command {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name("tandemd"));
    let program =
        beside.filter(|path| path.is_file()).map_or_else(|| OsString::from("tandemd"), OsString::from);
    let mut command = Command::new(program);
    command.arg(subcommand);
    command
}

fn pass_files(command: &mut Command, global: &Global, files: &Files) {
    pass(command, "--config", files.config.config.as_os_str());
    if let Some(state) = &files.state {
        pass(command, "--state", state.as_os_str());
    }
    if let Some(socket) = &global.socket {
        pass(command, "--socket", socket.as_os_str());
    }
    if let Some(tun) = &files.tun {
        pass(command, "--tun", OsStr::new(tun));
    }
    if files.no_start {
        command.arg("--no-start");
    }
    if files.force {
        command.arg("--force");
    }
}

fn pass_each(command: &mut Command, option: &str, values: &[String]) {
    for value in values {
        pass(command, option, OsStr::new(value));
    }
}

/// As `--option=value`, so that a value that begins with a hyphen stays one.
fn pass(command: &mut Command, option: &str, value: &OsStr) {
    let mut argument = OsString::from(option);
    argument.push("=");
    argument.push(value);
    command.arg(argument);
}

fn run(mut command: Command, input: Option<&str>) -> Outcome {
    let cannot_run = |error: io::Error| {
        Failure::failed(format!("cannot run tandemd: {error}"))
            .with_hint("install tandemd beside tandem, or in a directory of PATH")
    };
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().map_err(cannot_run)?;
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        // A child that ended without reading says why by its exit code.
        let _ = writeln!(pipe, "{input}");
    }
    let status = child.wait().map_err(cannot_run)?;
    match status.code() {
        Some(0) => Ok(Exit::Ok),
        // Reported by tandemd itself.
        Some(code) => Ok(Exit::of_error(u8::try_from(code).unwrap_or(Exit::Refused.code()))),
        None => Err(Failure::failed(format!("tandemd was stopped: {status}"))),
    }
}

fn token_from(input: impl Read) -> Result<String, Failure> {
    let mut token = String::new();
    input
        .take(MAX_TOKEN_BYTES)
        .read_to_string(&mut token)
        .map_err(|error| Failure::usage(format!("cannot read the token from standard input: {error}")))?;
    Ok(token.trim().to_owned())
}
