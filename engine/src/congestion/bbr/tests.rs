//! BBR against a link in virtual time: a rate, a delay, a queue, losses.

use std::collections::VecDeque;

use super::*;
use crate::testing::start;

const MTU: u64 = 1400;

/// What one packet took.
struct Packet {
    pn: u64,
    sent: Instant,
    arrives: Instant,
    lost: bool,
}

/// A sender with `offered` bytes/s to send, and a link that carries `rate` bytes/s.
struct Bench {
    bbr: Bbr,
    now: Instant,
    rate: u64,
    delay: Duration,
    queue: Duration,
    /// One packet in so many is lost, queue or not. 0: none.
    loss: u64,
    offered: Option<u64>,
    link_free: Instant,
    flight: VecDeque<Packet>,
    pn: u64,
    tokens: u64,
    budget: u64,
    delivered: u64,
    dropped: u64,
    /// Longest wait in the link's queue since it was last asked for.
    waited: Duration,
}

impl Bench {
    fn new(rate: u64, delay_ms: u64, queue_ms: u64) -> Self {
        let now = start();
        Self {
            bbr: Bbr::new(now, MTU as u16, 7),
            now,
            rate,
            delay: Duration::from_millis(delay_ms),
            queue: Duration::from_millis(queue_ms),
            loss: 0,
            offered: None,
            link_free: now,
            flight: VecDeque::new(),
            pn: 0,
            tokens: 0,
            budget: 0,
            delivered: 0,
            dropped: 0,
            waited: Duration::ZERO,
        }
    }

    fn in_flight(&self) -> u64 {
        self.flight.len() as u64 * MTU
    }

    /// Bytes/s delivered over the next `ms`.
    fn run(&mut self, ms: u64) -> u64 {
        const TICK: Duration = Duration::from_micros(250);
        let before = self.delivered;
        let end = self.now + Duration::from_millis(ms);
        self.waited = Duration::ZERO;
        while self.now < end {
            self.now += TICK;
            self.acknowledge();
            self.tokens = (self.tokens + bytes_in(self.bbr.pacing_rate(), TICK)).min(10 * MTU);
            self.budget = match self.offered {
                Some(rate) => self.budget.min(20 * MTU) + bytes_in(rate, TICK),
                None => u64::MAX,
            };
            self.send();
        }
        (self.delivered - before) * 1000 / ms
    }

    fn acknowledge(&mut self) {
        let mut any = false;
        let mut lost = Vec::new();
        while self.flight.front().is_some_and(|packet| packet.arrives <= self.now) {
            let packet = self.flight.pop_front().unwrap();
            if packet.lost {
                lost.push(packet.pn);
                continue;
            }
            self.bbr.on_acked(self.now, packet.pn, packet.sent, MTU);
            self.delivered += MTU;
            any = true;
        }
        if any {
            self.bbr.on_ack_end(self.now, self.in_flight());
        }
        for pn in lost {
            self.bbr.on_lost(self.now, pn, MTU);
        }
    }

    fn send(&mut self) {
        while self.in_flight() + MTU <= self.bbr.window() && self.tokens >= MTU {
            if self.budget < MTU {
                self.bbr.on_app_limited();
                return;
            }
            self.budget -= MTU;
            self.tokens -= MTU;
            self.bbr.on_sent(self.now, self.pn, MTU);
            let wait = self.link_free.saturating_duration_since(self.now);
            let lost = wait > self.queue || (self.loss > 0 && self.pn.is_multiple_of(self.loss));
            let leaves = if wait > self.queue {
                self.now + wait
            } else {
                self.waited = self.waited.max(wait);
                self.link_free =
                    self.link_free.max(self.now) + crate::path::pacer::duration_of(MTU, self.rate);
                self.link_free
            };
            self.dropped += u64::from(lost);
            self.flight.push_back(Packet { pn: self.pn, sent: self.now, arrives: leaves + self.delay, lost });
            self.pn += 1;
        }
    }
}

/// Whether a rate is within so many percent of another.
fn near(got: u64, want: u64, percent: u64) -> bool {
    got.abs_diff(want) * 100 <= want * percent
}

/// Links of which all is to be used: rate in bytes/s, round trip in ms.
const LINKS: [(u64, u64); 4] = [(12_500_000, 25), (37_500_000, 10), (2_500_000, 60), (625_000, 30)];

#[test]
fn a_link_is_filled_within_a_second_and_stays_full_with_a_short_queue() {
    for (rate, delay) in LINKS {
        let mut bench = Bench::new(rate, delay, 100);
        bench.run(1000);
        let got = bench.run(10_000);
        assert!(near(got, rate, 3), "{got} of {rate} bytes/s");
        let allowed = Duration::from_millis(delay / 2 + 8) + crate::path::pacer::duration_of(6 * MTU, rate);
        assert!(bench.waited <= allowed, "{:?} in the queue of {rate} bytes/s", bench.waited);
        assert!(near(bench.bbr.bandwidth().unwrap(), rate, 6), "{:?}", bench.bbr.bandwidth());
    }
}

#[test]
fn a_link_that_carries_calls_stays_full_with_hardly_a_queue() {
    for (rate, delay) in LINKS {
        let mut bench = Bench::new(rate, delay, 100);
        bench.bbr.set_calls(true);
        bench.run(1000);
        let got = bench.run(10_000);
        assert!(near(got, rate, 3), "{got} of {rate} bytes/s");
        let allowed = Duration::from_millis(delay / 4 + 4) + crate::path::pacer::duration_of(6 * MTU, rate);
        assert!(bench.waited <= allowed, "{:?} in the queue of {rate} bytes/s", bench.waited);
    }
}

#[test]
fn a_link_that_became_faster_is_filled_soon() {
    let mut bench = Bench::new(2_500_000, 20, 100);
    bench.run(5000);
    bench.rate = 5_000_000;
    bench.run(3000);
    let got = bench.run(2000);
    assert!(near(got, 5_000_000, 5), "{got}");
}

#[test]
fn a_link_that_became_slower_has_a_short_queue_again_soon() {
    let mut bench = Bench::new(5_000_000, 20, 400);
    bench.run(5000);
    bench.rate = 1_250_000;
    bench.run(3000);
    let got = bench.run(3000);
    assert!(near(got, 1_250_000, 5), "{got}");
    assert!(bench.waited < Duration::from_millis(40), "{:?}", bench.waited);
}

#[test]
fn losses_without_a_queue_do_not_slow_it_down() {
    for loss in [100, 30, 20] {
        let mut bench = Bench::new(5_000_000, 20, 100);
        bench.loss = loss;
        bench.run(2000);
        let got = bench.run(5000);
        let want = 5_000_000 - 5_000_000 / loss;
        assert!(near(got, want, 5), "{got} of {want} with one lost in {loss}");
    }
}

#[test]
fn a_short_queue_that_overflows_is_respected() {
    let mut bench = Bench::new(5_000_000, 40, 4);
    bench.run(3000);
    let (sent, dropped) = (bench.pn, bench.dropped);
    let got = bench.run(10_000);
    assert!(got > 4_250_000, "{got}");
    let share = (bench.dropped - dropped) as f64 / (bench.pn - sent) as f64;
    assert!(share < 0.03, "{share}");
}

#[test]
fn a_trickle_does_not_make_a_known_path_slow() {
    let mut bench = Bench::new(5_000_000, 20, 100);
    bench.run(3000);
    bench.offered = Some(100_000);
    bench.run(20_000);
    assert!(near(bench.bbr.bandwidth().unwrap(), 5_000_000, 6), "{:?}", bench.bbr.bandwidth());
    bench.offered = None;
    assert!(near(bench.run(500), 5_000_000, 10));
}

#[test]
fn a_trickle_beside_a_queue_of_the_way_back_does_not_make_a_new_path_slow() {
    let mut bench = Bench::new(5_000_000, 20, 100);
    bench.offered = Some(100_000);
    bench.run(300);
    bench.delay = Duration::from_millis(60);
    bench.run(2000);
    bench.delay = Duration::from_millis(20);
    bench.run(200);
    bench.offered = None;
    bench.run(300);
    let got = bench.run(300);
    assert!(near(got, 5_000_000, 10), "{got}");
}

#[test]
fn flows_that_fill_a_new_path_by_themselves_do_not_wait_in_its_link() {
    let mut bench = Bench::new(5_000_000, 20, 100);
    // Never more than the pace lets out at once, and a little more than the link carries.
    bench.offered = Some(5_050_000);
    bench.run(1000);
    let got = bench.run(1000);
    assert!(near(got, 5_000_000, 3), "{got}");
    assert!(bench.waited < Duration::from_millis(8), "{:?}", bench.waited);
}

#[test]
fn a_stream_beside_a_queue_of_the_way_back_does_not_make_a_new_path_slow_for_long() {
    let mut bench = Bench::new(12_500_000, 20, 100);
    bench.offered = Some(2_500_000);
    bench.run(500);
    bench.delay = Duration::from_millis(35);
    bench.run(1500);
    (bench.delay, bench.offered) = (Duration::from_millis(20), None);
    bench.run(1500);
    let got = bench.run(1000);
    assert!(near(got, 12_500_000, 10), "{got}");
}

#[test]
fn a_longer_way_is_learned() {
    let mut bench = Bench::new(5_000_000, 10, 100);
    bench.run(5000);
    bench.delay = Duration::from_millis(60);
    bench.run(12_000);
    let got = bench.run(3000);
    assert!(near(got, 5_000_000, 5), "{got}");
    assert!(bench.waited < Duration::from_millis(60), "{:?}", bench.waited);
}

#[test]
fn a_way_that_becomes_longer_costs_no_rate_for_long_beside_calls() {
    // A delay that grows looks like a queue that stands, whatever is drained.
    for (rate, rtt) in LINKS {
        let mut bench = Bench::new(rate, rtt, 100);
        bench.bbr.set_calls(true);
        bench.run(3000);
        bench.delay *= 3;
        bench.run(70 * rtt);
        let got = bench.run(2000);
        assert!(near(got, rate, 15), "{got} of {rate} bytes/s at {} ms", rtt * 3);
    }
}

#[test]
fn marks_count_like_losses() {
    let mut bench = Bench::new(5_000_000, 20, 100);
    bench.run(3000);
    let before = bench.bbr.window();
    bench.bbr.on_marked();
    bench.run(60);
    assert!(bench.bbr.window() < before, "{} and {before}", bench.bbr.window());
}

#[test]
fn losses_that_were_none_are_undone() {
    let mut bench = Bench::new(5_000_000, 20, 100);
    bench.run(3000);
    let before = bench.bbr.model.bandwidth();
    bench.bbr.on_marked();
    bench.run(60);
    bench.bbr.on_spurious_loss();
    assert_eq!(bench.bbr.model.bandwidth(), before.max(bench.bbr.model.bandwidth()));
}

#[test]
fn equal_seeds_probe_at_the_same_times_and_others_do_not() {
    let run = |seed| {
        // With a round trip so long that it is chance, and not 63 rounds, that ends the wait for a probe.
        let mut bench = Bench::new(5_000_000, 60, 100);
        bench.bbr = Bbr::new(bench.now, MTU as u16, seed);
        (0..100).map(|_| (bench.run(100), bench.bbr.pacing_rate())).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
