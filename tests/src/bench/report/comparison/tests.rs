use super::text;
use crate::bench::results::tests::run;

#[test]
fn only_what_differs_by_more_than_a_tenth_is_listed() {
    let earlier = run(&[("tandem", &[50.0], &[]), ("direct", &[50.0], &[Some(10.0)])]);
    let now = run(&[("tandem", &[46.0], &[]), ("direct", &[40.0], &[Some(10.0)])]);
    let told = text(&now, &earlier);
    assert!(told.contains("2 of 3 medians are within 10 %"), "{told}");
    assert!(told.contains("| direct |") && !told.contains("| tandem |"), "{told}");
}

#[test]
fn never_and_a_number_differ() {
    let (earlier, now) = (run(&[("tandem", &[], &[None])]), run(&[("tandem", &[], &[Some(1.0)])]));
    assert!(text(&now, &earlier).contains("| never | 1.00 |"));
    assert!(text(&earlier, &earlier).contains("1 of 1"));
}
