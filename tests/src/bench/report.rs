//! The run for people and programs: Markdown, JSON, plots, and a comparison with an earlier run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::results::Results;

mod comparison;
mod number;
mod plot;
mod table;

pub(super) use table::markdown;

/// Writes `results.json`, `results.md` and the plots into a directory.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(directory: &Path, results: &Results) -> Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("results.json"), serde_json::to_string_pretty(results)?)?;
    fs::write(directory.join("results.md"), markdown(results))?;
    plot::write(directory, results)
}

/// How far the medians are from those of an earlier run.
///
/// # Errors
/// When that cannot be read.
pub(super) fn comparison(results: &Results, previous: &Path) -> Result<String> {
    let text = fs::read_to_string(previous).with_context(|| format!("cannot read {}", previous.display()))?;
    let earlier: Results = serde_json::from_str(&text)
        .with_context(|| format!("{} is no result of this benchmark", previous.display()))?;
    Ok(comparison::text(results, &earlier))
}
