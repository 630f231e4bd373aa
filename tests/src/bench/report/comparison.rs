//! Two runs against each other.

use std::fmt::Write;

use super::number::short;
use crate::bench::results::{Results, Row};

/// What the medians of two runs may differ by without being listed.
const TOLERANCE: f64 = 0.10;

/// How many medians are within a tenth of each other, and which are not.
pub(super) fn text(results: &Results, earlier: &Results) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_to(&mut text, results, earlier);
    text
}

fn write_to(text: &mut String, results: &Results, earlier: &Results) -> std::fmt::Result {
    let pairs: Vec<(&Row, &Row)> = results
        .rows
        .iter()
        .filter_map(|row| Some((row, earlier.row(&row.profile, &row.system, &row.metric.key)?)))
        .collect();
    let apart: Vec<_> = pairs.iter().filter(|(row, before)| difference(row, before) > TOLERANCE).collect();
    writeln!(
        text,
        "\nAgainst the run of {}: {} of {} medians are within {:.0} %.",
        earlier.date,
        pairs.len() - apart.len(),
        pairs.len(),
        TOLERANCE * 100.0
    )?;
    if apart.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n| profile | system | | unit | then | now |\n|---|---|---|---|--:|--:|")?;
    for (row, before) in apart {
        let number = |value: Option<f64>| value.map_or_else(|| "never".to_owned(), short);
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.profile,
            row.system,
            row.metric.title,
            row.metric.unit,
            number(before.median),
            number(row.median)
        )?;
    }
    Ok(())
}

/// By how much the medians differ, as a share of the larger one; what the table shows alike does not differ.
fn difference(row: &Row, before: &Row) -> f64 {
    match (row.median, before.median) {
        (Some(now), Some(then)) if short(now) == short(then) => 0.0,
        (Some(now), Some(then)) => (now - then).abs() / now.abs().max(then.abs()).max(f64::MIN_POSITIVE),
        (None, None) => 0.0,
        _ => f64::INFINITY,
    }
}

#[cfg(test)]
mod tests;
