use super::*;

const ANSWER: AnswerTimes = AnswerTimes { own: Some(Duration::from_millis(40)), way: None, elsewhere: None };

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

fn up(start: Instant) -> Health {
    let mut health = Health::new(start);
    health.on_validated();
    health
}

#[test]
fn a_path_that_never_answers_is_given_up() {
    let start = crate::testing::start();
    let mut health = Health::new(start);
    assert_eq!(health.check(start + VALIDATION_TIMEOUT - ms(1), AnswerTimes::default()), Verdict::Unchanged);
    assert_eq!(health.check(start + VALIDATION_TIMEOUT, AnswerTimes::default()), Verdict::Failed);
}

#[test]
fn an_idle_path_is_never_suspected() {
    let start = crate::testing::start();
    let mut health = up(start);
    assert_eq!(health.deadline(ANSWER), None);
    assert_eq!(health.check(start + ms(100_000), ANSWER), Verdict::Unchanged);
}

#[test]
fn silence_after_sending_makes_a_path_suspect() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.on_sent(start);
    health.on_sent(start + ms(50));
    assert_eq!(health.check(start + ms(40), ANSWER), Verdict::Late);
    assert_eq!(health.check(start + ms(129), ANSWER), Verdict::Unchanged);
    assert_eq!(health.check(start + ms(130), ANSWER), Verdict::Overdue);
    health.suspect_now(start + ms(130));
    assert_eq!(health.state(), PathState::Suspect);
}

#[test]
fn silence_after_several_packets_is_noticed_sooner() {
    let start = crate::testing::start();
    let answer = AnswerTimes { own: Some(ms(100)), way: None, elsewhere: None };
    let mut health = up(start);
    for packet in 0..10 {
        health.on_sent(start + ms(10) * packet);
    }
    assert_eq!(health.check(start + ms(100), answer), Verdict::Late);
    assert_eq!(health.check(start + ms(169), answer), Verdict::Unchanged);
    assert_eq!(health.check(start + ms(170), answer), Verdict::Overdue);
}

#[test]
fn packets_that_left_before_the_last_answer_are_evidence_too() {
    let start = crate::testing::start();
    let answer = AnswerTimes { own: Some(ms(100)), way: None, elsewhere: None };
    let mut health = up(start);
    health.on_sent(start);
    health.on_answer(start + ms(60), start, 6);
    assert_eq!(health.check(start + ms(160), answer), Verdict::Late);
    assert_eq!(health.check(start + ms(209), answer), Verdict::Unchanged);
    assert_eq!(health.check(start + ms(210), answer), Verdict::Overdue);
}

#[test]
fn the_way_of_the_answers_has_time_to_prove_that_it_works() {
    let start = crate::testing::start();
    let answers = AnswerTimes { own: Some(ms(100)), way: Some(ms(120)), elsewhere: None };
    let mut health = up(start);
    (0..3).for_each(|_| health.on_sent(start));
    assert_eq!(health.check(start + ms(100), answers), Verdict::Late);
    assert_eq!(health.missed_since(), Some(start + ms(100)));
    assert_eq!(health.check(start + ms(219), answers), Verdict::Unchanged);
    assert_eq!(health.check(start + ms(220), answers), Verdict::Overdue);
}

#[test]
fn late_answers_are_doubted_once_where_another_path_answers() {
    let start = crate::testing::start();
    let answers = |elsewhere| AnswerTimes { own: Some(ms(100)), way: Some(ms(120)), elsewhere };
    let mut health = up(start);
    (0..3).for_each(|packet| health.on_sent(start + ms(10) * packet));
    assert_eq!(health.check(start + ms(100), answers(None)), Verdict::Late);
    // What left before tells nothing: the peer may have fallen asleep since.
    assert_eq!(health.check(start + ms(130), answers(Some(start + ms(20)))), Verdict::Unchanged);
    let awake = answers(Some(start + ms(30)));
    assert_eq!(health.check(start + ms(119), awake), Verdict::Unchanged);
    assert_eq!(health.deadline(awake), Some(start + ms(120)));
    assert_eq!(health.check(start + ms(120), awake), Verdict::Doubted);
    assert!(health.is_doubted() && health.is_usable());
    assert_eq!(health.check(start + ms(130), awake), Verdict::Unchanged);
    health.on_answer(start + ms(140), start, 2);
    assert!(!health.is_doubted());
}

#[test]
fn two_late_answers_are_no_reason_for_a_doubt() {
    let start = crate::testing::start();
    let awake = AnswerTimes { elsewhere: Some(start + ms(100)), ..ANSWER };
    let mut health = up(start);
    (0..2).for_each(|_| health.on_sent(start));
    assert_eq!(health.check(start + ms(40), awake), Verdict::Late);
    assert_eq!(health.check(start + ms(60), awake), Verdict::Unchanged);
}

#[test]
fn a_link_that_returns_within_a_minute_is_probed_within_200_ms() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.suspect_now(start);
    let mut now = start;
    while now < start + ms(60_000) {
        let next = health.deadline(ANSWER).unwrap();
        assert!(next - now <= ms(200), "{:?} pass without a probe", next - now);
        now = next;
        assert_eq!(health.check(now, ANSWER), Verdict::Probe);
    }
}

#[test]
fn an_answer_clears_a_suspicion_at_once_where_the_peer_is_heard() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.suspect_now(start + ms(200));
    health.on_answer(start + ms(300), start + ms(200), 0);
    assert!(health.try_clear(start + ms(300)));
    assert!(health.is_usable());
    assert!(!health.try_clear(start + ms(310)), "there is no suspicion any more");
}

#[test]
fn an_answer_that_came_by_another_path_does_not_prove_that_this_one_works_both_ways() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.suspect_now(start + ms(200));
    health.on_answer(start + ms(300), start + ms(250), 0);
    assert!(!health.try_clear(start + ms(199)), "heard last before the suspicion");
    assert!(health.try_clear(start + ms(310)), "heard after the answer");
}

#[test]
fn a_path_on_which_answers_ought_to_come_is_missed_until_something_is_heard_on_it() {
    let start = crate::testing::start();
    let mut health = up(start);
    (0..3).for_each(|packet| health.on_sent(start + ms(packet)));
    assert!(!health.lacks_answers(), "they have time yet");
    assert_eq!(health.check(start + ms(40), ANSWER), Verdict::Late);
    assert!(health.lacks_answers());
    health.miss(start + ms(40));
    assert!(health.is_silent() && health.is_doubted(), "for the peer, and for the scheduler");
    assert!(health.is_usable(), "packets may well arrive on it");
    health.on_answer(start + ms(70), start + ms(2), 0);
    assert!(health.is_silent(), "the answer took another path");
    assert!(!health.try_find(start + ms(40)));
    assert!(health.try_find(start + ms(90)));
    assert!(!health.is_silent() && !health.try_find(start + ms(91)));
}

#[test]
fn a_late_answer_to_what_left_before_the_suspicion_proves_nothing() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.suspect_now(start + ms(200));
    health.on_answer(start + ms(300), start + ms(199), 0);
    assert!(!health.try_clear(start + ms(300)));
    assert!(!health.is_usable());
}

#[test]
fn a_path_out_of_use_is_replied_on_for_each_probe_and_no_more() {
    let start = crate::testing::start();
    let mut health = up(start);
    assert!(!health.take_reply(start), "it is in use, and shows itself");
    health.set_demoted(true);
    assert!(health.take_reply(start));
    assert!(!health.take_reply(start + ms(20)), "this may be the answer to the reply");
    assert!(health.take_reply(start + PROBE_INTERVAL));
}

#[test]
fn answers_whose_way_was_dead_have_all_their_time_again() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.on_sent(start);
    health.restart(start + ms(100));
    assert_eq!(health.check(start + ms(140), ANSWER), Verdict::Late);
    assert_eq!(health.check(start + ms(229), ANSWER), Verdict::Unchanged);
    assert_eq!(health.check(start + ms(230), ANSWER), Verdict::Overdue);
}

#[test]
fn a_long_silence_makes_probes_rare() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.suspect_now(start);
    let mut now = start;
    while now < start + ms(70_000) {
        now = health.deadline(ANSWER).unwrap();
        health.check(now, ANSWER);
    }
    assert_eq!(health.deadline(ANSWER).unwrap() - now, PROBE_QUARANTINED);
}

#[test]
fn each_end_s_suspicion_stands_for_itself() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.suspect_now(start);
    health.set_demoted(true);
    health.on_answer(start + ms(10), start, 0);
    assert!(health.try_clear(start + ms(10)));
    assert_eq!(health.state(), PathState::Demoted);
    health.set_demoted(false);
    assert!(health.is_usable());
}

#[test]
fn a_peer_that_demotes_a_path_takes_it_out_until_it_takes_that_back() {
    let start = crate::testing::start();
    let mut health = up(start);
    health.set_demoted(true);
    assert_eq!(health.state(), PathState::Demoted);
    health.set_demoted(false);
    assert_eq!(health.state(), PathState::Up);
}
