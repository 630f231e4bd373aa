//! `tandem`: looks at and steers a running `tandemd`, and sets up what `tandemd` needs to run.
//!
//! The command holds no keys, speaks no QUIC and parses no configuration: a running daemon is asked over its
//! socket, and what takes keys or configuration is a subcommand of `tandemd` ([`cmd::delegate`]).

mod bugreport;
mod cli;
mod cmd;
mod doctor;
mod failure;
mod monitor;
mod programs;
mod render;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use tandem::exit::Exit;

use cli::Cli;
use failure::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain_usage(&error).into(),
    };
    let json = cli.global.json;
    match cmd::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(json).into(),
    }
}

/// Help and version are answers, anything else is a usage error; in JSON if that was asked for.
fn explain_usage(error: &clap::Error) -> Exit {
    let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !is_answer && std::env::args_os().any(|argument| argument == "--json") {
        return Failure::usage(error.to_string().trim_end()).report(true);
    }
    // Nothing can be done about a closed standard output or error.
    let _ = error.print();
    if is_answer { Exit::Ok } else { Exit::Usage }
}
