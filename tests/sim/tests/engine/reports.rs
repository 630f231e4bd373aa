//! What both ends say of the paths: it agrees with the links, and one end's word with the other's.

use std::time::Duration;

use tandem_engine::link::Tier;
use tandem_engine::path::{PathReport, Usage};
use tandem_sim::World;
use tandem_sim::profile::{Profile, named};
use tandem_sim::trial::{self, FULL};
use tandem_sim::world::Side;

use crate::common::{connected, links, ms, one_link, two_links};

/// The client's reports and the gateway's, both in the order of the links.
fn reports(world: &mut World) -> [Vec<PathReport>; 2] {
    let now = world.now();
    let client = world.client.paths(now);
    let gateway = world.gateway.peers(now).remove(0).paths;
    let order: Vec<u32> = world
        .links()
        .iter()
        .filter_map(|link| client.iter().find(|path| path.link == link.id).map(|path| path.id))
        .collect();
    [client, gateway].map(|paths| {
        let of = |id: &u32| paths.iter().find(|path| path.id == *id).cloned();
        order.iter().filter_map(of).collect()
    })
}

fn is_near(a: f64, b: f64, part: f64) -> bool {
    (a - b).abs() <= part * a.abs().max(b.abs())
}

/// A world in which `mbit` Mbit/s have gone each way for `time`, and still do.
fn busy(profile: &Profile, [up, down]: [f64; 2], time: Duration) -> World {
    let mut world = connected(profile);
    for (from, mbit, port) in [(Side::Laptop, up, 7000), (Side::Server, down, 7001)] {
        if mbit > 0.0 {
            trial::flow(&mut world, from, FULL, mbit, time * 2, port);
        }
    }
    world.run_for(time);
    world
}

#[test]
fn both_ends_agree_with_each_other_and_with_the_links() {
    let mut world = busy(&two_links(), [80.0, 80.0], ms(4000));
    let before: Vec<[u64; 2]> = world.links().iter().map(|link| [link.up.passed, link.down.passed]).collect();
    world.run_for(ms(2000));
    let passed = world.links().iter().zip(&before);
    let passed: Vec<[u64; 2]> =
        passed.map(|(link, [up, down])| [link.up.passed - up, link.down.passed - down]).collect();
    let [client, gateway] = reports(&mut world);
    assert_eq!((client.len(), gateway.len()), (2, 2));
    for paths in [&client, &gateway] {
        for sum in [
            paths.iter().filter_map(|path| path.tx_share).sum::<f64>(),
            paths.iter().filter_map(|path| path.rx_share).sum(),
        ] {
            assert!((sum - 1.0).abs() < 1e-9, "shares add up to {sum}");
        }
    }
    for (index, (here, there)) in client.iter().zip(&gateway).enumerate() {
        let all = |way: usize| passed.iter().map(|bytes| bytes[way]).sum::<u64>() as f64;
        for (way, (sender, receiver)) in [(here, there), (there, here)].into_iter().enumerate() {
            let share = passed[index][way] as f64 / all(way);
            let (sent, received) = (sender.tx_share.unwrap(), receiver.rx_share.unwrap());
            assert!(
                (sent - share).abs() < 0.05 && (received - share).abs() < 0.05,
                "{sent} {received} {share}"
            );
            let rate = passed[index][way] as f64 / 2.0;
            assert!(is_near(sender.tx_rate as f64, rate, 0.1), "{} of {rate} bytes/s", sender.tx_rate);
            let told = receiver.told.unwrap();
            assert!(told.age <= ms(1100), "{:?} ago", told.age);
            let account = told.account;
            assert!(is_near(account.rate as f64, sender.tx_rate as f64, 0.15), "{account:?} {sender:?}");
            let (estimate, later) = (account.estimated_rate as f64, sender.estimated_rate as f64);
            assert!(is_near(estimate, later, 0.15), "{account:?} {sender:?}");
            assert!(account.lost_packets <= sender.lost_packets, "{account:?} {sender:?}");
            assert_eq!((account.usage, sender.usage), (Usage::InUse, Usage::InUse));
        }
    }
}

#[test]
fn a_delay_difference_is_that_of_the_ways_there() {
    let mut world = busy(&named("asymmetric-delay").unwrap(), [10.0, 10.0], ms(3000));
    for paths in reports(&mut world) {
        assert_eq!(paths[0].delay_difference, Some(Duration::ZERO));
        let slow = paths[1].delay_difference.unwrap();
        assert!(slow.abs_diff(ms(70)) < ms(6), "{slow:?} of 70 ms");
    }
    let mut profile = links(&[(50, 10), (50, 10)]);
    profile.link[1].up.delay_ms = Some(60.0);
    let mut world = busy(&profile, [10.0, 10.0], ms(3000));
    let [client, gateway] = reports(&mut world);
    let (up, down) = (client[1].delay_difference.unwrap(), gateway[1].delay_difference.unwrap());
    assert!(up.abs_diff(ms(50)) < ms(6), "{up:?} of 50 ms on the way up");
    assert!(down < ms(6), "{down:?} of nothing on the way down");
    let told = client[1].told.unwrap().account.delay_difference.unwrap();
    assert!(told.abs_diff(down) < ms(6), "{told:?} told, {down:?} now");
}

#[test]
fn what_a_lossy_link_makes_of_packets_is_counted_at_both_ends() {
    let mut profile = two_links();
    profile.link[1].up.loss = Some(0.03);
    let mut world = busy(&profile, [60.0, 0.0], ms(4000));
    let [client, gateway] = reports(&mut world);
    let (sender, receiver) = (&client[1], &gateway[1]);
    let lost = world.links()[1].up.counts().lost;
    assert!(is_near(sender.lost_packets as f64, lost as f64, 0.1), "{} of {lost} lost", sender.lost_packets);
    assert!((0.015..0.05).contains(&sender.loss), "{}", sender.loss);
    let again: u64 = client.iter().map(|path| path.retransmitted).sum();
    assert!(again > 0 && again >= sender.lost_packets / 2, "{again} sent again of {}", sender.lost_packets);
    assert_eq!(again, world.client.counters().reinjected);
    let told = receiver.told.unwrap().account;
    assert!(is_near(told.lost_packets as f64, sender.lost_packets as f64, 0.4), "{told:?} {sender:?}");
    // What is sent again comes after what left behind it, and that has waited.
    let reordered: u64 = gateway.iter().map(|path| path.reordered).sum();
    let held: u64 = gateway.iter().map(|path| path.held).sum();
    assert!(reordered >= again / 2 && held > reordered, "{reordered} reordered, {held} held, {again} again");
    for (here, there) in client.iter().zip(&gateway) {
        let told = here.told.unwrap().account;
        assert!(told.held <= there.held && told.reordered <= there.reordered, "{told:?} {there:?}");
        assert!(there.held < 50 || told.held > 0, "{told:?} {there:?}");
        assert_eq!((here.held, here.reordered), (0, 0), "nothing went down");
    }
}

/// How the second path is used, as its two senders say and as each was told by the other.
fn usages(world: &mut World) -> [[Usage; 2]; 2] {
    let [client, gateway] = reports(world);
    let told = |path: &PathReport| path.told.map_or(Usage::Unusable, |told| told.account.usage);
    [[client[1].usage, told(&gateway[1])], [gateway[1].usage, told(&client[1])]]
}

#[test]
fn a_path_that_is_left_out_for_its_delay_says_so_at_both_ends() {
    let mut world = busy(&links(&[(50, 8), (20, 300)]), [20.0, 20.0], ms(4000));
    assert_eq!(usages(&mut world), [[Usage::TooSlow; 2]; 2]);
    assert!(reports(&mut world).iter().all(|paths| paths[0].usage == Usage::InUse));
}

#[test]
fn a_path_that_is_left_out_for_its_losses_says_so_at_both_ends() {
    let mut profile = links(&[(50, 8), (50, 10)]);
    profile.link[1].both.loss = Some(0.4);
    // It is tried again as its losses are forgotten, so each end says so from time to time, not both at once.
    for way in 0..2 {
        let mut world = busy(&profile, [80.0, 80.0], ms(10_000));
        for end in 0..2 {
            world.run_until(ms(5000), |world| usages(world)[way][end] == Usage::TooLossy);
        }
    }
}

#[test]
fn a_backup_path_stands_by_until_the_other_fails() {
    let mut profile = two_links();
    profile.link[1].tier = Some("backup".to_owned());
    let mut world = busy(&profile, [5.0, 5.0], ms(3000));
    for paths in reports(&mut world) {
        assert_eq!((paths[1].tier, paths[1].usage), (Tier::Backup, Usage::Standby));
        assert_eq!(paths[1].told.unwrap().account.usage, Usage::Standby);
    }
    world.blackhole(0, true);
    world.run_for(ms(2000));
    for paths in reports(&mut world) {
        assert_eq!((paths[0].usage, paths[1].usage), (Usage::Unusable, Usage::InUse));
    }
}

#[test]
fn an_idle_tunnel_and_a_single_path_tell_nothing() {
    let mut world = busy(&two_links(), [5.0, 0.0], ms(2000));
    // The flow goes on for as long again, and what it ended with is told once, when something wakes the tunnel.
    world.run_for(ms(40_000));
    for paths in reports(&mut world) {
        for path in paths {
            let told = path.told.unwrap();
            assert!(told.age >= ms(30_000), "told {:?} ago", told.age);
            assert_eq!(told.fresh(), None);
        }
    }
    let mut world = busy(&one_link(), [5.0, 5.0], ms(3000));
    for paths in reports(&mut world) {
        assert_eq!(paths[0].told, None);
        assert_eq!((paths[0].tx_share, paths[0].rx_share), (Some(1.0), Some(1.0)));
    }
}
