use super::super::simulation::{Bottleneck, PACKET, Reno, mean_sojourn, number, packet};
use super::*;
use crate::ip::testing::start;

const MBIT: f64 = 1e6;

fn queue() -> FqCodel {
    FqCodel::new(Config::default())
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Sends a packet of `len` bytes every `period`.
fn steady(flow: u32, len: usize, period: Duration) -> impl FnMut(Instant, &mut FqCodel) {
    let mut due: Option<Instant> = None;
    let mut next = 0;
    move |now, queue| {
        let mut at = due.unwrap_or(now);
        while at <= now {
            queue.push(now, packet(flow, next, len, false), flow);
            next += 1;
            at += period;
        }
        due = Some(at);
    }
}

#[test]
fn a_standing_queue_falls_to_about_the_target() {
    // 50 Mbit/s and 20 ms hold 100 packets; the senders start with four times as many.
    let mut link = Bottleneck::new(queue(), 50.0 * MBIT);
    let mut senders = [0; 4].map(|_| Reno::new(100.0, millis(20), false));
    let first = link.run(millis(100), &mut senders, |_, _| {});
    assert!(mean_sojourn(&first) > millis(30), "there was no standing queue to begin with");
    link.run(Duration::from_secs(10), &mut senders, |_, _| {});
    let settled = link.run(Duration::from_secs(20), &mut senders, |_, _| {});
    assert!(mean_sojourn(&settled) < millis(10), "{:?}", mean_sojourn(&settled));
    let sent: usize = settled.iter().map(|packet| packet.len).sum();
    assert!(sent as f64 * 8.0 / 20.0 > 45.0 * MBIT, "the link fell idle: {sent} bytes in 20 s");
    assert!(link.queue.stats().dropped_delay > 0);
    assert_eq!(link.queue.stats().dropped_full, 0);
}

#[test]
fn a_flow_with_ecn_is_marked_and_never_dropped() {
    let mut link = Bottleneck::new(queue(), 50.0 * MBIT);
    let mut senders = [0; 4].map(|_| Reno::new(100.0, millis(20), true));
    link.run(Duration::from_secs(10), &mut senders, |_, _| {});
    let settled = link.run(Duration::from_secs(20), &mut senders, |_, _| {});
    assert!(mean_sojourn(&settled) < millis(10), "{:?}", mean_sojourn(&settled));
    let stats = link.queue.stats();
    assert!(stats.marked > 10);
    assert_eq!(stats.dropped_delay + stats.dropped_full, 0);
}

#[test]
fn a_burst_shorter_than_the_interval_passes_whole() {
    let mut link = Bottleneck::new(queue(), 10.0 * MBIT);
    // 90 packets at 1 ms each.
    for at in 0..90 {
        link.queue.push(link.now, packet(1, at, PACKET, false), 1);
    }
    let passed = link.run(millis(200), &mut [], |_, _| {});
    assert_eq!(passed.len(), 90);
}

#[test]
fn a_thin_flow_beside_fat_ones_waits_only_for_a_packet_of_each() {
    let mut link = Bottleneck::new(queue(), 20.0 * MBIT);
    let mut senders = [Reno::new(500.0, millis(60), false), Reno::new(500.0, millis(60), false)];
    let passed = link.run(Duration::from_secs(10), &mut senders, steady(77, 200, millis(20)));
    let thin: Vec<_> = passed.into_iter().filter(|packet| packet.flow == 77).collect();
    assert_eq!(thin.len(), 500);
    let worst = thin.iter().map(|packet| packet.sojourn).max().unwrap();
    // Two quanta and a packet at 20 Mbit/s are 2 ms.
    assert!(worst <= millis(3), "{worst:?}");
}

#[test]
fn flows_share_by_bytes_whatever_their_packet_sizes() {
    let mut link = Bottleneck::new(queue(), 10.0 * MBIT);
    let mut small = steady(1, 250, Duration::from_micros(200));
    let mut large = steady(2, 1250, Duration::from_micros(1000));
    let passed = link.run(Duration::from_secs(5), &mut [], |now, queue| {
        small(now, queue);
        large(now, queue);
    });
    let share = |flow| passed.iter().filter(|p| p.flow == flow).map(|p| p.len).sum::<usize>() as f64;
    assert!((0.98..1.02).contains(&(share(1) / share(2))), "{} to {}", share(1), share(2));
}

#[test]
fn an_unresponsive_flood_hurts_only_itself() {
    let mut link = Bottleneck::new(queue(), 20.0 * MBIT);
    let mut senders = [Reno::new(20.0, millis(20), false)];
    let flood = steady(9, PACKET, Duration::from_micros(250)); // 40 Mbit/s
    let passed = link.run(Duration::from_secs(20), &mut senders, flood);
    let polite: usize = passed.iter().filter(|p| p.flow == 0).map(|p| p.len).sum();
    assert!(polite as f64 * 8.0 / 20.0 > 9.0 * MBIT, "{polite} bytes in 20 s");
}

#[test]
fn the_flow_that_fills_the_queue_loses_first() {
    let mut queue = FqCodel::new(Config { limit_packets: 100, ..Config::default() });
    let now = start();
    for at in 0..5 {
        queue.push(now, packet(1, at, PACKET, false), 1);
    }
    for at in 0..200 {
        queue.push(now, packet(2, at, PACKET, false), 2);
    }
    assert_eq!(queue.len(), 100);
    assert_eq!(queue.stats().dropped_full, 105);
    let left: Vec<_> = std::iter::from_fn(|| queue.pop(now)).collect();
    let of = |flow| left.iter().filter(move |q| q.flow_hash == flow).map(number).collect::<Vec<_>>();
    assert_eq!(of(1), (0..5).collect::<Vec<_>>());
    assert_eq!(of(2), (105..200).collect::<Vec<_>>(), "the oldest go first");
}

#[test]
fn the_limit_holds_in_bytes_too() {
    let mut queue = FqCodel::new(Config { limit_bytes: 10_000, ..Config::default() });
    for at in 0..50 {
        queue.push(start(), packet(at as u32, at, 1000, false), at as u32);
        assert!(queue.bytes() <= 10_000);
    }
    assert_eq!((queue.len(), queue.bytes()), (10, 10_000));
}

#[test]
fn one_flow_keeps_its_order() {
    let mut queue = queue();
    let now = start();
    for at in 0..100 {
        queue.push(now, packet(1, at, PACKET, false), 1);
        queue.push(now, packet(2, at, 100, false), 2);
    }
    let mut seen = [0, 0, 0];
    while let Some(queued) = queue.pop(now) {
        let flow = queued.flow_hash as usize;
        assert_eq!(number(&queued), seen[flow]);
        seen[flow] += 1;
    }
    assert_eq!(seen, [0, 100, 100]);
}

#[test]
fn a_packet_given_back_is_the_next() {
    let mut queue = queue();
    let now = start();
    for at in 0..4 {
        queue.push(now, packet(1, at, 100 + at as usize, false), 1);
    }
    let first = queue.pop(now).unwrap();
    let second = queue.pop(now).unwrap();
    queue.unpop(second);
    queue.unpop(first);
    assert_eq!((queue.len(), queue.bytes()), (4, 406));
    assert_eq!(queue.peek_len(now), Some(100));
    let numbers: Vec<_> = std::iter::from_fn(|| queue.pop(now)).map(|q| number(&q)).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert_eq!(queue.stats().delivered, 4, "a packet counts once, however often it comes back");
}

#[test]
fn looking_ahead_takes_nothing_away() {
    let mut queue = queue();
    let now = start();
    assert_eq!(queue.peek_len(now), None);
    queue.push(now, packet(1, 0, 333, false), 1);
    assert_eq!(queue.peek_len(now), Some(333));
    assert_eq!(queue.peek_len(now), Some(333));
    assert_eq!((queue.len(), queue.is_empty()), (1, false));
    assert_eq!(number(&queue.pop(now).unwrap()), 0);
    assert!(queue.is_empty() && queue.pop(now).is_none());
}

#[test]
fn a_slow_link_gets_a_target_that_its_packets_can_meet() {
    let mut queue = FqCodel::new(Config { mtu: 1250, ..Config::default() });
    queue.adapt(1_000_000, Duration::ZERO);
    assert_eq!((queue.aim.target, queue.aim.interval), (millis(15), millis(110)));
    queue.adapt(1_000_000_000, Duration::ZERO);
    assert_eq!((queue.aim.target, queue.aim.interval), (millis(5), millis(100)));
    queue.adapt(0, Duration::ZERO);
    assert_eq!((queue.aim.target, queue.aim.interval), (millis(5), millis(100)));
}

#[test]
fn a_queue_before_long_paths_may_stand_for_as_much_longer() {
    let dropped_after = |rtt, time| {
        let mut queue = queue();
        queue.adapt(1_000_000_000, rtt);
        let began = start();
        for at in 0..20 {
            queue.push(began, packet(1, at, 1400, false), 1);
        }
        queue.pop(began + millis(60));
        queue.pop(began + millis(60) + time);
        queue.stats().dropped_delay
    };
    assert_eq!(dropped_after(Duration::ZERO, millis(110)), 1);
    assert_eq!(dropped_after(millis(200), millis(290)), 0);
    assert_eq!(dropped_after(millis(200), millis(310)), 1);
}

#[test]
fn a_delay_of_a_quarter_of_the_round_trip_is_tolerated() {
    let dropped_at = |rtt, delay| {
        let mut queue = queue();
        queue.adapt(1_000_000_000, rtt);
        let began = start();
        // Each packet waits for as long as the one before it.
        for at in 0..400 {
            queue.push(began + millis(at), packet(1, at, 1400, false), 1);
            if at >= delay {
                queue.pop(began + millis(at));
            }
        }
        queue.stats().dropped_delay
    };
    assert!(dropped_at(Duration::ZERO, 10) > 0);
    assert_eq!(dropped_at(millis(40), 10), 0);
    assert!(dropped_at(millis(40), 20) > 0);
}

#[test]
fn a_queue_that_stands_since_a_path_went_is_excused_for_a_while() {
    let dropped_by = |time| {
        let (mut queue, began) = (queue(), start());
        queue.excuse(began);
        let mut now = began;
        while now < began + time {
            queue.push(now, packet(1, 0, 1400, false), 1);
            queue.push(now, packet(1, 0, 1400, false), 1);
            queue.pop(now);
            now += millis(10);
        }
        queue.stats().dropped_delay
    };
    assert_eq!(dropped_by(millis(200)), 0);
    assert!(dropped_by(millis(250)) > 0);
}

#[test]
fn memory_is_given_back_only_when_nothing_is_held() {
    let mut queue = queue();
    let now = start();
    queue.push(now, packet(1, 0, 100, false), 1);
    queue.release_memory();
    assert_eq!(queue.len(), 1);
    queue.pop(now);
    queue.release_memory();
    assert!(queue.flows.is_empty());
    queue.push(now, packet(1, 1, 100, false), 1);
    assert_eq!(number(&queue.pop(now).unwrap()), 1);
}

#[test]
fn counts_add_up_over_random_use() {
    let mut random = fastrand::Rng::with_seed(11);
    let mut queue = FqCodel::new(Config { limit_packets: 300, limit_bytes: 200_000, ..Config::default() });
    let mut now = start();
    let mut outside = Vec::new();
    for at in 0..100_000 {
        now += Duration::from_micros(random.u64(..400));
        match random.u8(..10) {
            0..=5 => {
                let flow = random.u32(..40);
                queue.push(now, packet(flow, at, random.usize(40..1500), random.bool()), flow);
            }
            6..=8 => outside.extend(queue.pop(now)),
            _ => outside.pop().into_iter().for_each(|queued| queue.unpop(queued)),
        }
        let stats = queue.stats();
        let gone = stats.dropped_delay + stats.dropped_full + outside.len() as u64;
        assert_eq!(stats.pushed, gone + queue.len() as u64);
    }
    let stats = queue.stats();
    assert!(stats.marked > 0 && stats.dropped_delay > 0 && stats.dropped_full > 0, "{stats:?}");
}
