//! Tests of the model; whole connections are tested with the others.

use super::*;

#[test]
fn it_begins_by_pacing_the_initial_window_over_the_handshakes_round_trip() {
    let bbr = Bbr::new(Instant::now(), 3, Some(Duration::from_millis(100)));
    assert!((bbr.pacing_rate() - 288.5).abs() < 0.1);
}

#[test]
fn bursts_take_a_millisecond_and_are_never_single() {
    assert_eq!(burst(100.0), 2);
    assert_eq!(burst(8600.0), 8);
    assert_eq!(burst(1e6), 40);
}

#[test]
fn no_connection_begins_its_cycle_by_draining() {
    for seed in 0..20 {
        assert_ne!(Bbr::new(Instant::now(), seed, None).first_phase, 1);
    }
}
