use std::time::Duration;

use super::PingReport;

#[test]
fn a_quantile_is_one_of_the_round_trips() {
    let round_trips = (1..=100).map(Duration::from_millis).collect();
    let report = PingReport { sent: 100, round_trips };
    assert_eq!(report.quantile(0.5), Some(Duration::from_millis(51)));
    assert_eq!(report.quantile(0.99), Some(Duration::from_millis(99)));
    assert_eq!(report.quantile(1.0), Some(Duration::from_millis(100)));
}

#[test]
fn nothing_that_came_back_has_no_quantile() {
    assert_eq!(PingReport::default().quantile(0.5), None);
}
