use super::write;
use crate::bench::results::tests::run;

#[test]
fn every_profile_has_its_plots() {
    let results = run(&[("tandem", &[50.0], &[Some(3.0)]), ("direct", &[47.0], &[None])]);
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &results).unwrap();
    for plot in ["goodput-two-equal.svg", "carrier-two-equal.svg"] {
        let text = std::fs::read_to_string(directory.path().join(plot)).unwrap();
        assert!(text.starts_with("<svg") && text.contains("tandem") && text.contains("direct"), "{text}");
    }
    assert!(!directory.path().join("blackhole-two-equal.svg").exists());
}
