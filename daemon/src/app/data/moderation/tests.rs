use super::*;

/// What the turns of 20 ms pause in all, with a packet every so many microseconds and turns of 10 µs.
fn pauses(every_us: u64) -> Duration {
    let start = Instant::now();
    let mut moderation = Moderation::new(start);
    let turns = 20_000 / every_us;
    let turn = |number| {
        let began = start + Duration::from_micros(number * every_us);
        moderation.pause(began, began + Duration::from_micros(10), 1)
    };
    (0..turns).filter_map(turn).sum()
}

#[test]
fn packets_of_a_busy_link_wait_for_each_other() {
    assert!(pauses(100) > Duration::from_millis(5));
}

#[test]
fn a_call_and_its_answers_wait_for_nothing() {
    assert_eq!(pauses(2_500), Duration::ZERO);
}

#[test]
fn a_turn_that_took_long_is_followed_by_the_next_at_once() {
    let start = Instant::now();
    let mut moderation = Moderation::new(start);
    for number in 0..100 {
        let began = start + INTERVAL * number;
        assert_eq!(moderation.pause(began, began + INTERVAL, 100), None);
    }
}

#[test]
fn the_first_packet_after_a_pause_waits_for_nothing() {
    let start = Instant::now();
    let mut moderation = Moderation::new(start);
    for number in 0..100 {
        let began = start + Duration::from_micros(100) * number;
        moderation.pause(began, began, 1);
    }
    let later = start + Duration::from_secs(1);
    assert_eq!(moderation.pause(later, later, 1), None);
}
