//! Instructions per packet, step by step and function by function, which do not depend on the machine's mood.
//!
//! ```text
//! cargo bench -p tandem-engine --bench instructions
//! cargo bench -p tandem-engine --bench instructions -- --json FILE --top 20
//! cargo bench -p tandem-engine --bench instructions -- --against benches/instructions.json
//! ```
//!
//! Needs valgrind. Each step runs under callgrind, which counts what the packets cost, without what comes before them.
//! A count differs by less than 1 % from run to run of one build, but that of "encode in 2 pieces" by 3 %: its buffers
//! are too long for glibc's cache. Compilers and processors with other instruction sets give other counts, though
//! valgrind shows a program no more than AVX2.
//!
//! `--against` fails when a step costs over a tenth more than the file says. A change that makes a step dearer for a
//! reason, or cheaper, writes the file anew with `--json benches/instructions.json`. Paths are relative to `engine`.

mod baseline;
mod callgrind;
mod common;
mod steps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use baseline::Baseline;
use callgrind::Profile;
use steps::STEPS;

/// The step whose functions are listed: all that happens to a packet, at both ends.
const WHOLE: &str = "tunnel up";

const USAGE: &str =
    "usage: cargo bench -p tandem-engine --bench instructions [-- [--json FILE] [--top N] [--against FILE]]";

#[derive(Default)]
struct Arguments {
    json: Option<PathBuf>,
    against: Option<PathBuf>,
    top: usize,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Callgrind(#[from] callgrind::Error),
    #[error(transparent)]
    Baseline(#[from] baseline::Error),
    #[error("{0} cannot be written: {1}")]
    Write(String, std::io::Error),
    #[error("more instructions than there were:\n{0}")]
    Regression(String),
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // As which it is called under callgrind.
    if let [run, name, packets] = &arguments[..]
        && run == "--run"
    {
        return run_step(name, packets);
    }
    let Some(arguments) = parse(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Option<Arguments> {
    let mut parsed = Arguments { top: 10, ..Arguments::default() };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--json" => parsed.json = Some(rest.next()?.into()),
            "--against" => parsed.against = Some(rest.next()?.into()),
            "--top" => parsed.top = rest.next()?.parse().ok()?,
            // Cargo says so to every benchmark.
            "--bench" => {}
            _ => return None,
        }
    }
    Some(parsed)
}

fn run_step(name: &str, packets: &str) -> ExitCode {
    let step = STEPS.iter().find(|step| step.name == name);
    let (Some(step), Ok(packets)) = (step, packets.parse()) else { return ExitCode::from(2) };
    (step.run)(packets);
    ExitCode::SUCCESS
}

fn measure(arguments: &Arguments) -> Result<(), Error> {
    // Read first: a wrong name should not show after minutes.
    let baseline = arguments.against.as_deref().map(Baseline::read).transpose()?;
    let mut counts = Vec::new();
    let mut whole = Profile::default();
    println!("{:<24}{:>14}", "step", "instructions");
    for step in STEPS {
        let profile = callgrind::profile(step.name, step.packets)?.divided_by(step.packets);
        println!("{:<24}{:>14.1}", step.name, profile.total);
        counts.push((step.name, profile.total));
        if step.name == WHOLE {
            whole = profile;
        }
    }
    let functions = whole.most_expensive(arguments.top);
    println!("\nof {WHOLE:?}, without what they call:");
    for (name, count) in &functions {
        println!("{count:>10.1}  {:>5.1} %  {name}", count * 100.0 / whole.total);
    }
    if let Some(file) = &arguments.json {
        write(file, &counts, &functions)?;
    }
    let violations = baseline.map(|baseline| baseline.violations(&counts)).unwrap_or_default();
    if violations.is_empty() { Ok(()) } else { Err(Error::Regression(violations.join("\n"))) }
}

fn write(file: &Path, counts: &[(&'static str, f64)], functions: &[(&str, f64)]) -> Result<(), Error> {
    // Tenths, and one order: a file under version control should change by what has changed.
    let tenths = |count: f64| (count * 10.0).round() / 10.0;
    let counts: serde_json::Map<String, serde_json::Value> =
        counts.iter().map(|(step, count)| ((*step).to_owned(), tenths(*count).into())).collect();
    let functions: Vec<_> = functions
        .iter()
        .map(|(name, count)| serde_json::json!({ "name": name, "instructions": tenths(*count) }))
        .collect();
    let json = serde_json::json!({
        "schema": 1,
        "instructions_per_packet": counts,
        "functions_of": WHOLE,
        "functions": functions,
    });
    std::fs::write(file, format!("{json:#}\n"))
        .map_err(|error| Error::Write(file.display().to_string(), error))
}
