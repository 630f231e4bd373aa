use std::collections::VecDeque;

use super::*;
use crate::ip::testing::start;

const AIM: Aim = Aim { target: Duration::from_millis(5), interval: Duration::from_millis(100), mtu: 1500 };
const PACKET: usize = 1000;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The pseudo-code of RFC 8289, section 5, word for word, over a queue of arrival times; and what puts signals off while
/// the delay falls.
struct Reference {
    packets: VecDeque<Instant>,
    first_above_time: Option<Instant>,
    drop_next: Option<Instant>,
    dropping: bool,
    count: u32,
    lastcount: u32,
    stood: Duration,
}

impl Reference {
    fn control_law(&self, t: Instant, count: u32) -> Instant {
        t + AIM.interval.div_f64(f64::from(count).sqrt())
    }

    fn dodequeue(&mut self, now: Instant) -> (Option<Instant>, bool) {
        let packet = self.packets.pop_front();
        let Some(enqueued) = packet else {
            self.first_above_time = None;
            return (None, false);
        };
        if now - enqueued < AIM.target || self.packets.len() * PACKET <= AIM.mtu {
            self.first_above_time = None;
            return (packet, false);
        }
        match self.first_above_time {
            None => {
                self.first_above_time = Some(now + AIM.interval);
                (packet, false)
            }
            Some(time) => (packet, now >= time),
        }
    }

    fn dequeue(&mut self, now: Instant) -> Option<Instant> {
        let (mut packet, mut ok_to_drop) = self.dodequeue(now);
        if self.dropping {
            if !ok_to_drop {
                self.dropping = false;
            }
            while self.dropping && now >= self.drop_next.unwrap() {
                let before = std::mem::replace(&mut self.stood, now - packet.unwrap());
                if self.stood < before.mul_f64(FALLING) {
                    self.drop_next = Some(self.control_law(now, self.count));
                    break;
                }
                self.count += 1;
                (packet, ok_to_drop) = self.dodequeue(now);
                if ok_to_drop {
                    self.drop_next = Some(self.control_law(self.drop_next.unwrap(), self.count));
                } else {
                    self.dropping = false;
                }
            }
        } else if ok_to_drop {
            self.stood = now - packet.unwrap();
            (packet, _) = self.dodequeue(now);
            self.dropping = true;
            let delta = self.count - self.lastcount;
            self.count = 1;
            let recent = |next: Instant| now.saturating_duration_since(next) < 16 * AIM.interval;
            if delta > 1 && self.drop_next.is_some_and(recent) {
                self.count = delta;
            }
            self.drop_next = Some(self.control_law(now, self.count));
            self.lastcount = self.count;
        }
        packet
    }
}

/// The same with the state under test, every signal being a drop.
fn dequeue(codel: &mut Codel, packets: &mut VecDeque<Instant>, now: Instant) -> Option<Instant> {
    while let Some(enqueued) = packets.pop_front() {
        if codel.judge(&AIM, now, now - enqueued, packets.len() * PACKET) == Verdict::Deliver {
            return Some(enqueued);
        }
    }
    codel.on_empty();
    None
}

#[test]
fn every_verdict_is_that_of_the_rfc_but_while_the_delay_falls() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut reference = Reference {
            packets: VecDeque::new(),
            first_above_time: None,
            drop_next: None,
            dropping: false,
            count: 0,
            lastcount: 0,
            stood: Duration::ZERO,
        };
        let mut codel = Codel::default();
        let mut packets = VecDeque::new();
        let mut now = start();
        let (mut load, mut dropped) = (1.0, 0);
        for step in 0..50_000 {
            now += Duration::from_micros(random.u64(200..1800));
            if step % 500 == 0 {
                load = random.f64() * 2.0;
            }
            for _ in 0..(load + random.f64()) as usize {
                reference.packets.push_back(now);
                packets.push_back(now);
            }
            let before = packets.len();
            let got = dequeue(&mut codel, &mut packets, now);
            dropped += before - packets.len() - usize::from(got.is_some());
            assert_eq!(got, reference.dequeue(now), "seed {seed}, step {step}");
            assert_eq!(packets, reference.packets, "seed {seed}, step {step}");
        }
        assert!(dropped > 100, "seed {seed} dropped only {dropped}");
    }
}

#[test]
fn delay_above_target_is_tolerated_for_one_interval() {
    let mut codel = Codel::default();
    let start = start();
    for at in 0..100 {
        assert_eq!(codel.judge(&AIM, start + millis(at), millis(50), 100_000), Verdict::Deliver);
    }
    assert_eq!(codel.judge(&AIM, start + millis(100), millis(50), 100_000), Verdict::Signal);
}

/// How many signals are given in half a second to a flow that waits so long, in ms, at each time, in ms.
fn signals(delay: impl Fn(u64) -> f64) -> usize {
    let mut codel = Codel::default();
    let start = start();
    let mut judge = |at: u64| {
        let delay = Duration::from_secs_f64(delay(at) / 1e3);
        codel.judge(&AIM, start + millis(at), delay, 100_000) == Verdict::Signal
    };
    (0..500).filter(|at| judge(*at)).count()
}

#[test]
fn a_delay_that_falls_is_left_to_fall() {
    assert_eq!(signals(|_| 100.0), 7);
    // Halved each 100 ms, it has passed below the target by the end.
    assert_eq!(signals(|at| 100.0 * 0.5_f64.powf(at as f64 / 100.0)), 1);
    // A fall that is too slow to have been an answer is none.
    assert_eq!(signals(|at| 100.0 - at as f64 / 50.0), 7);
}

#[test]
fn one_packet_below_target_starts_the_interval_anew() {
    let mut codel = Codel::default();
    let start = start();
    codel.judge(&AIM, start, millis(50), 100_000);
    codel.judge(&AIM, start + millis(99), millis(4), 100_000);
    for at in 100..200 {
        assert_eq!(codel.judge(&AIM, start + millis(at), millis(50), 100_000), Verdict::Deliver);
    }
}

#[test]
fn the_last_packet_is_never_signalled() {
    let mut codel = Codel::default();
    let start = start();
    for at in 0..1000 {
        let verdict = codel.judge(&AIM, start + millis(at), millis(500), AIM.mtu);
        assert_eq!(verdict, Verdict::Deliver);
    }
}

#[test]
fn signals_come_closer_with_the_root_of_their_number() {
    let mut codel = Codel::default();
    let start = start();
    let signals: Vec<u64> = (0..500)
        .filter(|&at| codel.judge(&AIM, start + millis(at), millis(50), 100_000) == Verdict::Signal)
        .collect();
    // 100 ms until the first, then 100/√1, 100/√2, 100/√3, …, rounded up to whole milliseconds.
    assert_eq!(signals[..5], [100, 200, 271, 329, 379]);
}
