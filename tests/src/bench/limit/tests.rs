use super::{Limit, SLOT, WARM_UP, best_rate};
use crate::bench::profile;
use crate::traffic::Direction;

#[test]
fn the_best_two_seconds_count_and_not_the_warm_up() {
    // Slots of 5 ms: the warm-up and two seconds at 8 Mbit/s, two at 4, two at 6.
    let warm_up = (WARM_UP.as_millis() / SLOT.as_millis()) as usize;
    let samples: Vec<u64> = [(warm_up + 400, 5_000), (400, 2_500), (400, 3_750)]
        .iter()
        .flat_map(|(slots, bytes)| std::iter::repeat_n(*bytes, *slots))
        .collect();
    assert!((best_rate(&samples) - 8e6).abs() < 1.0, "{}", best_rate(&samples));
    assert!((best_rate(&samples[400..]) - 6e6).abs() < 1.0);
    assert!(best_rate(&samples[..warm_up + 390]) <= 0.0);
}

#[test]
fn a_limit_is_a_share_of_all_links_together() {
    let limit = Limit { down: 0.9, up: 0.8 };
    let profiles = profile::all();
    let of = |name: &str, way| limit.of(profiles.iter().find(|one| one.name == name).unwrap(), way);
    assert_eq!(of("two-equal", Direction::Download), Some(90.0));
    assert_eq!(of("two-equal", Direction::Upload), Some(80.0));
    assert_eq!(of("train", Direction::Upload), None);
}
