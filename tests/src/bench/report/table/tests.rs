use super::markdown;
use crate::bench::results::tests::run;

#[test]
fn the_best_figure_is_bold_and_has_its_spread_and_its_share_of_the_limit() {
    let results = run(&[("tandem", &[50.0, 52.0, 51.0], &[]), ("direct", &[47.0, 47.0, 47.0], &[])]);
    let text = markdown(&results);
    assert!(text.contains("| **51.0 (50.0–52.0) [57 %]** | 47.0 [52 %] |"), "{text}");
    assert!(text.contains("| openvpn | skipped: not there |"), "{text}");
    assert!(text.contains("1.2 % of the processors' time") && text.contains("; 3 measurements"), "{text}");
}

#[test]
fn a_defeat_is_shown_like_a_victory() {
    let results = run(&[
        ("tandem", &[], &[None, None, Some(4.0)]),
        ("direct", &[], &[Some(30.0), Some(31.0), Some(32.0)]),
    ]);
    let text = markdown(&results);
    assert!(text.contains("| never (4.00–never) | **31.0 (30.0–32.0)** |"), "{text}");
}

#[test]
fn equals_are_not_bold_and_what_was_not_taken_is_a_dash() {
    let results = run(&[("tandem", &[50.0], &[]), ("direct", &[50.0], &[Some(1.0)])]);
    let text = markdown(&results);
    assert!(text.contains("| 50.0 [56 %] | 50.0 [56 %] |") && text.contains("| – | 1.00 |"), "{text}");
}

#[test]
fn what_was_repeated_more_often_and_what_did_not_settle_is_marked() {
    let mut results = run(&[
        ("tandem", &[50.0, 50.0, 51.0, 90.0, 50.0], &[]),
        ("direct", &[47.0, 47.0, 47.5, 47.0], &[]),
        ("mptcp", &[47.0, 47.0, 47.0], &[]),
    ]);
    results.most_repetitions = 9;
    let text = markdown(&results);
    assert!(
        text.contains("| **~50.0 (50.0–90.0) ×5 [56 %]** | 47.0 (47.0–47.5) ×4 [52 %] | ~47.0 [52 %] |"),
        "{text}"
    );
    assert!(
        text.contains("repeated up to 9 times") && text.contains("1 of 3 figures have settled"),
        "{text}"
    );
}
