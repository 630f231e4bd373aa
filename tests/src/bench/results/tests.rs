use std::collections::BTreeMap;

use super::{Metric, Reading, Results};
use crate::bench::profile;

/// A system, and its goodputs and pauses in each repetition.
type Figures<'a> = (&'a str, &'a [f64], &'a [Option<f64>]);

/// A run of such systems on one profile.
pub(in crate::bench) fn run(values: &[Figures<'_>]) -> Results {
    let profiles = profile::all();
    let profile = profiles.iter().find(|profile| profile.name == "two-equal").unwrap();
    let mut results = Results {
        schema: super::SCHEMA,
        date: "2026-11-22T20:00:00Z".to_owned(),
        seconds: 60,
        machine: crate::bench::machine::Machine::here(),
        load_after: 1.0,
        ticks: None,
        stolen: 0.012,
        disturbed: 3,
        repetitions: 3,
        most_repetitions: 3,
        seconds_per_measure: 8,
        most_seconds_per_measure: 8,
        profiles: [(profile.name.clone(), profile.summary.clone())].into(),
        limits: BTreeMap::from([(profile.name.clone(), [90.0, 80.0])]),
        systems: Vec::new(),
        skipped: [("openvpn".to_owned(), "not there".to_owned())].into(),
        rows: Vec::new(),
        failures: Vec::new(),
    };
    for (system, goodput, recovery) in values {
        results.found(system, "1.0");
        for value in *goodput {
            let metric = Metric::higher("tcp_down_4_cubic", "TCP down, 4 flows, cubic", "Mbit/s");
            results.add(profile, system, Reading::of(metric, Some(*value)));
        }
        for value in *recovery {
            let metric = Metric::lower("carrier_pause_tcp", "carrier off: longest pause of TCP", "ms");
            results.add(profile, system, Reading::of(metric, *value).with_timeline(vec![1.0, 0.0, 2.0]));
        }
    }
    results
}

#[test]
fn the_median_is_of_all_repetitions_whatever_their_order() {
    let results = run(&[("tandem", &[3.0, 1.0, 2.0], &[])]);
    let row = &results.rows[0];
    assert_eq!((row.least, row.median, row.most), (Some(1.0), Some(2.0), Some(3.0)));
}

#[test]
fn never_is_worse_than_any_number() {
    let results = run(&[("tandem", &[], &[None, Some(5.0), None])]);
    let row = &results.rows[0];
    assert_eq!((row.least, row.median, row.most), (Some(5.0), None, None));
}

#[test]
fn a_figure_settles_with_its_fourth_sample_if_they_agree() {
    let three = run(&[("tandem", &[50.0, 50.0, 51.0], &[])]);
    assert_eq!((three.rows[0].settled, three.rows[0].interval), (false, None));
    let four = run(&[("tandem", &[50.0, 50.0, 51.0, 49.0], &[None, None, Some(1.0), Some(1.0)])]);
    assert_eq!((four.rows[0].settled, four.rows[0].interval), (true, Some([Some(49.0), Some(51.0)])));
    assert_eq!((four.rows[1].settled, four.rows[1].interval), (false, Some([Some(1.0), None])));
}

#[test]
fn a_percentile_is_that_of_the_events_of_all_repetitions_and_its_spread_that_of_each() {
    let mut results = run(&[]);
    let profile = profile::all().into_iter().find(|profile| profile.name == "two-equal").unwrap();
    for events in [vec![1.0, 5.0, 3.0], vec![9.0, 7.0, 8.0]] {
        let metric = Metric::lower("ping_p50", "ping", "ms");
        results.add(&profile, "tandem", Reading::percentile(metric, 0.6, events));
    }
    let row = &results.rows[0];
    assert_eq!(row.samples, [Some(3.0), Some(8.0)], "each repetition's own");
    assert_eq!((row.least, row.median, row.most), (Some(3.0), Some(7.0), Some(8.0)));
}

#[test]
fn a_percentile_of_no_events_is_never() {
    let mut results = run(&[]);
    let profile = profile::all().into_iter().find(|profile| profile.name == "two-equal").unwrap();
    let metric = Metric::lower("ping_p99", "ping", "ms");
    results.add(&profile, "tandem", Reading::percentile(metric, 0.99, Vec::new()));
    assert_eq!((results.rows[0].samples.as_slice(), results.rows[0].median), ([None].as_slice(), None));
}

#[test]
fn a_run_survives_json() {
    let results = run(&[("tandem", &[1.5], &[None])]);
    let text = serde_json::to_string(&results).unwrap();
    let again: Results = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn goodput_of_tcp_has_a_limit_and_nothing_else_has() {
    let results = run(&[("tandem", &[45.0], &[Some(5.0)])]);
    assert_eq!(results.limit_of(&results.rows[0]), Some(90.0));
    assert_eq!(results.limit_of(&results.rows[1]), None);
}
