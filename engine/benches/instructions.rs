//! Instructions per packet, step by step and function by function, which do not depend on the machine's mood.
//!
//! ```text
//! cargo bench -p tandem-engine --bench instructions
//! cargo bench -p tandem-engine --bench instructions -- --json FILE --top 20
//! ```
//!
//! Needs valgrind. Each step runs under callgrind, which counts what the packets cost, without what comes before them.
//! A count differs by less than 1 % from run to run of one build, but that of "encode in 2 pieces" by 3 %: its buffers
//! are too long for glibc's cache. Compilers and processors with other instruction sets give other counts.

mod callgrind;
mod common;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

use callgrind::Profile;
use steps::{STEPS, Step};

/// The step whose functions are listed: all that happens to a packet, at both ends.
const WHOLE: &str = "tunnel up";

struct Arguments {
    json: Option<PathBuf>,
    top: usize,
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
        eprintln!("usage: cargo bench -p tandem-engine --bench instructions [-- [--json FILE] [--top N]]");
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
    let mut parsed = Arguments { json: None, top: 10 };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--json" => parsed.json = Some(rest.next()?.into()),
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

fn measure(arguments: &Arguments) -> Result<(), callgrind::Error> {
    let mut counts = serde_json::Map::new();
    let mut whole = None;
    println!("{:<24}{:>14}", "step", "instructions");
    for step in STEPS {
        let profile = per_packet(step)?;
        println!("{:<24}{:>14.1}", step.name, profile.total);
        counts.insert(step.name.to_owned(), profile.total.into());
        if step.name == WHOLE {
            whole = Some(profile);
        }
    }
    let mut functions = Vec::new();
    if let Some(profile) = whole {
        println!("\nof {WHOLE:?}, without what they call:");
        for (name, count) in profile.most_expensive(arguments.top) {
            println!("{count:>10.1}  {:>5.1} %  {name}", count * 100.0 / profile.total);
            functions.push(serde_json::json!({ "name": name, "instructions": count }));
        }
    }
    if let Some(file) = &arguments.json {
        let json = serde_json::json!({
            "schema": 1,
            "instructions_per_packet": counts,
            "functions_of": WHOLE,
            "functions": functions,
        });
        std::fs::write(file, format!("{json:#}\n")).map_err(callgrind::Error::Io)?;
    }
    Ok(())
}

/// What one packet costs.
fn per_packet(step: &Step) -> Result<Profile, callgrind::Error> {
    Ok(callgrind::profile(step.name, step.packets)?.divided_by(step.packets))
}
