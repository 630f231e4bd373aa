//! A whole tunnel in virtual time: what a user relies on, link by link.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tandem_sim::World;
use tandem_sim::host::udp;

use crate::common::{connected, downward, links, ms, numbers, stream, two_links, upward, world};

fn mbit(got: &[(Instant, u64)], time: Duration) -> f64 {
    got.len() as f64 * 1400.0 * 8.0 / 1e6 / time.as_secs_f64()
}

fn longest_gap(got: &[(Instant, u64)]) -> Duration {
    got.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap_or_default()
}

#[test]
fn a_tunnel_comes_up_with_a_path_over_each_link() {
    let mut world = connected(&two_links());
    assert_eq!(world.paths_up(), 2);
    assert!(world.age() < ms(700), "{:?}", world.age());
}

#[test]
fn packets_go_both_ways_unchanged() {
    let mut world = connected(&two_links());
    let up = upward(1420, 1);
    let down = downward(1420, 2);
    world.laptop_sends(up.clone());
    world.server_sends(down.clone());
    world.run_for(ms(200));
    assert_eq!(world.server_got[0].packet, up);
    assert_eq!(world.laptop_got[0].packet, down);
}

#[test]
fn bulk_gets_the_sum_of_the_links() {
    for upward in [true, false] {
        let mut world = connected(&two_links());
        stream(&mut world, 80, ms(2000), upward);
        let (_, got) = stream(&mut world, 80, ms(5000), upward);
        let rate = mbit(&got, ms(5000));
        assert!(rate > 0.9 * 70.0, "{rate:.1} of 70 Mbit/s, upward {upward}: {}", world.story());
    }
}

#[test]
fn nothing_arrives_twice_and_nothing_that_was_not_sent() {
    let mut world = connected(&two_links());
    let (sent, got) = stream(&mut world, 40, ms(3000), true);
    let unique: HashSet<u64> = got.iter().map(|(_, number)| *number).collect();
    assert_eq!(unique.len(), got.len());
    assert!(got.iter().all(|(_, number)| *number < sent));
    assert!(got.len() as u64 >= sent * 99 / 100, "{} of {sent}", got.len());
}

#[test]
fn a_link_that_says_goodbye_loses_nothing_that_its_queue_held() {
    let mut world = connected(&two_links());
    stream(&mut world, 15, ms(1000), true);
    // 30 ms of packets, and half of them still under way when the link goes.
    for number in 0..40 {
        world.laptop_sends(upward(1400, number));
    }
    world.run_for(ms(15));
    world.link_down(0);
    world.run_for(ms(500));
    let arrived: HashSet<u64> = numbers(&world.server_got).into_iter().collect();
    assert_eq!(arrived.len(), 40, "{:?}", world.client.counters());
    assert_eq!(world.paths_up(), 1);
}

/// Design trap 1: the acknowledgements of all paths ride on one. If it dies without a word, everything
/// stalls for good unless both ends take it out of use.
#[test]
fn a_link_that_dies_silently_is_survived_in_both_directions() {
    for (dead, upward) in [(0, true), (0, false), (1, true), (1, false)] {
        let mut world = connected(&two_links());
        stream(&mut world, 15, ms(2000), upward);
        world.blackhole(dead, true);
        let began = world.now();
        let (_, got) = stream(&mut world, 15, ms(4000), upward);
        let first = got.first().map(|(at, _)| *at - began);
        let gap = longest_gap(&got);
        assert!(
            gap < ms(600) && first.is_some_and(|first| first < ms(600)),
            "{dead} {upward}: {gap:?} {first:?}"
        );
        let late: Vec<_> = got.iter().filter(|(at, _)| *at > began + ms(2000)).copied().collect();
        assert!(mbit(&late, ms(2000)) > 13.0, "{dead} {upward}: {:.1}", mbit(&late, ms(2000)));
    }
}

#[test]
fn a_link_that_returns_is_used_again_within_two_seconds() {
    let mut world = connected(&two_links());
    stream(&mut world, 15, ms(1000), true);
    world.blackhole(0, true);
    stream(&mut world, 15, ms(5000), true);
    assert_eq!(world.paths_up(), 1);
    world.blackhole(0, false);
    let took = world.run_until(ms(5000), |world| world.paths_up() == 2);
    assert!(took < ms(2000), "{took:?}");
    world.link_down(1);
    world.run_for(ms(1000));
    world.link_up(1);
    let took = world.run_until(ms(5000), |world| world.paths_up() == 2);
    assert!(took < ms(2000), "{took:?}");
}

#[test]
fn a_first_link_that_is_dead_costs_no_time() {
    let mut alone = connected(&links(&[(20, 30)]));
    let baseline = alone.age();
    let mut world = world(&two_links());
    world.blackhole(0, true);
    world.link_up(0);
    world.link_up(1);
    world.client.connect(world.now());
    let took = world.run_until(ms(5000), |world| world.client.is_up());
    assert!(took <= baseline + ms(20), "{took:?} against {baseline:?}");
    assert_eq!(alone.paths_up(), 1);
}

#[test]
fn packets_of_full_size_pass_where_one_path_is_narrow() {
    let mut profile = two_links();
    profile.link[1].both.mtu = Some(1280);
    let mut world = connected(&profile);
    for number in 0..200 {
        world.laptop_sends(upward(1420, number));
        world.server_sends(downward(1420, number));
        world.run_for(ms(5));
    }
    world.run_for(ms(500));
    assert_eq!(world.server_got.len(), 200);
    assert_eq!(world.laptop_got.len(), 200);
    assert!(world.server_got.iter().all(|got| got.packet.len() == 1420));
}

#[test]
fn when_every_link_dies_and_one_returns_the_tunnel_goes_on() {
    let mut world = connected(&two_links());
    stream(&mut world, 10, ms(1000), true);
    world.blackhole(0, true);
    world.blackhole(1, true);
    world.run_for(ms(5000));
    world.blackhole(1, false);
    world.run_until(ms(3000), |world| world.paths_up() >= 1);
    stream(&mut world, 10, ms(1000), true);
    let (sent, got) = stream(&mut world, 10, ms(1000), true);
    assert!(got.len() as u64 >= sent * 99 / 100, "{} of {sent}", got.len());
}

/// Traffic both ways that fills the links, as an upload and its acknowledgements do: queues make answers late, and
/// the two ends notice the silence at different times. When packets arrived, at each end.
fn busy_both_ways(world: &mut World, up: f64, down: f64, time: Duration) -> [Vec<Instant>; 2] {
    let end = world.now() + time;
    let [up, down] = [up, down].map(|mbit| udp::Source::interval(1400, mbit));
    let mut next = [world.now(); 2];
    while world.now() < end {
        while next[0] <= world.now() {
            world.laptop_sends(upward(1400, 0));
            next[0] += up;
        }
        while next[1] <= world.now() {
            world.server_sends(downward(1400, 0));
            next[1] += down;
        }
        world.step(next[0].min(next[1]).min(end));
    }
    [&mut world.server_got, &mut world.laptop_got]
        .map(|got| std::mem::take(got).into_iter().map(|got| got.at).collect())
}

#[test]
fn a_silent_death_under_full_load_is_survived_at_any_moment() {
    for (up, down) in [(80.0, 2.0), (2.0, 80.0), (60.0, 60.0)] {
        for (dead, phase) in (0..8_u64).map(|number| ((number % 2) as usize, number)) {
            let mut profile = two_links();
            for link in &mut profile.link {
                link.both.loss = Some(if phase < 4 { 0.0 } else { 0.02 });
            }
            let mut world = connected(&profile);
            busy_both_ways(&mut world, up, down, ms(1500 + 37 * phase));
            world.blackhole(dead, true);
            let began = world.now();
            for times in busy_both_ways(&mut world, up, down, ms(2500)) {
                let first = times.first().map_or(ms(2500), |first| *first - began);
                let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
                assert!(gap.max(first) < ms(600), "{up}/{down}, link {dead}, {phase}: {gap:?} {first:?}");
            }
        }
    }
}
