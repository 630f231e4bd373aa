use super::{USUAL, all, better_of};

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
