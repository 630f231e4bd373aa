//! `tandemd`: the tunnel's daemon, client or gateway; with a subcommand, what `tandem` needs a key for.

use std::process::ExitCode;

use clap::Parser as _;
use tandem_daemon::setup::cli::Cli;
use tandem_daemon::{app, setup};

fn main() -> ExitCode {
    let cli = Cli::parse();
    ExitCode::from(match &cli.command {
        Some(command) => setup::run(command, app::enrol),
        None => app::run(&cli.config),
    })
}
