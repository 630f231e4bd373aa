use std::collections::VecDeque;

use super::*;
use crate::host::quic::{ACK_ROOM, Receiver};

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
    let (mut sender, mut receiver) = (Sender::paced(start), Receiver::default());
    let mut there: Vec<(Instant, u64)> = Vec::new();
    let mut back: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
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
            delivered += u64::from(receiver.handle_packet(at, number));
        }
        let mut ack = [0; ACK_ROOM];
        if let Some(length) = receiver.poll_ack(now, &mut ack) {
            back.push_back((now + line.one_way, ack[..length].to_vec()));
        }
        while back.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, ack)) = back.pop_front() {
                sender.handle_ack(now, &ack);
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
    assert!(delivered > 36_000, "{delivered} of 40000, {} lost", sender.stats().lost);
}

#[test]
fn packets_that_overtake_two_others_are_no_loss() {
    // Every tenth packet comes as late as two of its followers.
    let late = |number: u64, _| Some(if number.is_multiple_of(10) { 6 * MS } else { Duration::ZERO });
    let wide = Line { packets_per_second: 400, one_way: 50 * MS, queue: 100_000 };
    let (_, sender) = ten_seconds(&wide, late);
    assert_eq!(sender.stats().lost, 0);
}

#[test]
fn reordering_beyond_three_packets_costs_speed() {
    let late = |number: u64, _| Some(if number.is_multiple_of(100) { 5 * MS } else { Duration::ZERO });
    let (delivered, sender) = ten_seconds(&LINE, late);
    let (in_order, _) = ten_seconds(&LINE, |_, _| Some(Duration::ZERO));
    assert!(sender.stats().lost > 10, "{}", sender.stats().lost);
    assert!(delivered < in_order / 2, "{delivered} of {in_order}");
}

#[test]
fn a_flow_goes_on_after_everything_in_flight_was_lost() {
    let outage = 1_000 * MS..1_500 * MS;
    let (delivered, _) = ten_seconds(&LINE, |_, at| (!outage.contains(&at)).then_some(Duration::ZERO));
    assert!(delivered > 20_000, "{delivered}");
}
