//! Tests of the end of slow start.

use super::*;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

#[test]
fn a_round_trip_that_grows_by_an_eighth_ends_it() {
    for (rtt, ends) in [(104, false), (115, true)] {
        let start = Instant::now();
        let mut hystart = HyStart::new(start);
        hystart.begin_round(start, 1000);
        let mut ended = false;
        for i in 0..20 {
            // Far enough apart to be no train.
            ended |= hystart.update(start + ms(100 + i * 3), 100, ms(rtt), ms(100));
        }
        assert_eq!(ended, ends, "{rtt}");
    }
}

#[test]
fn a_train_of_half_the_round_trip_ends_it() {
    let start = Instant::now();
    let mut hystart = HyStart::new(start);
    hystart.begin_round(start, 1000);
    let ended = (1..100).find(|&i| hystart.update(start + ms(i), 100, ms(100), ms(100)));
    assert_eq!(ended, Some(51));
}

#[test]
fn a_small_window_is_left_alone() {
    let start = Instant::now();
    let mut hystart = HyStart::new(start);
    hystart.begin_round(start, 1000);
    assert!((1..100).all(|i| !hystart.update(start + ms(i), LOW_WINDOW - 1, ms(300), ms(100))));
}
