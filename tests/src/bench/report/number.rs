//! Figures as text.

use crate::bench::results::{Better, Results, Row};

/// Three digits that mean something.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Median, and the spread if there is one: `57.3 (56.1–58.0)`. In a run that repeats what has not settled, `×7` behind it
/// says that it has more samples than the least, and `~` before it that it has not settled all the same.
pub(super) fn with_spread(row: &Row, results: &Results) -> String {
    let median = number_or_never(row.median);
    let (least, most) = (number_or_never(row.least), number_or_never(row.most));
    let spread = if least == most { String::new() } else { format!(" ({least}–{most})") };
    if !results.is_adaptive() {
        return median + &spread;
    }
    let mark = if row.settled { "" } else { "~" };
    let samples = row.samples.len();
    let many = samples > results.repetitions as usize;
    let count = if many { format!(" ×{samples}") } else { String::new() };
    format!("{mark}{median}{spread}{count}")
}

/// A figure, or that it did not happen.
pub(super) fn number_or_never(value: Option<f64>) -> String {
    value.map_or_else(|| "never".to_owned(), short)
}

/// Whether the first figure is better than the second; "never" is the worst.
pub(super) fn is_better(better: Better, left: Option<f64>, right: Option<f64>) -> bool {
    match (better, left, right) {
        (Better::Neutral, ..) | (_, None, _) => false,
        (_, Some(_), None) => true,
        (Better::Higher, Some(left), Some(right)) => left > right,
        (Better::Lower, Some(left), Some(right)) => left < right,
    }
}
