use super::*;

const BURST: u64 = 64 << 10;

#[test]
fn the_budget_bounds_what_is_sent_again_to_its_share() {
    let mut budget = Budget::full(BURST * 10);
    while budget.spend(1400, 100) {}
    let mut again = 0;
    for _ in 0..1000 {
        budget.earn(1400);
        again += u64::from(budget.spend(1400, 100));
    }
    assert_eq!(again, 100);
}

#[test]
fn a_budget_that_was_not_used_lets_out_one_burst() {
    let mut budget = Budget::full(BURST * 10);
    budget.earn(100 << 20);
    let mut again = 0;
    while budget.spend(1000, 100) {
        again += 1000;
    }
    assert_eq!(again, BURST / 1000 * 1000);
}

#[test]
fn an_empty_budget_never_lets_out_more_than_its_share() {
    let mut budget = Budget::empty(1 << 20);
    let (mut sent, mut again) = (0, 0);
    for _ in 0..1000 {
        budget.earn(1400);
        sent += 1400;
        if budget.spend(210, 50) {
            again += 210;
        }
        assert!(again * 20 <= sent, "{again} of {sent}");
    }
    assert!(again * 20 > sent * 99 / 100, "{again} of {sent}");
}

#[test]
fn no_share_lets_out_nothing() {
    assert!(!Budget::full(1 << 20).spend(1, 0));
}
