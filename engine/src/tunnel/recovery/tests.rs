use super::*;

#[test]
fn the_budget_bounds_what_is_sent_again_to_its_share() {
    let mut budget = Budget::default();
    while budget.spend(1400) {}
    let mut again = 0;
    for _ in 0..1000 {
        budget.earn(1400);
        again += u64::from(budget.spend(1400));
    }
    assert_eq!(again, 100);
}

#[test]
fn a_budget_that_was_not_used_lets_out_one_burst() {
    let mut budget = Budget::default();
    budget.earn(100 << 20);
    let mut again = 0;
    while budget.spend(1000) {
        again += 1000;
    }
    assert_eq!(again, BURST / 1000 * 1000);
}
