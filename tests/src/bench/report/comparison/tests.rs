use super::text;
use crate::bench::profile;
use crate::bench::results::tests::run;
use crate::bench::results::{Metric, Reading, Results};

/// A run with one figure on one profile.
fn one(profile: &str, resolution: f64, value: f64) -> Results {
    let mut results = run(&[]);
    let profile = profile::all().into_iter().find(|one| one.name == profile).unwrap();
    let metric = Metric::lower("extra", "sent beyond the payload", "%").resolving(resolution);
    results.add(&profile, "tandem", Reading::of(metric, Some(value)));
    results
}

#[test]
fn only_what_differs_by_more_than_a_tenth_is_listed() {
    let earlier = run(&[("tandem", &[50.0], &[]), ("direct", &[50.0], &[Some(10.0)])]);
    let now = run(&[("tandem", &[46.0], &[]), ("direct", &[40.0], &[Some(10.0)])]);
    let told = text(&now, &earlier);
    assert!(told.contains("of 3 medians on shaped profiles, 2 are within 10 %"), "{told}");
    assert!(told.contains("| direct |") && !told.contains("| tandem |"), "{told}");
}

#[test]
fn never_and_a_number_differ() {
    let (earlier, now) = (run(&[("tandem", &[], &[None])]), run(&[("tandem", &[], &[Some(1.0)])]));
    assert!(text(&now, &earlier).contains("| never | 1.00 |"));
    assert!(text(&earlier, &earlier).contains("of 1 medians on shaped profiles, 1 are"));
}

#[test]
fn what_a_figure_cannot_tell_apart_is_no_difference() {
    let told = |resolution, then, now| {
        text(&one("two-equal", resolution, now), &one("two-equal", resolution, then)).contains("| tandem |")
    };
    assert!(!told(0.1, 0.2, 0.3), "as far apart as the resolution");
    assert!(told(0.1, 0.2, 0.31));
    assert!(told(0.0, 0.2, 0.3));
    assert!(!told(0.0, 9.0, 10.0), "a tenth of the larger one");
}

#[test]
fn shaped_and_unshaped_profiles_are_counted_apart() {
    let (mut then, mut now) = (one("two-equal", 0.0, 1.0), one("two-equal", 0.0, 1.0));
    then.rows.extend(one("unshaped", 0.0, 1.0).rows);
    now.rows.extend(one("unshaped", 0.0, 2.0).rows);
    let told = text(&now, &then);
    assert!(told.contains("of 1 medians on shaped profiles, 1 are"), "{told}");
    assert!(told.contains("of 1 medians on unshaped links, 0 are"), "{told}");
    assert!(told.contains("| unshaped | tandem |"), "{told}");
}
