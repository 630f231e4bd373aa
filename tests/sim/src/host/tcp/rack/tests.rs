//! Tests of loss detection.

use super::super::rate::RateSampler;
use super::*;

const LEN: u64 = 100;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

fn bounds() -> Bounds {
    Bounds { recovering: false, least_rtt: ms(40), smoothed_rtt: ms(40) }
}

/// Ten segments, one each millisecond.
fn sent(start: Instant) -> (Scoreboard, Rack) {
    let (mut board, mut rack) = (Scoreboard::default(), Rack::new());
    for i in 0..10 {
        let now = start + ms(i);
        let number = board.push(now, LEN, RateSampler::new(now).stamp(now, false));
        rack.on_sent(number, 1);
    }
    (board, rack)
}

fn sack(board: &mut Scoreboard, rack: &mut Rack, now: Instant, numbers: std::ops::Range<u64>) {
    board.sack((numbers.start * LEN, numbers.end * LEN), |sent| rack.on_delivered(now, sent, Some(ms(40))));
}

#[test]
fn three_later_arrivals_are_enough_while_no_reordering_is_known() {
    let start = Instant::now();
    let (mut board, mut rack) = sent(start);
    for (number, lost) in [(1, 0), (2, 0), (3, 1)] {
        let now = start + ms(40 + number);
        sack(&mut board, &mut rack, now, number..number + 1);
        assert_eq!(rack.find_lost_after_ack(now, &mut board, bounds()).0, lost);
    }
    assert_eq!(board.next_lost(), Some(0));
}

#[test]
fn with_known_reordering_it_waits_a_quarter_of_the_round_trip() {
    let start = Instant::now();
    let (mut board, mut rack) = sent(start);
    rack.on_reordering(0, LEN, LEN);
    let now = start + ms(49);
    sack(&mut board, &mut rack, now, 5..10);
    // The newest was sent at 9 ms and took 40; the first may take 10 more.
    let (lost, wait) = rack.find_lost_after_ack(now, &mut board, bounds());
    assert_eq!((lost, wait), (0, Some(ms(5))));
    assert_eq!(rack.find_lost(now + ms(3), &mut board, bounds()), (3, Some(ms(2))));
    assert_eq!(rack.find_lost(now + ms(5), &mut board, bounds()), (2, None));
}

#[test]
fn needless_repetitions_widen_the_window_and_quiet_narrows_it() {
    let mut rack = Rack::new();
    rack.on_reordering(0, 5 * LEN, LEN);
    rack.on_duplicate();
    rack.adapt(Some(0), 10);
    assert_eq!(rack.window(0, bounds()), ms(20));
    rack.on_duplicate();
    rack.adapt(Some(5), 20);
    assert_eq!(rack.window(0, bounds()), ms(20), "not twice within a round trip");
    rack.on_duplicate();
    rack.adapt(Some(10), 30);
    assert_eq!(rack.window(0, bounds()), ms(30));
    for _ in 0..PERSISTENCE {
        rack.on_recovered(false);
    }
    rack.adapt(Some(30), 40);
    assert_eq!(rack.window(0, bounds()), ms(10));
}

#[test]
fn the_original_that_arrives_just_after_its_repetition_says_nothing_of_time() {
    let start = Instant::now();
    let (mut board, mut rack) = sent(start);
    board.mark_lost(0);
    board.repeat(0, start + ms(60), RateSampler::new(start).stamp(start, false));
    rack.on_sent(0, 2);
    let now = start + ms(61);
    sack(&mut board, &mut rack, now, 0..1);
    assert_eq!(rack.find_lost_after_ack(now, &mut board, bounds()).0, 0);
}
