//! Figures as text.

use crate::bench::results::{Better, Row};

/// Three digits that mean something.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Median, and the spread if there is one: `57.3 (56.1–58.0)`.
pub(super) fn with_spread(row: &Row) -> String {
    let text = |value: Option<f64>| value.map_or_else(|| "never".to_owned(), short);
    let median = text(row.median);
    let (least, most) = (text(row.least), text(row.most));
    if least == most { median } else { format!("{median} ({least}–{most})") }
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
