use super::*;

fn summary() -> Summary {
    Summary { wifi: 48e6, cellular: 12e6, both: 54e6, after: 11e6, pause: Duration::from_millis(312) }
}

#[test]
fn the_table_has_speed_share_and_pause() {
    let text = summary().to_string();
    assert!(text.contains("54.0 Mbit/s    90 %"), "{text}");
    assert!(text.contains("312 ms"), "{text}");
}

#[test]
fn silence_after_the_cut_is_a_failure() {
    assert!(summary().went_on());
    assert!(!Summary { after: 0.0, ..summary() }.went_on());
}
