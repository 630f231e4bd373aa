use std::time::Duration;

use super::*;

const SMALL: &str =
    "name = 'small'\nabout = 'x'\n[[link]]\nname = 'a'\nboth = { rate_mbit = 8, delay_ms = 5 }\n";

#[test]
fn every_file_is_in_the_library_under_its_own_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut names: Vec<String> = library().into_iter().map(|profile| profile.name).collect();
    files.sort();
    names.sort();
    assert_eq!(files, names);
    assert!(names.iter().all(|name| named(name).is_some()));
}

#[test]
fn a_direction_says_only_what_is_different() {
    let text = format!("{SMALL}up = {{ rate_mbit = 2, queue_ms = 50 }}\n");
    let link = &Profile::parse(&text).unwrap().link[0];
    let (up, down) = (link.shape(Way::Up), link.shape(Way::Down));
    assert_eq!((up.rate_bps, down.rate_bps), (Some(2_000_000), Some(8_000_000)));
    assert_eq!(up.delay, Duration::from_millis(5));
    assert_eq!((up.queue_bytes, down.queue_bytes), (Some(12_500), None));
}

#[test]
fn what_is_unknown_or_makes_no_sense_is_refused() {
    for wrong in [
        format!("{SMALL}color = 'red'\n"),
        format!("{SMALL}up = {{ rate = 1 }}\n"),
        format!("{SMALL}up = {{ loss = 1.5 }}\n"),
        format!("{SMALL}up = {{ mtu = 100 }}\n"),
        format!("{SMALL}tier = 'sometimes'\n"),
        format!("{SMALL}[[link]]\nname = 'a'\n"),
        format!("{SMALL}[[event]]\nat_ms = 1\nlink = 'b'\n"),
        format!("{SMALL}[[event]]\nat_ms = 1\nevery_ms = 0\nlink = 'a'\n"),
        "name = 'none'\nabout = 'x'\nlink = []\n".to_owned(),
    ] {
        assert!(Profile::parse(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_profile_survives_being_written() {
    for profile in library() {
        assert_eq!(Profile::parse(&profile.to_toml().unwrap()).unwrap(), profile);
    }
}
