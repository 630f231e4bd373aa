//! What samples tell: their median, how well it is known, and percentiles. All take them in ascending order, and an
//! infinite one is "never".

/// How sure the interval of a median is at least: seven times in eight. No fewer than four samples can tell it.
const CONFIDENCE: f64 = 0.875;
/// A median is known when its interval reaches no further from it than this share of it: two runs are then rarely more
/// than a tenth apart.
const MARGIN: f64 = 0.05;

/// The middle one; of an even number, the mean of the two in the middle, or the lower one where the upper is "never",
/// which is then not what happened in most cases.
pub(super) fn median(sorted: &[f64]) -> Option<f64> {
    let lower = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    let upper = *sorted.get(sorted.len() / 2)?;
    if lower.is_finite() && upper.is_finite() { Some(f64::midpoint(lower, upper)) } else { Some(lower) }
}

/// The one that this share (0 to 1) of them does not exceed.
pub(super) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

/// The narrowest interval between two samples, as many below as above it, that has the true median in it with
/// [`CONFIDENCE`], however the samples are distributed (David and Nagaraja, Order Statistics, 2003, §7.1); `None`
/// where there are too few.
pub(super) fn interval(sorted: &[f64]) -> Option<[f64; 2]> {
    let count = sorted.len();
    // Samples are below the median as coins show heads: this is the chance of exactly `number` of them.
    let mut exactly = 0.5_f64.powi(i32::try_from(count).ok()?);
    let mut at_most = 0.0;
    let mut outside = None;
    for number in 0..count / 2 {
        at_most += exactly;
        if 1.0 - 2.0 * at_most < CONFIDENCE {
            break;
        }
        outside = Some(number);
        exactly *= (count - number) as f64 / (number + 1) as f64;
    }
    let outside = outside?;
    Some([*sorted.get(outside)?, *sorted.get(count - 1 - outside)?])
}

/// Whether more samples would hardly move the median: its interval is narrow, or no wider than what the figure can tell
/// apart.
pub(super) fn is_known(sorted: &[f64], resolution: f64) -> bool {
    let (Some(median), Some([lower, upper])) = (median(sorted), interval(sorted)) else { return false };
    if !upper.is_finite() {
        return !lower.is_finite();
    }
    let margin = MARGIN * median.abs();
    is_within(upper - lower, resolution)
        || (is_within(median - lower, margin) && is_within(upper - median, margin))
}

/// Whether a difference is no more than a bound, but for what decimal fractions lose in binary ones: 0.3 - 0.2 is 0.1.
pub(super) fn is_within(difference: f64, bound: f64) -> bool {
    const ROUNDING: f64 = 1e-9;
    difference <= bound * (1.0 + ROUNDING)
}

#[cfg(test)]
mod tests;
