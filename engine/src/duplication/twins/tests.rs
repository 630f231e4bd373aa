use super::*;

#[test]
fn a_lost_copy_is_not_sent_again_while_the_other_is_under_way() {
    let mut twins = Twins::default();
    let [first, second] = twins.pair();
    assert!(!twins.lost(second));
    assert!(twins.lost(first), "both are lost now");
}

#[test]
fn nothing_is_sent_again_of_what_has_arrived() {
    let mut twins = Twins::default();
    let [first, second] = twins.pair();
    assert!(!twins.is_delivered(second));
    twins.delivered(first);
    assert!(twins.is_delivered(second));
    assert!(!twins.lost(second));
    assert!(!twins.lost(first), "declared lost although it was not");
}

#[test]
fn the_fates_of_one_pair_are_not_anothers() {
    let mut twins = Twins::default();
    let pairs = [twins.pair(), twins.pair()];
    twins.delivered(pairs[0][0]);
    assert!(!twins.lost(pairs[1][0]));
    assert!(twins.lost(pairs[1][1]));
}

#[test]
fn of_a_forgotten_pair_a_lost_copy_is_sent_again() {
    let mut twins = Twins::default();
    let [first, _] = twins.pair();
    twins.delivered(first);
    for _ in 0..PAIRS {
        twins.pair();
    }
    assert!(!twins.is_delivered(first));
    assert!(twins.lost(first));
}
