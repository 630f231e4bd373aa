use std::collections::BTreeMap;
use std::time::Duration;

use super::{Course, SLOT, busier, longest_pause, recovery, slot};
use crate::link::LinkConfig;
use crate::world::LinkSpec;

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

/// Samples of a transfer that has this speed, in bytes per slot, from these moments on.
fn speeds(steps: &[(Duration, u64)]) -> Vec<u64> {
    let speed = |at| steps.iter().rev().find(|(from, _)| *from <= at).map_or(0, |(_, speed)| *speed);
    (0..slot(COURSE.end)).map(|number| speed(SLOT * number as u32)).collect()
}

fn recovers_within(samples: &[u64], least: Duration, most: Duration) {
    let took = recovery(samples, COURSE).unwrap();
    assert!((least..=most).contains(&took), "{took:?}");
}

#[test]
fn recovery_ends_where_full_speed_begins() {
    recovers_within(&samples(&[(3_000 * MS, 7_000 * MS)]), 950 * MS, 1_000 * MS);
    let half_as_fast = speeds(&[(Duration::ZERO, 1_000), (3_000 * MS, 500), (8_000 * MS, 1_000)]);
    recovers_within(&half_as_fast, 1_950 * MS, 2_000 * MS);
}

#[test]
fn a_ramp_ends_in_its_middle() {
    // From half of the speed to nine tenths in eight steps of a quarter of a second.
    let ramp = (0..8).map(|step| ((6_000 + 250 * step) * MS, 500 + u64::from(step) * 50 + 25));
    let steps =
        [(Duration::ZERO, 1_000), (3_000 * MS, 500)].into_iter().chain(ramp).chain([(8_000 * MS, 1_000)]);
    recovers_within(&speeds(&steps.collect::<Vec<_>>()), 950 * MS, 1_050 * MS);
}

#[test]
fn speed_that_wavers_around_nine_tenths_has_recovered() {
    let mut samples = speeds(&[(Duration::ZERO, 1_000), (3_000 * MS, 500), (7_000 * MS, 905)]);
    recovers_within(&samples, 950 * MS, 1_000 * MS);
    samples[slot(7_000 * MS)..].fill(895);
    recovers_within(&samples, 1_000 * MS, 1_100 * MS);
}

#[test]
fn what_never_slowed_down_has_nothing_to_recover_from() {
    assert_eq!(recovery(&samples(&[]), COURSE), Some(Duration::ZERO));
}

#[test]
fn a_transfer_that_ends_at_the_speed_of_the_outage_never_recovers() {
    let samples = speeds(&[(Duration::ZERO, 1_000), (3_000 * MS, 500), (6_000 * MS, 600)]);
    assert_eq!(recovery(&samples, COURSE), None);
}

#[test]
fn a_transfer_that_broke_has_no_figures() {
    assert_eq!(longest_pause(&[], COURSE), None);
    assert_eq!(recovery(&[], COURSE), None);
}

#[test]
fn of_links_that_are_as_busy_the_better_one_dies() {
    let link = |name: &str, metric| LinkSpec::new(name, name, LinkConfig::default(), metric);
    let links = [link("second", 101), link("first", 100)];
    let dies = |second: u64, first: u64| {
        let carried = BTreeMap::from([("second".to_owned(), second), ("first".to_owned(), first)]);
        busier(&links, &carried).unwrap()
    };
    assert_eq!(dies(100, 95), "first");
    assert_eq!(dies(100, 70), "second");
    assert_eq!(dies(70, 100), "first");
    assert_eq!(busier(&[], &BTreeMap::new()), None);
}
