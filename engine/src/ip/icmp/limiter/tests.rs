use super::super::super::testing::start;
use super::*;

#[test]
fn a_burst_passes_and_the_rest_is_held_to_the_rate() {
    let start = start();
    let mut limiter = Limiter::new(10, 5);
    let at_once = (0..20).filter(|_| limiter.allow(start)).count();
    assert_eq!(at_once, 5);
    let later = (0..100).filter(|&tenth| limiter.allow(start + Duration::from_millis(10 * tenth))).count();
    assert_eq!(later, 9);
}

#[test]
fn a_rest_fills_the_bucket_no_further_than_its_burst() {
    let start = start();
    let mut limiter = Limiter::new(10, 5);
    assert!(limiter.allow(start));
    let hour_later = start + Duration::from_secs(3600);
    assert_eq!((0..20).filter(|_| limiter.allow(hour_later)).count(), 5);
}

#[test]
fn zero_rates_still_let_one_pass() {
    let mut limiter = Limiter::new(0, 0);
    assert!(limiter.allow(start()));
}
