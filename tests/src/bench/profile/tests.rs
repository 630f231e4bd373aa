use std::collections::BTreeSet;

use super::{UNSHAPED, USUAL, all, better_of, is_shaped};
use crate::traffic::Direction;

#[test]
fn the_usual_profiles_exist() {
    let names: Vec<String> = all().into_iter().map(|profile| profile.name).collect();
    assert!(USUAL.iter().all(|name| names.iter().any(|known| known == name)), "{names:?}");
}

#[test]
fn what_the_lab_cannot_play_is_left_out() {
    assert!(!all().iter().any(|profile| profile.name == "shared-bottleneck"));
}

#[test]
fn links_with_the_same_address_stand_behind_nats() {
    let profiles = all();
    let phones = profiles.iter().find(|profile| profile.name == "same-address").unwrap();
    for link in &phones.links {
        assert_eq!(link.subnet, Some([172, 20, 10]));
        assert!(link.nat_timeout.is_some());
    }
}

#[test]
fn the_benchmark_cuts_no_links_where_the_profile_does_so_itself() {
    for profile in all() {
        let cuts = profile.may_fail_over();
        assert_eq!(cuts, profile.links.len() > 1 && profile.timeline.is_empty(), "{}", profile.name);
    }
}

#[test]
fn the_first_of_equal_links_is_the_better_one_and_a_faster_one_wins() {
    assert_eq!(better_of(&[47.4, 47.5]), 0);
    assert_eq!(better_of(&[20.0, 47.5, 47.0]), 1);
    assert_eq!(better_of(&[]), 0);
}

#[test]
fn the_better_link_alone_keeps_what_happens_to_it() {
    let profiles = all();
    let named = |name: &str| profiles.iter().find(|profile| profile.name == name).unwrap().better_link();
    let satellite = named("starlink-lte");
    assert_eq!((satellite.links.len(), satellite.timeline.is_empty()), (1, false));
    let plain = named("nat-rebinding");
    assert_eq!((plain.links.len(), plain.timeline.is_empty()), (1, true));
    assert!(!plain.may_fail_over());
}

#[test]
fn rates_add_up_where_they_stay() {
    let profiles = all();
    let rate = |name: &str, way| profiles.iter().find(|one| one.name == name).unwrap().rate_bps(way);
    assert_eq!(rate("lossy-wifi-lte", Direction::Upload), Some(60_000_000));
    assert_eq!(rate("lossy-wifi-lte", Direction::Download), Some(70_000_000));
    assert_eq!(rate("train", Direction::Download), None);
    assert_eq!(rate(UNSHAPED, Direction::Download), None);
}

#[test]
fn every_laptop_of_a_crowd_has_a_name_and_links_of_its_own() {
    let profiles = all();
    let crowd = profiles.iter().find(|profile| profile.name == "unshaped-crowd").unwrap();
    let world = crowd.world(1);
    let names: BTreeSet<&str> = world.laptops.iter().map(|laptop| laptop.name.as_str()).collect();
    assert_eq!((names.len(), world.laptops.len()), (8, 8));
    assert!(world.laptops.iter().all(|laptop| laptop.links.len() == 1));
}

#[test]
fn profiles_of_plain_cables_depend_on_the_machine() {
    let (cables, shaped): (Vec<_>, Vec<_>) = all().into_iter().partition(|profile| profile.cable);
    assert!(cables.iter().all(|profile| !is_shaped(&profile.name)));
    assert!(shaped.iter().all(|profile| is_shaped(&profile.name)));
}
