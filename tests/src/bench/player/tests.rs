use std::time::Duration;

use tandem_sim::profile::named;

use super::{Change, Timeline};
use crate::link::LinkConfig;

#[test]
fn a_profile_without_events_has_nothing_to_play() {
    assert!(Timeline::of(&named("two-equal").unwrap()).is_empty());
}

#[test]
fn what_happens_again_and_again_happens_within_a_period() {
    let timeline = Timeline::of(&named("nat-rebinding").unwrap());
    let times: Vec<u64> = timeline.steps.iter().map(|step| step.at.as_secs()).collect();
    assert_eq!((times, timeline.period), (vec![3, 33], Duration::from_secs(35)));
}

#[test]
fn a_trace_changes_the_rates_of_its_link_in_steps() {
    let timeline = Timeline::of(&named("train").unwrap());
    let red: Vec<_> = timeline.steps.iter().filter(|step| step.link == "red").collect();
    assert_eq!(red.len(), 30);
    let Change::Rates(up, down) = red[1].change else { panic!("{:?}", red[1]) };
    let mut config = LinkConfig::default();
    super::set_rates(&mut config, up, down);
    assert_eq!((config.up.rate_bps, config.down.rate_bps), (Some(10_000_000), Some(35_000_000)));
    assert!(timeline.steps.is_sorted_by_key(|step| step.at));
}
