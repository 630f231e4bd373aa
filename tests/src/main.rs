//! `tandem-lab`: the demonstration, a shell in a made-up network, scenarios, the benchmark, and the
//! lab's check of itself.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use tandem_lab::{bench, demo, netns, scenario, selftest, shell};

/// Emulated networks in which the real tandem runs.
#[derive(Parser)]
#[command(name = "tandem-lab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show what tandem does with Wi-Fi and cellular, and with Wi-Fi being cut
    Demo(demo::DemoArgs),
    /// Open a shell on the laptop of the same world
    Shell,
    /// Inside that shell: list the links, or change one
    Link(shell::LinkArgs),
    /// Run a scenario file and print its result as JSON
    Run {
        /// The scenario, see tests/scenarios
        scenario: PathBuf,
    },
    /// Compare tandem with what one would use instead, over the same links
    Bench(bench::BenchArgs),
    /// Measure how exact the emulated links are on this machine
    Selftest,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tandem-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    // The link command only talks to the lab that runs the shell; all others build a world of their own.
    if !matches!(command, Command::Link(_)) {
        netns::become_root_of_own_namespace()?;
    }
    match command {
        Command::Demo(args) => demo::run(&args)?,
        Command::Shell => return shell::run(),
        Command::Link(args) => shell::link(&args)?,
        Command::Run { scenario } => {
            let report = scenario::run_file(&scenario)?;
            println!("{}", serde_json::to_string_pretty(&report)?);
            if !report.passed {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Bench(args) => bench::run(&args)?,
        Command::Selftest => selftest::run()?,
    }
    Ok(ExitCode::SUCCESS)
}
