//! Tests of reassembly and of what is reported.

use super::*;

fn report(data: &mut Reassembly) -> Vec<(u64, u64)> {
    let mut blocks = Vec::new();
    data.report(|start, end| blocks.push((start, end)));
    blocks
}

#[test]
fn the_freshest_range_is_reported_first() {
    let mut data = Reassembly::default();
    data.insert(10, 20);
    data.insert(30, 40);
    data.insert(50, 60);
    assert_eq!(report(&mut data), [(50, 60), (30, 40), (10, 20)]);
    data.insert(40, 45);
    assert_eq!(report(&mut data), [(30, 45), (50, 60), (10, 20)]);
    data.insert(20, 30);
    assert_eq!(report(&mut data), [(10, 45), (50, 60)]);
    assert!(data.insert(0, 10).in_order);
    assert_eq!(data.next(), 45);
    assert_eq!(report(&mut data), [(50, 60)]);
}

#[test]
fn what_comes_twice_is_reported_once_and_before_all_else() {
    let mut data = Reassembly::default();
    data.insert(0, 10);
    data.insert(20, 40);
    for (start, end) in [(0, 10), (20, 30)] {
        assert!(data.insert(start, end).duplicate);
        assert_eq!(report(&mut data), [(start, end), (20, 40)]);
        assert_eq!(report(&mut data), [(20, 40)]);
    }
}

#[test]
fn any_order_gives_the_whole() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..200 {
        let mut data = Reassembly::default();
        let mut pieces: Vec<u64> = (0..40).collect();
        random.shuffle(&mut pieces);
        for piece in pieces {
            assert!(!data.insert(piece * 7, piece * 7 + 7).duplicate);
            assert!(data.ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
        assert_eq!((data.next(), data.has_gap()), (280, false));
    }
}

#[test]
fn three_ranges_that_grew_are_to_be_told_before_one_more_does() {
    let mut data = Reassembly::default();
    for (start, crowded) in [(10, false), (30, false), (40, false), (60, true)] {
        data.insert(start, start + 10);
        assert_eq!(data.is_crowded(), crowded, "{start}");
    }
    report(&mut data);
    assert!(!data.is_crowded());
}
