//! Two runs against each other.

use std::fmt::Write;

use super::number::{number_or_never, short};
use crate::bench::profile;
use crate::bench::results::{Results, Row};
use crate::bench::statistics::is_within;

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
    let (shaped, unshaped): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(row, _)| profile::is_shaped(&row.profile));
    writeln!(text, "\nAgainst the run of {}:", earlier.date)?;
    let kinds = [("shaped profiles", shaped), ("unshaped links", unshaped)];
    for (kind, pairs) in kinds.iter().filter(|(_, pairs)| !pairs.is_empty()) {
        let alike = pairs.iter().filter(|(row, before)| is_alike(row, before)).count();
        writeln!(
            text,
            "of {} medians on {kind}, {alike} are within {:.0} % or what the figure can tell apart.",
            pairs.len(),
            TOLERANCE * 100.0
        )?;
    }
    let mut apart = kinds.iter().flat_map(|(_, pairs)| pairs).filter(|(row, before)| !is_alike(row, before));
    let Some(first) = apart.next() else { return Ok(()) };
    writeln!(text, "\n| profile | system | | unit | then | now |\n|---|---|---|---|--:|--:|")?;
    for (row, before) in std::iter::once(first).chain(apart) {
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.profile,
            row.system,
            row.metric.title,
            row.metric.unit,
            number_or_never(before.median),
            number_or_never(row.median)
        )?;
    }
    Ok(())
}

/// Whether the medians differ by no more than the tolerance, as a share of the larger one, or than what the figure can
/// tell apart; nor does what the table shows alike.
fn is_alike(row: &Row, before: &Row) -> bool {
    match (row.median, before.median) {
        (Some(now), Some(then)) => {
            let tolerated = TOLERANCE * now.abs().max(then.abs());
            let resolution = row.metric.resolution.max(before.metric.resolution);
            short(now) == short(then) || is_within((now - then).abs(), tolerated.max(resolution))
        }
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
