//! Tests of when it is acknowledged.

use super::*;

fn settled() -> Acks {
    let mut acks = Acks::new(1000);
    acks.quick = 0;
    acks
}

#[test]
fn the_first_segments_are_acknowledged_one_by_one() {
    let mut acks = Acks::new(1000);
    let now = Instant::now();
    for i in 0..u64::from(QUICK) {
        acks.request(now, Urgency::Progress { unacknowledged: 1000 });
        assert!(acks.take_due(i * 1000));
    }
    acks.request(now, Urgency::Progress { unacknowledged: 1000 });
    assert!(!acks.take_due(20_000));
}

#[test]
fn every_second_segment_is_acknowledged_or_one_after_40_ms() {
    let mut acks = settled();
    let now = Instant::now();
    acks.request(now, Urgency::Progress { unacknowledged: 1000 });
    assert!(!acks.take_due(1000));
    acks.handle_timeout(now + DELAY / 2);
    assert!(!acks.take_due(1000));
    acks.handle_timeout(acks.deadline().unwrap());
    assert!(acks.take_due(1000));
    assert_eq!(acks.deadline(), None);
    acks.request(now, Urgency::Progress { unacknowledged: 2000 });
    assert!(acks.take_due(3000));
}

#[test]
fn behind_a_gap_three_are_told_at_once_and_then_some_together() {
    let mut acks = settled();
    let now = Instant::now();
    let gap = Urgency::Gap { rtt: Some(Duration::from_millis(10)) };
    for _ in 0..UNCOMPRESSED {
        acks.request(now, gap);
        assert!(acks.take_due(0));
    }
    acks.request(now, gap);
    acks.request(now, gap);
    assert!(!acks.take_due(0));
    assert_eq!(acks.deadline(), Some(now + Duration::from_micros(500)));
    let more = (0..100).find(|_| {
        acks.request(now, gap);
        acks.take_due(0)
    });
    assert_eq!(more, Some(MAX_COMPRESSED as usize - 2));
}
