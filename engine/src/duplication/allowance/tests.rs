use std::time::Duration;

use super::*;
use crate::testing::start;

const RATE: u64 = 1_000_000;
const MTU: u64 = 1200;

/// Bytes of copies that go out in 10 s of 1000 packets/s, of 500 bytes each.
fn taken(allowance: &mut Allowance, carried: u64, is_metered: bool, duplication: &Duplication) -> u64 {
    let begin = start();
    let mut taken = 0;
    for step in 0..10_000 {
        let now = begin + Duration::from_millis(step);
        allowance.carried(carried);
        if allowance.take(now, 500, (RATE, MTU), is_metered, duplication) {
            taken += 500;
        }
    }
    taken
}

#[test]
fn copies_take_their_share_of_what_a_path_could_carry() {
    let taken = taken(&mut Allowance::new(start()), 0, false, &Duplication::default());
    // 2.5 MB, and the burst that any path may begin with.
    assert!((2_490_000..=2_515_000).contains(&taken), "{taken}");
}

#[test]
fn copies_take_no_more_than_their_share_of_what_a_metered_path_carries() {
    let taken = taken(&mut Allowance::new(start()), 1000, true, &Duplication::default());
    assert!((499_000..=500_000).contains(&taken), "{taken} of 10 MB");
}

#[test]
fn a_metered_path_that_carries_nothing_carries_no_copy() {
    assert_eq!(taken(&mut Allowance::new(start()), 0, true, &Duplication::default()), 0);
}

#[test]
fn without_a_share_nothing_is_affordable_on_a_metered_path() {
    let duplication = Duplication { metered_share: 0, ..Duplication::default() };
    assert_eq!(taken(&mut Allowance::new(start()), 1000, true, &duplication), 0);
}
