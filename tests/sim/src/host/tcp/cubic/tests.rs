//! Tests of the growth function.

use super::*;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// Grows for `seconds` after a loss at `window`, acknowledging a window each 100 ms.
fn grow(cubic: &mut Cubic, start: Instant, window: &mut Window, seconds: u64) -> Vec<u32> {
    let mut trace = Vec::new();
    for round in 0..seconds * 10 {
        let now = start + ms(round * 100);
        for _ in 0..window.segments {
            window.validate(now, round, round + 1, window.segments, true, ms(300));
            cubic.on_ack(now, 1, window);
        }
        trace.push(window.segments);
    }
    trace
}

#[test]
fn after_a_loss_it_returns_to_the_old_window_when_the_cubic_root_says() {
    let start = Instant::now();
    let (mut cubic, mut window) = (Cubic::new(start), Window::new(start));
    window.segments = 1000;
    window.threshold = cubic.on_congestion(1000);
    window.segments = window.threshold;
    assert_eq!(window.threshold, 700);
    let trace = grow(&mut cubic, start, &mut window, 14);
    // (300 / 0.4)^(1/3) = 9.1 s.
    assert!((930..1000).contains(&trace[60]), "{}", trace[60]);
    assert!((985..1010).contains(&trace[92]), "{}", trace[92]);
    assert!(trace[138] > 1025, "{}", trace[138]);
}

#[test]
fn with_a_small_window_it_is_as_fast_as_reno() {
    let start = Instant::now();
    let (mut cubic, mut window) = (Cubic::new(start), Window::new(start));
    window.threshold = cubic.on_congestion(20);
    window.segments = window.threshold;
    let trace = grow(&mut cubic, start, &mut window, 3);
    // 3 (1 - beta) / (1 + beta) = 0.53 per round trip.
    let grown = trace[29] - 14;
    assert!((12..=18).contains(&grown), "{grown}");
}

#[test]
fn a_second_loss_below_the_first_makes_room() {
    let mut cubic = Cubic::new(Instant::now());
    cubic.on_congestion(1000);
    cubic.on_congestion(800);
    assert!((cubic.last_most - 800.0 * (1.0 + BETA) / 2.0).abs() < 1.0);
}
