use super::*;

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

#[test]
fn the_least_of_late_is_the_base() {
    let start = crate::testing::start();
    let mut base = BaseRtt::new(start);
    assert_eq!(base.get(), None);
    base.sample(start, ms(30));
    base.sample(start + ms(10), ms(20));
    base.sample(start + ms(20), ms(50));
    assert_eq!(base.get(), Some(ms(20)));
}

#[test]
fn an_old_minimum_is_forgotten_after_two_windows() {
    let start = crate::testing::start();
    let mut base = BaseRtt::new(start);
    base.sample(start, ms(20));
    base.sample(start + ms(11_000), ms(60));
    assert_eq!(base.get(), Some(ms(20)));
    base.sample(start + ms(22_000), ms(60));
    assert_eq!(base.get(), Some(ms(60)));
}

#[test]
fn after_a_change_nothing_is_believed_until_it_shows() {
    let start = crate::testing::start();
    let mut base = BaseRtt::new(start);
    base.sample(start, ms(38));
    base.reset(start + ms(100));
    base.sample(start + ms(200), ms(45));
    assert_eq!(base.get(), None);
    base.sample(start + ms(700), ms(60));
    assert_eq!(base.get(), Some(ms(60)));
}
