use super::*;

const LEN: usize = 1400;

fn path(mbit: u64, delay_ms: u64) -> Candidate {
    Candidate {
        tier: Tier::Auto,
        usable: true,
        rate: mbit * 125_000,
        delay: Duration::from_millis(delay_ms),
        skew: Duration::from_millis(delay_ms),
        queued: 0,
        loss: 0.0,
    }
}

/// Queues packets until the scheduler says to wait; how many went on each path.
fn fill(candidates: &mut [Candidate]) -> Vec<usize> {
    let mut counts = vec![0; candidates.len()];
    while let Choice::Path(index) = choose(candidates, LEN, LEN as u64) {
        candidates[index].queued += LEN as u64;
        counts[index] += 1;
        assert!(counts[index] < 10_000, "the scheduler never says to wait");
    }
    counts
}

#[test]
fn without_a_path_there_is_nowhere_to_go() {
    assert_eq!(choose(&[], LEN, 0), Choice::Nowhere);
    let dead = Candidate { usable: false, ..path(50, 5) };
    assert_eq!(choose(&[dead], LEN, 0), Choice::Nowhere);
}

#[test]
fn a_lone_packet_takes_the_path_that_delivers_first() {
    assert_eq!(choose(&[path(20, 30), path(50, 8)], LEN, 0), Choice::Path(1));
    assert_eq!(choose(&[path(100, 40), path(10, 8)], LEN, 0), Choice::Path(1));
}

#[test]
fn the_fast_path_gets_a_lead_as_long_as_it_is_faster() {
    let mut paths = [path(50, 8), path(20, 30)];
    let counts = fill(&mut paths);
    // 22 ms at 50 Mbit/s are about 98 packets; the slow path then holds its 2 ms.
    assert!((90..=112).contains(&counts[0]), "{counts:?}");
    assert!((1..=6).contains(&counts[1]), "{counts:?}");
}

#[test]
fn packets_leave_so_that_they_arrive_in_order() {
    let mut paths = [path(50, 8), path(20, 30)];
    let mut last = Duration::ZERO;
    while let Choice::Path(index) = choose(&paths, LEN, LEN as u64) {
        let arrival = paths[index].arrival(LEN);
        assert!(arrival + Duration::from_micros(600) >= last, "{arrival:?} after {last:?}");
        last = last.max(arrival);
        paths[index].queued += LEN as u64;
    }
}

#[test]
fn a_path_far_too_slow_stays_idle_unless_it_is_always_wanted() {
    let mut paths = [path(50, 8), path(20, 300)];
    assert_eq!(fill(&mut paths)[1], 0);
    let mut paths = [path(50, 8), Candidate { tier: Tier::Always, ..path(20, 300) }];
    assert!(fill(&mut paths)[1] > 0);
}

#[test]
fn a_path_that_loses_every_fifth_packet_stays_idle_while_another_is_clean() {
    let lossy = Candidate { loss: 0.2, ..path(50, 8) };
    assert_eq!(choose(&[lossy, path(20, 30)], LEN, 0), Choice::Path(1));
    assert_eq!(choose(&[lossy], LEN, 0), Choice::Path(0));
}

#[test]
fn a_backup_path_works_only_when_no_other_does() {
    let backup = Candidate { tier: Tier::Backup, ..path(50, 8) };
    assert_eq!(choose(&[backup, path(5, 80)], LEN, 1 << 20), Choice::Path(1));
    let dead = Candidate { usable: false, ..path(5, 80) };
    assert_eq!(choose(&[backup, dead], LEN, 0), Choice::Path(0));
}

#[test]
fn a_secondary_path_helps_once_the_first_ones_are_full() {
    let secondary = Candidate { tier: Tier::Secondary, ..path(50, 2) };
    let primary = path(5, 20);
    assert_eq!(choose(&[primary, secondary], LEN, LEN as u64), Choice::Path(0));
    assert_eq!(choose(&[primary, secondary], LEN, 100_000), Choice::Path(1));
}

#[test]
fn a_path_that_is_never_to_be_used_is_never_used() {
    let never = Candidate { tier: Tier::Never, ..path(50, 2) };
    assert_eq!(choose(&[never], LEN, 1 << 20), Choice::Nowhere);
}

fn usages(candidates: &[Candidate], waiting: u64) -> Vec<Usage> {
    usage(candidates, waiting).collect()
}

#[test]
fn a_path_is_said_to_be_left_out_exactly_where_it_is() {
    let fast = path(50, 8);
    for (other, expected) in [
        (path(20, 300), Usage::TooSlow),
        (Candidate { loss: 0.2, ..path(50, 8) }, Usage::TooLossy),
        (Candidate { tier: Tier::Backup, ..path(50, 8) }, Usage::Standby),
        (Candidate { tier: Tier::Secondary, ..path(50, 8) }, Usage::Standby),
        (Candidate { tier: Tier::Never, ..path(50, 8) }, Usage::Unusable),
        (Candidate { usable: false, ..path(50, 8) }, Usage::Unusable),
        (Candidate { tier: Tier::Always, loss: 0.2, ..path(20, 300) }, Usage::InUse),
        (path(50, 9), Usage::InUse),
    ] {
        let mut paths = [fast, other];
        assert_eq!(usages(&paths, LEN as u64), [Usage::InUse, expected]);
        assert_eq!(fill(&mut paths)[1] > 0, expected == Usage::InUse, "{other:?}");
    }
}

#[test]
fn a_lossy_path_is_in_use_where_none_is_clean_and_a_secondary_one_where_the_first_are_full() {
    let lossy = Candidate { loss: 0.2, ..path(50, 8) };
    assert_eq!(usages(&[lossy, lossy], 0), [Usage::InUse; 2]);
    let secondary = Candidate { tier: Tier::Secondary, ..path(50, 2) };
    assert_eq!(usages(&[path(5, 20), secondary], 100_000), [Usage::InUse; 2]);
    assert_eq!(usages(&[secondary], 0), [Usage::InUse]);
    assert_eq!(usages(&[], 0), []);
}

/// Where a copy goes of a packet whose first copy goes on path 0, if every path may carry it.
fn copy_beside_first(candidates: &[Candidate], with_secondary: bool) -> Option<usize> {
    second(candidates, 0, 160, with_secondary, |_| true)
}

#[test]
fn a_copy_takes_the_path_that_delivers_second() {
    assert_eq!(copy_beside_first(&[path(50, 8), path(20, 60), path(20, 30)], false), Some(2));
    assert_eq!(second(&[path(50, 8), path(20, 60), path(20, 30)], 2, 160, false, |_| true), Some(0));
}

#[test]
fn without_a_second_path_there_is_no_copy() {
    assert_eq!(copy_beside_first(&[path(50, 8)], false), None);
    let dead = Candidate { usable: false, ..path(50, 8) };
    assert_eq!(copy_beside_first(&[path(50, 8), dead], false), None);
    assert_eq!(copy_beside_first(&[], false), None);
}

#[test]
fn a_copy_that_would_come_much_later_is_not_sent() {
    assert_eq!(copy_beside_first(&[path(50, 8), path(50, 150)], false), Some(1));
    assert_eq!(copy_beside_first(&[path(50, 8), path(50, 170)], false), None);
    let busy = Candidate { queued: 1_000_000, ..path(50, 8) };
    assert_eq!(copy_beside_first(&[path(50, 8), busy], false), None, "160 ms are queued there");
}

#[test]
fn a_path_that_cannot_afford_a_copy_is_passed_over() {
    let paths = [path(50, 8), path(50, 10), path(20, 30)];
    let mut asked = Vec::new();
    let affordable = |index| {
        asked.push(index);
        index != 1
    };
    assert_eq!(second(&paths, 0, 160, false, affordable), Some(2));
    assert_eq!(asked, [1, 2]);
    assert_eq!(second(&paths, 0, 160, false, |_| false), None);
}

#[test]
fn paths_as_good_as_each_other_are_each_asked_once() {
    let mut asked = Vec::new();
    let refused = |index| {
        asked.push(index);
        false
    };
    assert_eq!(second(&[path(50, 8), path(50, 8), path(50, 8)], 0, 160, false, refused), None);
    assert_eq!(asked, [1, 2]);
}

#[test]
fn a_copy_goes_on_secondary_links_only_if_that_is_wanted_and_never_on_backup() {
    let with = |tier| [path(50, 8), Candidate { tier, ..path(50, 10) }];
    assert_eq!(copy_beside_first(&with(Tier::Secondary), false), None);
    assert_eq!(copy_beside_first(&with(Tier::Secondary), true), Some(1));
    assert_eq!(copy_beside_first(&with(Tier::Backup), true), None);
    assert_eq!(copy_beside_first(&with(Tier::Never), true), None);
}

#[test]
fn where_only_secondary_links_work_they_carry_copies_and_backup_links_do_not() {
    let both = |tier| [8, 10].map(|delay| Candidate { tier, ..path(50, delay) });
    assert_eq!(copy_beside_first(&both(Tier::Secondary), false), Some(1));
    assert_eq!(copy_beside_first(&both(Tier::Backup), true), None);
}

#[test]
fn a_path_that_loses_much_is_good_enough_for_a_copy() {
    let lossy = Candidate { loss: 0.2, ..path(50, 8) };
    assert_eq!(copy_beside_first(&[path(20, 30), lossy], false), Some(1));
}
