use std::time::Duration;

use super::*;
use crate::link::Burst;

const MS: Duration = Duration::from_millis(1);

fn shape() -> Shape {
    Shape { rate_bps: Some(8_000_000), delay: 10 * MS, queue_bytes: Some(10_000), ..Shape::default() }
}

fn shaper(shape: Shape) -> (Shaper<Vec<u8>>, Instant) {
    let start = Instant::now();
    (Shaper::new(shape, 7, start), start)
}

/// Runs to `until` in steps of 100 µs; the arrival times of all frames, relative to `start`.
fn arrivals(shaper: &mut Shaper<Vec<u8>>, start: Instant, until: Duration) -> Vec<Duration> {
    let mut spare = Vec::new();
    let mut seen = Vec::new();
    for step in 0..until.as_micros() as u32 / 100 {
        let now = start + Duration::from_micros(100) * step;
        shaper.advance(now, &mut spare);
        while shaper.pop(now).is_some() {
            seen.push(now - start);
        }
    }
    seen
}

#[test]
fn a_frame_arrives_after_transmission_and_delay() {
    let (mut shaper, start) = shaper(shape());
    shaper.push(vec![0; 1000], start).unwrap();
    assert_eq!(arrivals(&mut shaper, start, 20 * MS), [11 * MS]);
}

#[test]
fn frames_leave_one_transmission_time_apart() {
    let (mut shaper, start) = shaper(shape());
    for _ in 0..5 {
        shaper.push(vec![0; 1000], start).unwrap();
    }
    assert_eq!(arrivals(&mut shaper, start, 20 * MS), [11 * MS, 12 * MS, 13 * MS, 14 * MS, 15 * MS]);
}

#[test]
fn waking_late_does_not_slow_the_link_down() {
    let (mut shaper, start) = shaper(shape());
    for _ in 0..5 {
        shaper.push(vec![0; 1000], start).unwrap();
    }
    let late = start + 14 * MS;
    shaper.advance(late, &mut Vec::new());
    let count = std::iter::from_fn(|| shaper.pop(late)).count();
    assert_eq!(count, 4);
}

#[test]
fn a_full_queue_drops_its_tail() {
    let (mut shaper, start) = shaper(shape());
    let accepted = (0..20)
        .filter(|_| {
            let taken = shaper.push(vec![0; 1000], start).is_ok();
            shaper.advance(start, &mut Vec::new());
            taken
        })
        .count();
    assert_eq!(accepted, 11, "one in transmission and ten waiting");
    assert_eq!(shaper.counts().queue_drops, 9);
}

#[test]
fn a_rate_change_applies_to_what_waits() {
    let (mut shaper, start) = shaper(shape());
    for _ in 0..3 {
        shaper.push(vec![0; 1000], start).unwrap();
    }
    shaper.advance(start, &mut Vec::new());
    shaper.reshape(start, Shape { rate_bps: Some(80_000_000), ..shape() }, &mut Vec::new());
    let seen = arrivals(&mut shaper, start, 20 * MS);
    assert_eq!(seen[0], 11 * MS, "what is in transmission keeps its rate");
    assert!(seen[2] < Duration::from_micros(11_500), "{seen:?}");
}

#[test]
fn jitter_never_reorders() {
    let (mut shaper, start) = shaper(Shape { jitter: 5 * MS, rate_bps: None, ..shape() });
    for number in 0..50 {
        shaper.push(vec![number], start).unwrap();
    }
    let end = start + 100 * MS;
    shaper.advance(end, &mut Vec::new());
    let order: Vec<u8> = std::iter::from_fn(|| shaper.pop(end)).map(|frame| frame[0]).collect();
    assert_eq!(order, (0..50).collect::<Vec<u8>>());
}

fn loss_of(shape: Shape, frames: u32) -> (f64, f64) {
    let (mut shaper, start) = shaper(Shape { rate_bps: None, delay: Duration::ZERO, ..shape });
    let (mut lost, mut runs, mut last_lost) = (0u32, 0u32, false);
    for _ in 0..frames {
        shaper.push(vec![0; 100], start).unwrap();
        shaper.advance(start, &mut Vec::new());
        let gone = shaper.pop(start).is_none();
        lost += u32::from(gone);
        runs += u32::from(gone && !last_lost);
        last_lost = gone;
    }
    (f64::from(lost) / f64::from(frames), f64::from(lost) / f64::from(runs.max(1)))
}

#[test]
fn random_loss_hits_its_ratio_singly() {
    let (ratio, run) = loss_of(Shape { loss: 0.05, ..shape() }, 100_000);
    assert!((0.045..0.055).contains(&ratio), "{ratio}");
    assert!(run < 1.2, "{run}");
}

#[test]
fn burst_loss_comes_in_runs() {
    let burst = Burst { enter: 0.01, leave: 0.1, loss: 1.0 };
    let (ratio, run) = loss_of(Shape { burst: Some(burst), ..shape() }, 100_000);
    assert!((0.07..0.11).contains(&ratio), "{ratio}");
    assert!(run > 7.0, "{run}");
}

#[test]
fn an_idle_link_has_no_deadline() {
    let (mut shaper, start) = shaper(shape());
    assert_eq!(shaper.deadline(), None);
    shaper.push(vec![0; 1000], start).unwrap();
    shaper.advance(start, &mut Vec::new());
    assert_eq!(shaper.deadline(), Some(start + 11 * MS));
    let mut spare = Vec::new();
    shaper.clear(&mut spare);
    assert_eq!((shaper.deadline(), spare.len()), (None, 1));
}

#[test]
fn at_a_rate_of_zero_everything_waits_and_nothing_is_made_up_for() {
    let (mut shaper, start) = shaper(Shape { rate_bps: Some(0), ..shape() });
    for _ in 0..3 {
        shaper.push(vec![0; 1000], start).unwrap();
    }
    assert_eq!(shaper.deadline(), None);
    assert!(arrivals(&mut shaper, start, 50 * MS).is_empty());
    shaper.reshape(start + 50 * MS, shape(), &mut Vec::new());
    assert_eq!(arrivals(&mut shaper, start, 80 * MS), [61 * MS, 62 * MS, 63 * MS]);
}

#[test]
fn jitter_reorders_where_that_is_asked_for() {
    let shape = Shape { rate_bps: None, jitter: 10 * MS, reorder: true, ..shape() };
    let (mut shaper, start) = shaper(shape);
    for number in 0..100 {
        shaper.push(vec![number], start).unwrap();
    }
    shaper.advance(start, &mut Vec::new());
    let order: Vec<u8> = std::iter::from_fn(|| shaper.pop(start + 20 * MS)).map(|packet| packet[0]).collect();
    assert_eq!(order.len(), 100);
    assert!(!order.is_sorted(), "{order:?}");
}
