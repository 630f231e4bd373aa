//! Tests of the estimator.

use super::*;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

#[test]
fn a_steady_round_trip_times_out_200_ms_after_it() {
    let mut rtt = RttEstimator::default();
    assert_eq!(rtt.timeout(), INITIAL_TIMEOUT);
    for i in 0..100 {
        rtt.update(ms(40), i * 10, i * 10 + 100);
    }
    assert_eq!(rtt.smoothed(), Some(ms(40)));
    assert_eq!(rtt.timeout(), ms(240));
}

#[test]
fn variation_lengthens_the_timeout_and_a_drop_does_so_little() {
    let mut rtt = RttEstimator::default();
    for i in 0..200 {
        rtt.update(if i % 2 == 0 { ms(100) } else { ms(500) }, i * 10, i * 10 + 10);
    }
    assert!(rtt.timeout() > ms(700), "{:?}", rtt.timeout());
    let mut rtt = RttEstimator::default();
    for i in 0..50 {
        rtt.update(ms(500), i * 10, i * 10 + 10);
    }
    rtt.update(ms(50), 600, 700);
    assert!(rtt.timeout() < ms(760), "{:?}", rtt.timeout());
}

#[test]
fn the_least_is_forgotten_after_five_minutes() {
    let start = Instant::now();
    let mut rtt = RttEstimator::default();
    rtt.update_least(start, ms(10));
    for second in 1..400 {
        rtt.update_least(start + Duration::from_secs(second), ms(30));
        assert_eq!(rtt.least(), Some(if second <= 300 { ms(10) } else { ms(30) }));
    }
}
