//! Tests of the scoreboard's counts.

use super::super::rate::RateSampler;
use super::*;

const LEN: u64 = 100;

fn board(segments: u64) -> Scoreboard {
    let now = Instant::now();
    let stamp = RateSampler::new(now).stamp(now, true);
    let mut board = Scoreboard::default();
    for _ in 0..segments {
        board.push(now, LEN, stamp);
    }
    board
}

/// The counters, counted anew.
fn check(board: &Scoreboard) {
    let count = |what: fn(&Sent) -> bool| board.segments.iter().filter(|sent| what(sent)).count() as u32;
    assert_eq!(board.sacked(), count(|sent| sent.sacked));
    assert_eq!(board.lost(), count(|sent| sent.lost));
    assert_eq!(board.repeating(), count(|sent| sent.repeating));
}

#[test]
fn only_what_is_lost_and_not_repeated_is_to_be_sent_again() {
    let mut board = board(10);
    let now = Instant::now();
    assert_eq!(board.next_lost(), None);
    for number in [5, 2] {
        assert!(board.mark_lost(number));
        assert!(!board.mark_lost(number));
    }
    assert_eq!(board.in_flight(), 8);
    assert_eq!(board.next_lost(), Some(2));
    let stamp = RateSampler::new(now).stamp(now, false);
    assert_eq!(board.repeat(2, now, stamp).unwrap().times, 2);
    assert_eq!(board.next_lost(), Some(5));
    assert_eq!(board.in_flight(), 9);
    assert!(board.mark_lost(2), "the repetition was lost");
    assert_eq!(board.next_lost(), Some(2));
    check(&board);
}

#[test]
fn random_acknowledgements_keep_the_counts_right_and_show_each_segment_once() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..200 {
        let mut board = board(50);
        let (now, mut shown) = (Instant::now(), 0);
        let stamp = RateSampler::new(now).stamp(now, false);
        for _ in 0..60 {
            let number = random.u64(..50);
            match random.u8(..6) {
                0 => {
                    board.mark_lost(number);
                }
                1 => {
                    if let Some(lost) = board.next_lost() {
                        board.repeat(lost, now, stamp);
                    }
                }
                2 => board.acknowledge((board.una() + LEN * random.u64(..3)).min(50 * LEN), |sent| {
                    shown += u32::from(!sent.sacked);
                }),
                3 => board.settle_repeat(number * LEN),
                _ => {
                    let block = (number * LEN, (number + random.u64(1..6)) * LEN);
                    board.sack(block, |_| shown += 1);
                    board.remember([block].into_iter());
                }
            }
            check(&board);
        }
        board.acknowledge(50 * LEN, |sent| shown += u32::from(!sent.sacked));
        assert_eq!((shown, board.out(), board.in_flight()), (50, 0, 0));
    }
}
