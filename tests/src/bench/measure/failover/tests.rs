use std::time::Duration;

use super::{Course, SLOT, longest_pause, recovery, slot, timeline};

const MS: Duration = Duration::from_millis(1);
const COURSE: Course =
    Course { cut: Duration::from_secs(3), back: Duration::from_secs(6), end: Duration::from_secs(10) };

/// Samples that are zero within the given times.
fn samples(silences: &[(Duration, Duration)]) -> Vec<u64> {
    (0..slot(COURSE.end))
        .map(|number| {
            let at = SLOT * number as u32;
            u64::from(!silences.iter().any(|(from, to)| (*from..*to).contains(&at))) * 1_000
        })
        .collect()
}

#[test]
fn the_longest_pause_after_the_cut_counts() {
    let samples = samples(&[(1_000 * MS, 2_000 * MS), (3_000 * MS, 3_140 * MS), (6_100 * MS, 6_110 * MS)]);
    assert_eq!(longest_pause(&samples, COURSE), Some(140 * MS));
}

#[test]
fn a_flow_that_never_comes_back_pauses_to_the_end() {
    let samples = samples(&[(3_000 * MS, 10_000 * MS)]);
    assert_eq!(longest_pause(&samples, COURSE), Some(7_000 * MS));
    assert_eq!(recovery(&samples, COURSE), None);
}

#[test]
fn recovery_begins_where_full_speed_begins() {
    let samples = samples(&[(3_000 * MS, 7_000 * MS)]);
    let took = recovery(&samples, COURSE).unwrap();
    assert!((945 * MS..=1_000 * MS).contains(&took), "{took:?}");
}

#[test]
fn a_transfer_that_broke_has_no_figures() {
    assert_eq!(longest_pause(&[], COURSE), None);
    assert_eq!(recovery(&[], COURSE), None);
    assert!(timeline(&[], COURSE.end).iter().all(|rate| *rate == 0.0));
}
