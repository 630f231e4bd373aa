use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::receiver::{Ack, Receiver};
use super::sender::Sender;

const MS: Duration = Duration::from_millis(1);

/// A flow over a link of so many packets per second and a drop-tail queue, in virtual time.
struct Line {
    packets_per_second: u32,
    one_way: Duration,
    queue: usize,
}

/// Packets delivered in ten seconds; `fate` of a packet's number and time may hold it back or lose it.
fn ten_seconds(line: &Line, fate: impl Fn(u64, Duration) -> Option<Duration>) -> (u64, Sender) {
    let start = Instant::now();
    let mut now = start;
    let (mut sender, mut receiver) = (Sender::new(start), Receiver::default());
    let mut there: Vec<(Instant, u64)> = Vec::new();
    let mut back: VecDeque<(Instant, Ack)> = VecDeque::new();
    let serial = Duration::from_secs(1) / line.packets_per_second;
    let (mut free_at, mut delivered) = (start, 0);
    while now < start + 10_000 * MS {
        sender.handle_timeout(now);
        while let Some(number) = sender.poll_send(now) {
            let queued = free_at.saturating_duration_since(now).as_secs_f64() / serial.as_secs_f64();
            let Some(held) = fate(number, now - start) else { continue };
            if queued < line.queue as f64 {
                free_at = free_at.max(now) + serial;
                there.push((free_at + line.one_way + held, number));
            }
        }
        there.sort_unstable();
        while let Some((at, number)) = there.first().copied().filter(|(at, _)| *at <= now) {
            there.remove(0);
            delivered += u64::from(receiver.handle_packet(number, at));
        }
        if let Some(ack) = receiver.poll_ack(now) {
            back.push_back((now + line.one_way, ack.clone()));
        }
        while back.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, ack)) = back.pop_front() {
                sender.handle_ack(&ack, now);
            }
        }
        now += MS / 4;
    }
    (delivered, sender)
}

const LINE: Line = Line { packets_per_second: 4_000, one_way: Duration::from_millis(10), queue: 200 };

#[test]
fn a_flow_fills_a_line() {
    let (delivered, sender) = ten_seconds(&LINE, |_, _| Some(Duration::ZERO));
    assert!(delivered > 36_000, "{delivered} of 40000, {} lost", sender.lost());
}

#[test]
fn packets_that_overtake_two_others_are_no_loss() {
    // Every tenth packet comes as late as two of its followers.
    let late = |number: u64, _| Some(if number.is_multiple_of(10) { 6 * MS } else { Duration::ZERO });
    let wide = Line { packets_per_second: 400, one_way: 50 * MS, queue: 100_000 };
    let (_, sender) = ten_seconds(&wide, late);
    assert_eq!(sender.lost(), 0);
}

#[test]
fn reordering_beyond_three_packets_costs_speed() {
    let late = |number: u64, _| Some(if number.is_multiple_of(100) { 5 * MS } else { Duration::ZERO });
    let (delivered, sender) = ten_seconds(&LINE, late);
    let (in_order, _) = ten_seconds(&LINE, |_, _| Some(Duration::ZERO));
    assert!(sender.lost() > 10, "{}", sender.lost());
    assert!(delivered < in_order / 2, "{delivered} of {in_order}");
}

#[test]
fn a_flow_goes_on_after_everything_in_flight_was_lost() {
    let outage = 1_000 * MS..1_500 * MS;
    let (delivered, _) = ten_seconds(&LINE, |_, at| (!outage.contains(&at)).then_some(Duration::ZERO));
    assert!(delivered > 20_000, "{delivered}");
}

#[test]
fn a_packet_counts_once() {
    let mut receiver = Receiver::default();
    let now = Instant::now();
    for (number, new) in [(0, true), (2, true), (2, false), (1, true), (0, false), (7, true), (6, true)] {
        assert_eq!(receiver.handle_packet(number, now), new, "{number}");
    }
    assert_eq!(receiver.poll_ack(now).map(|ack| ack.ranges.clone()), Some(vec![(6, 7), (0, 2)]));
}

#[test]
fn an_acknowledgement_survives_the_wire() {
    let ack = Ack { ranges: vec![(6, 7), (0, 2)] };
    let mut bytes = Vec::new();
    ack.encode(&mut bytes);
    assert_eq!(Ack::decode(&bytes), Some(ack));
    assert_eq!(Ack::decode(&bytes[..15]), None);
    assert_eq!(Ack::decode(b""), None);
}

#[test]
fn the_first_packet_of_a_pair_waits_for_the_second() {
    let mut receiver = Receiver::default();
    let now = Instant::now();
    receiver.handle_packet(0, now);
    assert!(receiver.poll_ack(now).is_none());
    receiver.handle_packet(1, now);
    assert!(receiver.poll_ack(now).is_some());
    receiver.handle_packet(2, now);
    assert!(receiver.poll_ack(now + 24 * MS).is_none());
    assert!(receiver.poll_ack(now + 25 * MS).is_some());
}
