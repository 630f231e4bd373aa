use super::*;

#[test]
fn each_number_passes_once() {
    let mut window = Window::new(5);
    for seq in [6, 9, 7, 4] {
        assert!(window.is_first(seq), "{seq}");
    }
    for seq in [5, 6, 9, 7, 4] {
        assert!(!window.is_first(seq), "{seq}");
    }
    assert!(window.is_first(8));
}

#[test]
fn numbers_wrap_around() {
    let mut window = Window::new(SEQUENCES - 2);
    for seq in [1, SEQUENCES - 1, 0] {
        assert!(window.is_first(seq), "{seq}");
    }
    for seq in [SEQUENCES - 2, SEQUENCES - 1, 0, 1] {
        assert!(!window.is_first(seq), "{seq}");
    }
}

#[test]
fn a_bit_left_from_an_earlier_round_hides_nothing() {
    let mut window = Window::new(0);
    for seq in 1..4 * WINDOW {
        assert!(window.is_first(seq), "{seq}");
    }
    assert!(window.is_first(6 * WINDOW));
    assert!(window.is_first(6 * WINDOW - 1));
    assert!(!window.is_first(6 * WINDOW));
}

#[test]
fn what_is_older_than_the_window_counts_as_a_copy() {
    let mut window = Window::new(100);
    assert!(window.is_first(100 + WINDOW));
    assert!(!window.is_first(100));
}
