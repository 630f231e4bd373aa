use super::{interval, is_known, is_within, median, quantile};

const NEVER: f64 = f64::INFINITY;

/// 1, 2, 3 and so on.
fn first(count: u32) -> Vec<f64> {
    (1..=count).map(f64::from).collect()
}

#[test]
fn the_median_is_the_middle_or_the_mean_of_two() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[7.0]), Some(7.0));
    assert_eq!(median(&[1.0, 2.0, 9.0]), Some(2.0));
    assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
}

#[test]
fn a_median_is_never_only_where_most_are() {
    assert_eq!(median(&[1.0, 2.0, NEVER, NEVER]), Some(2.0));
    assert_eq!(median(&[1.0, NEVER, NEVER]), Some(NEVER));
    assert_eq!(median(&[NEVER, NEVER]), Some(NEVER));
}

#[test]
fn a_percentile_is_the_sample_of_the_nearest_rank() {
    assert_eq!(quantile(&[], 0.5), None);
    assert_eq!(quantile(&[3.0], 0.99), Some(3.0));
    assert_eq!(quantile(&first(101), 0.0), Some(1.0));
    assert_eq!(quantile(&first(101), 0.99), Some(100.0));
    assert_eq!(quantile(&first(101), 1.0), Some(101.0));
}

/// Chances that a coin thrown n times shows heads at most k times, from tables of the binomial distribution: the
/// interval from the k+1st to the n-kth holds the median but for twice that.
#[test]
fn the_interval_of_a_median_is_that_of_the_binomial_distribution() {
    assert_eq!(interval(&first(0)), None);
    assert_eq!(interval(&first(3)), None, "0.125 on each side");
    assert_eq!(interval(&first(4)), Some([1.0, 4.0]), "0.0625; the next 0.3125");
    assert_eq!(interval(&first(6)), Some([1.0, 6.0]), "0.0156; the next 0.1094");
    assert_eq!(interval(&first(7)), Some([2.0, 6.0]), "0.0625; the next 0.2266");
    assert_eq!(interval(&first(10)), Some([3.0, 8.0]), "0.0547; the next 0.1719");
    assert_eq!(interval(&first(20)), Some([7.0, 14.0]), "0.0577; the next 0.1316");
    assert_eq!(interval(&first(100)), Some([42.0, 59.0]), "0.0443; the next 0.0666");
}

#[test]
fn a_narrow_interval_is_enough_and_a_wide_one_is_not() {
    assert!(is_known(&[95.0, 99.0, 101.0, 105.0], 0.0));
    assert!(!is_known(&[94.0, 99.0, 101.0, 105.0], 0.0));
    assert!(!is_known(&[100.0, 100.0, 100.0], 0.0), "three are too few to know");
    assert!(
        is_known(&[10.0, 99.0, 100.0, 100.0, 100.0, 101.0, 500.0], 0.0),
        "one outlier on each side of seven"
    );
    assert!(is_known(&[-105.0, -101.0, -99.0, -95.0], 0.0));
}

#[test]
fn what_the_figure_cannot_tell_apart_is_known() {
    assert!(is_known(&[10.0, 10.0, 15.0, 15.0], 5.0));
    assert!(!is_known(&[10.0, 10.0, 15.0, 15.0], 4.0));
    assert!(is_known(&[0.0, 0.0, 0.0, 0.0], 0.0));
    assert!(is_known(&[0.0, 0.0, 0.0, 1.0], 1.0));
}

#[test]
fn never_is_known_where_it_is_always_so() {
    assert!(is_known(&[NEVER; 4], 0.0));
    assert!(!is_known(&[1.0, 1.0, 1.0, NEVER], 0.0));
    assert!(!is_known(&[1.0, NEVER, NEVER, NEVER], 0.0));
    assert!(is_known(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, NEVER], 0.0));
}

#[test]
fn rounding_makes_no_difference() {
    assert!(is_within(1.3 - 1.2, 0.1) && is_within((1.0 - 199.0 / 200.0) * 100.0, 0.5));
    assert!(!is_within(0.1001, 0.1));
    assert!(is_within(0.0, 0.0) && !is_within(1e-12, 0.0));
}
