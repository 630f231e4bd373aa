//! Tests of the records.

use super::*;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

#[test]
fn goodput_and_pauses_are_those_of_the_asked_time() {
    let start = Instant::now();
    let mut progress = Progress::default();
    for i in 0..1000u64 {
        // 1 Mbit/s with a gap of 300 ms.
        let at = if i < 500 { i } else { i + 300 };
        progress.advance(start + ms(at), (i + 1) * 125);
    }
    assert_eq!(progress.total(), 125_000);
    let goodput = progress.goodput(start, start + ms(499));
    assert!((goodput - 1e6).abs() < 1e4, "{goodput}");
    assert_eq!(progress.longest_pause(start, start + ms(1299)), (ms(301), start + ms(499)));
    assert_eq!(progress.longest_pause(start, start + ms(400)).0, ms(1));
    assert_eq!(progress.longest_pause(start + ms(900), start + ms(2000)).0, ms(701));
}

#[test]
fn an_unchanged_window_takes_no_space() {
    let start = Instant::now();
    let mut trace = WindowTrace::default();
    for i in 0..100 {
        trace.record(start + ms(i), 10);
    }
    trace.record(start + ms(100), 11);
    assert_eq!(trace.entries(), &[(start, 10), (start + ms(100), 11)]);
}
