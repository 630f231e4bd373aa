use std::time::Duration;

use super::jitter;

#[test]
fn jitter_is_the_mean_change_of_the_delay() {
    let delays = [10, 20, 15, 15].map(Duration::from_millis);
    assert_eq!(jitter(&delays), Some(Duration::from_millis(5)));
}

#[test]
fn a_single_packet_has_no_jitter() {
    assert_eq!(jitter(&[Duration::from_millis(10)]), None);
    assert_eq!(jitter(&[]), None);
}
