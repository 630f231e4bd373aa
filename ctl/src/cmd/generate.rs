//! Man pages and shell completions, from the definition of the command line. For packagers.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::{Shell, generate_to};
use tandem::exit::Exit;

use super::Outcome;
use crate::cli::Cli;
use crate::failure::Failure;

/// Writes `tandem.1` and a page for each subcommand.
pub(super) fn man(directory: &Path) -> Outcome {
    // Hidden commands are for packagers, not for the manual.
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), directory)
        .map_err(|error| cannot_write(directory, &error))?;
    Ok(Exit::Ok)
}

/// Writes completions for the usual shells, named as each shell looks for them.
pub(super) fn completions(directory: &Path) -> Outcome {
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        generate_to(shell, &mut Cli::command(), "tandem", directory)
            .map_err(|error| cannot_write(directory, &error))?;
    }
    Ok(Exit::Ok)
}

fn cannot_write(directory: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write into {}: {error}", directory.display()))
}
