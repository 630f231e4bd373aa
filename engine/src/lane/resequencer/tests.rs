use super::*;
use crate::class::Class;
use crate::lane::{SEQUENCES, UNORDERED};

const HOLD: Duration = Duration::from_millis(50);

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// A resequencer, its time, and what it passed on: lane and number.
struct Receiver {
    start: Instant,
    lanes: Resequencer,
    out: Vec<Bytes>,
}

impl Receiver {
    fn new() -> Self {
        Self { start: crate::testing::start(), lanes: Resequencer::new(HOLD), out: Vec::new() }
    }

    fn gets(&mut self, at: u64, lane: u8, seq: u32) -> Passed {
        let mut packet = vec![lane];
        packet.extend(seq.to_be_bytes());
        self.lanes.receive(
            self.start + ms(at),
            Place { class: Class::default(), lane, seq },
            packet.into(),
            &mut self.out,
        )
    }

    fn is_told_that_nothing_comes(&mut self, at: u64, lane: u8, seq: u32) {
        let place = Place { class: Class::default(), lane, seq };
        self.lanes.give_up(self.start + ms(at), place, &mut self.out);
    }

    fn time_passes(&mut self, at: u64) {
        self.lanes.handle_timeout(self.start + ms(at), &mut self.out);
    }

    fn passed(&mut self) -> Vec<(u8, u32)> {
        let number = |packet: &Bytes| u32::from_be_bytes(packet[1..].try_into().unwrap());
        self.out.drain(..).map(|packet| (packet[0], number(&packet))).collect()
    }

    fn numbers(&mut self) -> Vec<u32> {
        self.passed().into_iter().map(|(_, seq)| seq).collect()
    }
}

#[test]
fn what_comes_in_order_passes_at_once() {
    let mut receiver = Receiver::new();
    for seq in 0..5 {
        assert_eq!(receiver.gets(0, 1, seq), Passed::InOrder);
    }
    assert_eq!(receiver.numbers(), [0, 1, 2, 3, 4]);
    assert_eq!(receiver.lanes.poll_timeout(), None);
}

#[test]
fn what_is_ahead_waits_for_what_is_missing() {
    let mut receiver = Receiver::new();
    for seq in [0, 3, 2, 5] {
        receiver.gets(0, 1, seq);
    }
    assert_eq!(receiver.numbers(), [0]);
    assert_eq!(receiver.lanes.held, 3);
    assert_eq!(receiver.gets(10, 1, 1), Passed::InOrder);
    assert_eq!(receiver.numbers(), [1, 2, 3]);
    receiver.gets(20, 1, 4);
    assert_eq!(receiver.numbers(), [4, 5]);
    assert_eq!((receiver.lanes.held, receiver.lanes.poll_timeout()), (0, None));
}

#[test]
fn nothing_waits_for_what_the_sender_says_will_not_come() {
    let mut receiver = Receiver::new();
    for seq in [0, 2, 5] {
        receiver.gets(0, 1, seq);
    }
    receiver.is_told_that_nothing_comes(10, 1, 4);
    assert_eq!(receiver.numbers(), [0], "3 may still come, and 1");
    receiver.is_told_that_nothing_comes(11, 1, 1);
    assert_eq!(receiver.numbers(), [2]);
    receiver.gets(12, 1, 3);
    assert_eq!(receiver.numbers(), [3, 5]);
    assert_eq!((receiver.lanes.held, receiver.lanes.poll_timeout()), (0, None));
}

#[test]
fn what_comes_although_the_sender_said_that_it_would_not_is_late_and_no_more() {
    let mut receiver = Receiver::new();
    for seq in [0, 2] {
        receiver.gets(0, 1, seq);
    }
    receiver.is_told_that_nothing_comes(10, 1, 1);
    assert_eq!(receiver.gets(20, 1, 1), Passed::Late);
    assert_eq!(receiver.gets(21, 1, 1), Passed::Copy);
    assert_eq!(receiver.numbers(), [0, 2, 1]);
}

#[test]
fn what_the_sender_says_of_other_packets_changes_nothing() {
    let mut receiver = Receiver::new();
    receiver.is_told_that_nothing_comes(0, 1, 7);
    for seq in [0, 2] {
        receiver.gets(0, 1, seq);
    }
    // What has come, what waits, what is ahead of everything, and another lane's.
    for (lane, seq) in [(1, 0), (1, 2), (1, 3), (1, SEQUENCES / 2), (2, 1)] {
        receiver.is_told_that_nothing_comes(10, lane, seq);
    }
    assert_eq!(receiver.numbers(), [0]);
    receiver.gets(20, 1, 1);
    receiver.gets(20, 1, 3);
    assert_eq!(receiver.numbers(), [1, 2, 3]);
}

#[test]
fn nothing_waits_longer_than_the_hold_however_many_gaps_there_are() {
    let mut receiver = Receiver::new();
    for (at, seq) in [(0, 0), (1, 2), (5, 9), (7, 4), (30, 6)] {
        receiver.gets(at, 1, seq);
    }
    assert_eq!(receiver.numbers(), [0]);
    assert_eq!(receiver.lanes.poll_timeout(), Some(receiver.start + ms(51)));
    receiver.time_passes(50);
    assert_eq!(receiver.numbers(), [0; 0]);
    receiver.time_passes(51);
    assert_eq!(receiver.numbers(), [2]);
    // 9 came before 4 and 6, which it must not overtake.
    receiver.time_passes(55);
    assert_eq!(receiver.numbers(), [4, 6, 9]);
}

#[test]
fn what_comes_after_its_gap_was_given_up_passes_at_once() {
    let mut receiver = Receiver::new();
    receiver.gets(0, 1, 0);
    receiver.gets(0, 1, 2);
    receiver.time_passes(50);
    receiver.passed();
    assert_eq!(receiver.gets(60, 1, 1), Passed::Late);
    assert_eq!(receiver.gets(60, 1, 3), Passed::InOrder);
    assert_eq!(receiver.numbers(), [1, 3]);
}

#[test]
fn what_comes_long_after_its_gap_was_given_up_is_dropped() {
    let mut receiver = Receiver::new();
    for seq in [0, 2, 5] {
        receiver.gets(0, 1, seq);
    }
    receiver.time_passes(50);
    assert_eq!(receiver.numbers(), [0, 2, 5]);
    assert_eq!(receiver.gets(100, 1, 1), Passed::Late, "as late as it may be");
    assert_eq!(receiver.gets(101, 1, 3), Passed::Stale);
    assert_eq!(receiver.numbers(), [1]);
    // A gap of its own time: an older one does not make it stale, nor a younger one fresh.
    receiver.gets(110, 1, 7);
    receiver.time_passes(160);
    assert_eq!(receiver.gets(170, 1, 4), Passed::Stale);
    assert_eq!(receiver.gets(170, 1, 6), Passed::Late);
    assert_eq!(receiver.numbers(), [7, 6]);
}

#[test]
fn what_comes_late_is_judged_by_its_own_gap_however_many_there_are() {
    let mut receiver = Receiver::new();
    receiver.gets(0, 1, 0);
    // A path died, and between its packets are those of another one.
    for gap in 1..=200 {
        receiver.gets(10, 1, 2 * gap);
    }
    receiver.time_passes(60);
    assert_eq!(receiver.gets(70, 1, 1), Passed::Late);
    assert_eq!(receiver.gets(105, 1, 399), Passed::Late);
    assert_eq!(receiver.gets(111, 1, 3), Passed::Stale);
    // Losses of a long time, each given up on its own.
    for gap in 201..=400 {
        receiver.gets(u64::from(gap) * 10, 1, 2 * gap);
        receiver.time_passes(u64::from(gap) * 10 + 50);
    }
    assert_eq!(receiver.gets(4060, 1, 401), Passed::Stale);
    assert_eq!(receiver.gets(4060, 1, 799), Passed::Late);
}

#[test]
fn each_packet_passes_once_whether_it_waits_was_passed_or_came_late() {
    let mut receiver = Receiver::new();
    for seq in [0, 2] {
        receiver.gets(0, 1, seq);
        assert_eq!(receiver.gets(1, 1, seq), Passed::Copy);
    }
    receiver.time_passes(60);
    assert_eq!(receiver.gets(60, 1, 1), Passed::Late);
    assert_eq!(receiver.gets(60, 1, 1), Passed::Copy);
    assert_eq!(receiver.numbers(), [0, 2, 1]);
}

#[test]
fn a_gap_in_one_lane_holds_no_other_up() {
    let mut receiver = Receiver::new();
    receiver.gets(0, 1, 1);
    receiver.gets(0, 2, 0);
    receiver.gets(0, 2, 1);
    assert_eq!(receiver.passed(), [(2, 0), (2, 1)]);
}

#[test]
fn in_an_unordered_lane_nothing_waits_and_each_passes_once() {
    let mut receiver = Receiver::new();
    for seq in [4, 0, 4, 2] {
        receiver.gets(0, UNORDERED, seq);
    }
    assert_eq!(receiver.numbers(), [4, 0, 2]);
}

#[test]
fn numbers_wrap_around() {
    let mut receiver = Receiver::new();
    // So far ahead that all before it is given up.
    for seq in [SEQUENCES / 2 - 1, SEQUENCES - 2] {
        assert_eq!(receiver.gets(0, 1, seq), Passed::InOrder);
    }
    receiver.passed();
    for seq in [0, SEQUENCES - 1, 1] {
        receiver.gets(100, 1, seq);
    }
    assert_eq!(receiver.numbers(), [SEQUENCES - 1, 0, 1]);
}

#[test]
fn what_waits_is_bounded_and_nothing_of_it_is_lost() {
    let mut receiver = Receiver::new();
    let count = 3 * MAX_HELD as u32;
    for seq in 1..count {
        receiver.gets(0, (seq % 3) as u8, seq / 3 + 1);
        assert!(receiver.lanes.held <= MAX_HELD, "{}", receiver.lanes.held);
    }
    receiver.time_passes(50);
    assert_eq!(receiver.passed().len(), count as usize - 1);
    assert_eq!(receiver.lanes.held, 0);
}

#[test]
fn any_order_of_arrival_gives_each_packet_once_and_never_early() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..200 {
        let mut receiver = Receiver::new();
        let mut arrivals: Vec<(u64, u32)> = Vec::new();
        for seq in 0..100 {
            if random.f32() < 0.95 {
                arrivals.push((u64::from(seq) + random.u64(0..30), seq));
            }
        }
        arrivals.sort_unstable();
        for (at, seq) in &arrivals {
            receiver.time_passes(*at);
            receiver.gets(*at, 1, *seq);
        }
        receiver.time_passes(1000);
        let numbers = receiver.numbers();
        // Nothing comes more than 30 ms late, and the hold is longer: all is in order.
        let mut sorted: Vec<u32> = arrivals.iter().map(|(_, seq)| *seq).collect();
        sorted.sort_unstable();
        assert_eq!(numbers, sorted);
    }
}

#[test]
fn a_packet_is_overtaken_by_a_later_one_of_its_lane_only() {
    let mut receiver = Receiver::new();
    let place = |lane, seq| Place { class: Class::default(), lane, seq };
    assert!(!receiver.lanes.is_overtaken(place(1, 0)), "nothing came yet");
    receiver.gets(0, 1, 5);
    for (seq, expected) in [(4, true), (5, false), (6, false)] {
        assert_eq!(receiver.lanes.is_overtaken(place(1, seq)), expected, "{seq}");
    }
    assert!(!receiver.lanes.is_overtaken(place(2, 4)), "of another lane");
    receiver.gets(0, 1 | UNORDERED, 5);
    assert!(receiver.lanes.is_overtaken(place(1 | UNORDERED, 4)), "that it need not wait does not matter");
}
