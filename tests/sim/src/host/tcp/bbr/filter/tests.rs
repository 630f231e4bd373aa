//! Tests of the running maximum.

use super::*;

#[test]
fn it_is_never_below_the_greatest_of_the_window_by_more_than_its_three_candidates_miss() {
    let mut filter = MaxFilter::default();
    let values: Vec<f64> = (0..200).map(|i| f64::from((i * 37) % 101)).collect();
    for (round, &value) in values.iter().enumerate() {
        filter.update(10, round as u64, value);
        assert!(filter.get() >= value);
        let most = values[round.saturating_sub(10)..=round].iter().copied().fold(0.0, f64::max);
        assert!(filter.get() <= most, "what is older than the window must not count");
    }
}

#[test]
fn a_peak_lasts_as_long_as_the_window() {
    let mut filter = MaxFilter::default();
    filter.update(10, 0, 100.0);
    for round in 1..=10 {
        filter.update(10, round, 50.0);
        assert_eq!(filter.get(), 100.0);
    }
    filter.update(10, 11, 50.0);
    assert_eq!(filter.get(), 50.0);
}
