use super::tail;

#[test]
fn an_error_shows_the_end_of_a_log() {
    let log: String = (0..100).map(|line| format!("{line}\n")).collect();
    assert!(tail(&log).starts_with("88\n") && tail(&log).ends_with("99"));
}
