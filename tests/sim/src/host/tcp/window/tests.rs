//! Tests of the window.

use super::*;

#[test]
fn slow_start_ends_at_the_threshold_and_gives_back_the_rest() {
    let mut window = Window::new(Instant::now());
    assert_eq!(window.slow_start(10), 0);
    window.threshold = 25;
    assert_eq!(window.slow_start(10), 5);
    assert_eq!(window.segments, 25);
    assert!(!window.in_slow_start());
}

#[test]
fn growth_is_one_for_as_many_as_asked() {
    let mut window = Window::new(Instant::now());
    for _ in 0..100 {
        window.grow(20, 1);
    }
    assert_eq!(window.segments, INITIAL_WINDOW + 5);
}

#[test]
fn a_window_that_is_not_used_shrinks_until_half_of_it_is() {
    let start = Instant::now();
    let mut window = Window::new(start);
    (window.segments, window.threshold) = (100, 50);
    for i in 0..40 {
        let now = start + Duration::from_millis(i * 100);
        window.validate(now, i * 1000, i * 1000 + 500, 12, false, Duration::from_millis(250));
    }
    assert!((12..24).contains(&window.segments), "{}", window.segments);
    assert_eq!(window.threshold, 75);
}

#[test]
fn idling_halves_it_for_each_timeout_down_to_the_initial_one() {
    let start = Instant::now();
    for (idle, left) in [(100, 80), (300, 40), (500, 20), (5000, INITIAL_WINDOW)] {
        let mut window = Window::new(start);
        window.segments = 80;
        window.restart(start, Duration::from_millis(idle), Duration::from_millis(200));
        assert_eq!(window.segments, left);
    }
}
