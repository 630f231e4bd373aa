use super::*;

#[test]
fn each_number_passes_once() {
    let mut dedup = Dedup::default();
    for seq in [5, 6, 9, 7, 4] {
        assert!(dedup.is_first(seq), "{seq}");
    }
    for seq in [5, 6, 9, 7, 4] {
        assert!(!dedup.is_first(seq), "{seq}");
    }
    assert!(dedup.is_first(8));
}

#[test]
fn numbers_wrap_around() {
    let mut dedup = Dedup::default();
    for seq in [u32::MAX - 1, 1, u32::MAX, 0] {
        assert!(dedup.is_first(seq), "{seq}");
    }
    assert!(!dedup.is_first(u32::MAX));
    assert!(!dedup.is_first(0));
}

#[test]
fn a_bit_left_from_an_earlier_round_hides_nothing() {
    let mut dedup = Dedup::default();
    for seq in 0..4 * WINDOW {
        assert!(dedup.is_first(seq), "{seq}");
    }
    assert!(dedup.is_first(6 * WINDOW));
    assert!(dedup.is_first(6 * WINDOW - 1));
    assert!(!dedup.is_first(6 * WINDOW));
}

#[test]
fn what_is_older_than_the_window_passes() {
    let mut dedup = Dedup::default();
    assert!(dedup.is_first(100));
    assert!(dedup.is_first(100 + WINDOW));
    assert!(dedup.is_first(100));
}
