//! Tests of the reduction.

use super::*;

#[test]
fn the_window_shrinks_in_proportion_to_what_arrives() {
    // 100 segments out, one lost; each arrival lets out 0.7.
    let (mut prr, mut in_flight, mut sent) = (Prr::begin(100), 99, 0);
    for _ in 0..95 {
        in_flight -= 1;
        let window = prr.window(1, in_flight, 70, true).unwrap();
        while in_flight < window {
            prr.on_sent();
            in_flight += 1;
            sent += 1;
        }
    }
    assert!((65..=70).contains(&sent), "{sent}");
    assert!((68..=72).contains(&in_flight), "{in_flight}");
}

#[test]
fn below_the_threshold_it_sends_what_arrives_and_one_more_on_progress() {
    let mut prr = Prr::begin(100);
    for _ in 0..10 {
        prr.on_sent();
    }
    assert_eq!(prr.window(2, 30, 70, false), Some(32));
    assert_eq!(prr.window(2, 30, 70, true), Some(33));
    assert_eq!(prr.window(0, 30, 70, true), None);
}

#[test]
fn the_first_repetition_is_never_held_back() {
    assert_eq!(Prr::begin(1000).window(1, 999, 2, false), Some(1000));
}
