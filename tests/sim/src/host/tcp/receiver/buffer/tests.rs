//! Tests of the window's growth.

use super::super::super::config::Open;
use super::*;

const MSS: u64 = 1448;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

fn buffer(now: Instant, change: impl Fn(&mut TcpConfig)) -> Buffer {
    let (a, b) = ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:2".parse().unwrap());
    let mut config = TcpConfig::new(a, b, Open::Passive, now);
    change(&mut config);
    Buffer::new(now, &config, MSS as u16, Some(ms(50)))
}

/// The window after so many segments a round trip, which double each time.
fn after(rounds: u32, buffer: &mut Buffer, start: Instant) -> u64 {
    let mut next = 0;
    for round in 0..rounds {
        let now = start + ms(50) * round;
        for _ in 0..10 << round {
            next += MSS;
            buffer.take_segment(now, MSS, next);
        }
    }
    buffer.offer(next)
}

#[test]
fn it_keeps_ahead_of_slow_start_up_to_half_the_memory() {
    let start = Instant::now();
    for rounds in 2..12 {
        let window = after(rounds, &mut buffer(start, |_| {}), start);
        let needed = (MSS * (10 << rounds)).min(3 << 20);
        assert!(window >= needed.min(INITIAL_WINDOW) && window <= 3 << 20, "{rounds}: {window}");
        if rounds < 8 {
            assert!(window + MSS >= MSS * (10 << (rounds - 1)), "{rounds}: {window}");
        }
    }
}

#[test]
fn unread_data_closes_it_and_reading_opens_it_again() {
    let start = Instant::now();
    let mut buffer = buffer(start, |config| config.read_rate = Some(100_000));
    let mut next = 0;
    while next + MSS <= buffer.edge() {
        next += MSS;
        buffer.take_segment(start, MSS, next);
        buffer.offer(next);
    }
    assert!(buffer.edge() - next < MSS);
    let told = (1..100).find(|&tick| buffer.read(start + ms(10 * tick), next)).unwrap();
    assert!(buffer.offer(next) >= 2 * MSS);
    assert!(told < 20, "{told}");
}

#[test]
fn the_edge_never_moves_back() {
    let start = Instant::now();
    let mut buffer = buffer(start, |config| config.read_rate = Some(1));
    let mut edge = 0;
    for i in 1..40 {
        buffer.take_segment(start, MSS, i * MSS);
        buffer.offer(i * MSS);
        assert!(buffer.edge() >= edge);
        edge = buffer.edge();
    }
}
