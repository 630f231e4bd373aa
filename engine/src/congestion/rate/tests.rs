use super::*;
use crate::testing::start;

const MS: Duration = Duration::from_millis(1);

/// Sends ten packets of 1000 bytes, one each millisecond, from number `pn` on.
fn send_ten(sampler: &mut Sampler, at: Instant, pn: u64) {
    (0..10).for_each(|step| sampler.sent(at + MS * step, pn + u64::from(step), 1000));
}

#[test]
fn packets_that_arrive_as_they_left_show_the_rate_at_which_they_left() {
    let now = start();
    let mut sampler = Sampler::new(now);
    send_ten(&mut sampler, now, 0);
    send_ten(&mut sampler, now + MS * 10, 10);
    for step in 0..20 {
        let at = now + MS * (20 + step);
        sampler.acked(at, u64::from(step), now + MS * step, 1000);
        let sample = sampler.sample(at, MS * 10).unwrap();
        assert_eq!(sample.rtt, MS * 20);
        assert_eq!(sample.newly_acked, 1000);
    }
    send_ten(&mut sampler, now + MS * 40, 20);
    let at = now + MS * 60;
    (20..30).for_each(|pn| sampler.acked(at, pn, now + MS * (pn as u32 + 20), 1000));
    let sample = sampler.sample(at, MS * 10).unwrap();
    assert_eq!(sample.rate, Some(500_000), "ten packets in 20 ms, their way included: it was a single burst");
}

#[test]
fn acknowledgements_that_come_at_once_do_not_make_a_path_fast() {
    let now = start();
    let mut sampler = Sampler::new(now);
    send_ten(&mut sampler, now, 0);
    sampler.acked(now + MS * 30, 0, now, 1000);
    sampler.sample(now + MS * 30, MS).unwrap();
    send_ten(&mut sampler, now + MS * 30, 10);
    // All the rest within one millisecond.
    let at = now + MS * 50;
    (1..10).for_each(|pn| sampler.acked(at, pn, now + MS * pn as u32, 1000));
    (10..20).for_each(|pn| sampler.acked(at, pn, now + MS * (pn as u32 + 20), 1000));
    let sample = sampler.sample(at, MS).unwrap();
    // 19 packets were delivered since the first of the second ten left, 20 ms ago, but to send them took 39 ms.
    assert_eq!(sample.rate, Some(19_000 * 1000 / 39));
}

#[test]
fn too_short_a_time_gives_no_rate() {
    let now = start();
    let mut sampler = Sampler::new(now);
    sampler.sent(now, 0, 1000);
    sampler.acked(now + MS, 0, now, 1000);
    assert_eq!(sampler.sample(now + MS, MS * 2).unwrap().rate, None);
    assert!(sampler.sample(now + MS, MS * 2).is_none(), "nothing was acknowledged since");
}

#[test]
fn what_left_while_there_was_little_to_send_says_so() {
    let now = start();
    let mut sampler = Sampler::new(now);
    sampler.sent(now, 0, 1000);
    sampler.limit();
    sampler.sent(now, 1, 1000);
    sampler.acked(now + MS, 0, now, 1000);
    assert!(!sampler.sample(now + MS, MS).unwrap().app_limited);
    sampler.acked(now + MS * 2, 1, now, 1000);
    assert!(sampler.sample(now + MS * 2, MS).unwrap().app_limited);
    sampler.sent(now + MS * 2, 2, 1000);
    sampler.acked(now + MS * 3, 2, now + MS * 2, 1000);
    assert!(!sampler.sample(now + MS * 3, MS).unwrap().app_limited, "all that was limited has arrived");
}

#[test]
fn a_loss_tells_what_was_in_flight_with_it() {
    let now = start();
    let mut sampler = Sampler::new(now);
    send_ten(&mut sampler, now, 0);
    assert_eq!(sampler.lost_one(2, 1000).unwrap().in_flight, 3000);
    let second = sampler.lost_one(5, 1000).unwrap();
    assert_eq!((second.in_flight, second.lost_since), (6000, 2000));
    assert!(sampler.lost_one(5, 0).is_none(), "known to be lost already");
    assert!(sampler.lost_one(99, 0).is_none(), "never sent");
}

#[test]
fn numbers_that_begin_anew_do_not_mix_up_round_trips() {
    let now = start();
    let mut sampler = Sampler::new(now);
    sampler.sent(now, 0, 1000);
    // The next stage of the handshake has a packet 0, too.
    sampler.sent(now + MS * 50, 0, 1000);
    sampler.acked(now + MS * 60, 0, now, 1000);
    assert!(sampler.sample(now + MS * 60, MS).is_none());
}
