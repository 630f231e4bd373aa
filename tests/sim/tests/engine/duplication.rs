//! Packets of calls in two copies: what a call notices of links that die or lose, and what that costs.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tandem_engine::class::Class;
use tandem_engine::link::Tier;
use tandem_sim::host::tcp::Algorithm;
use tandem_sim::host::udp::{Sink, Source};
use tandem_sim::profile::Profile;
use tandem_sim::trial::{self, Flow};
use tandem_sim::world::Side;
use tandem_sim::{World, WorldOptions, profile};

use crate::common::{CALL_PORT, SECOND, connected, counters, links, ms, one_link, rule, two_links, with};

/// A call sends this often.
const INTERVAL: Duration = Duration::from_millis(20);

/// Packets sent twice by client and gateway.
fn duplicated(world: &mut World) -> [u64; 2] {
    counters(world).map(|counters| counters.duplicated)
}

/// Packets of a flow sent before `end` that never arrived.
fn missing(world: &World, flow: &Flow, end: Instant) -> Vec<u64> {
    let got: HashSet<u64> = world.endpoint::<Sink>(flow.sink).got.iter().map(|(_, number)| *number).collect();
    let sent = world.endpoint::<Source>(flow.source).sent.iter().zip(0..);
    sent.filter(|(at, number)| **at < end && !got.contains(number)).map(|(_, number)| number).collect()
}

/// How a link goes.
#[derive(Debug, Clone, Copy)]
enum End {
    Silence,
    Carrier,
}

/// The longest gap in a call, up and down, after the faster of two links, which carries most, went during bulk from a
/// side.
fn gaps_when_the_busier_link_goes(end: End, bulk: Side, seed: u64) -> [Duration; 2] {
    let profile = profile::named("fast-and-lte").expect("it is in the library");
    let mut world = World::connected(&profile, WorldOptions { seed, ..WorldOptions::default() });
    trial::add_tcp(&mut world, bulk, 4, Algorithm::Cubic);
    let call = trial::call(&mut world, 6 * SECOND, CALL_PORT);
    // At another moment of the call and of what congestion control does, each time.
    world.run_for(4 * SECOND + ms(7) * (seed as u32 - 1));
    let passed = world.links().iter().map(|link| link.up.passed + link.down.passed);
    assert_eq!(passed.enumerate().max_by_key(|(_, passed)| *passed).map(|(link, _)| link), Some(0));
    let began = world.now();
    match end {
        End::Silence => world.blackhole(0, true),
        End::Carrier => world.link_down(0),
    }
    world.run_for(SECOND);
    trial::check(&mut world);
    let until = world.now();
    call.map(|flow| {
        let missing = missing(&world, &flow, until - ms(200));
        assert!(missing.is_empty(), "{end:?}, bulk from {bulk:?}, seed {seed}: {missing:?} were lost");
        world.endpoint::<Sink>(flow.sink).longest_pause(began - INTERVAL, until)
    })
}

/// The other link takes 10 ms longer, and may have 5 ms of queue.
#[test]
fn a_call_beside_bulk_does_not_notice_that_the_busier_link_falls_silent() {
    for (bulk, seed) in
        [(Side::Laptop, 1), (Side::Server, 1), (Side::Laptop, 3), (Side::Server, 3), (Side::Server, 6)]
    {
        let gaps = gaps_when_the_busier_link_goes(End::Silence, bulk, seed);
        assert!(gaps.iter().all(|gap| *gap <= INTERVAL + ms(10 + 5)), "bulk from {bulk:?}, {seed}: {gaps:?}");
    }
}

#[test]
fn a_call_beside_bulk_does_not_notice_that_the_busier_link_loses_its_carrier() {
    for (bulk, seed) in [(Side::Laptop, 1), (Side::Server, 2)] {
        let gaps = gaps_when_the_busier_link_goes(End::Carrier, bulk, seed);
        assert!(gaps.iter().all(|gap| *gap <= INTERVAL + ms(10 + 5)), "bulk from {bulk:?}, {seed}: {gaps:?}");
    }
}

/// Two links that lose packets at random.
fn lossy_links(loss: f64) -> Profile {
    let mut profile = links(&[(50, 10), (20, 20)]);
    profile.link.iter_mut().for_each(|link| link.both.loss = Some(loss));
    profile
}

#[test]
fn what_one_link_loses_of_a_call_has_come_over_the_other() {
    let slow = [false, true].map(|realtime| {
        let mut world = connected(&lossy_links(0.05));
        with(&mut world, |duplication| duplication.realtime = realtime);
        let call = trial::call(&mut world, 12 * SECOND, CALL_PORT);
        world.run_for(13 * SECOND);
        trial::check(&mut world);
        // Until it is known for a call, it is sent once.
        let begin = world.now() - 10 * SECOND;
        let delays = call.map(|flow| trial::delays(&world, &flow, begin));
        let [up, down] = delays.map(|delays| delays.iter().filter(|delay| **delay > ms(30)).count());
        up + down
    });
    // 1 of 20 is lost; of those sent twice, 1 of 400.
    assert!(slow[0] >= 20 && slow[1] <= 8, "{slow:?} of 900 came late, without and with copies");
}

#[test]
fn a_copy_that_is_lost_is_sent_again_only_if_the_other_is_lost_as_well() {
    let mut world = connected(&lossy_links(0.05));
    trial::call(&mut world, 22 * SECOND, CALL_PORT);
    world.run_for(2 * SECOND);
    let before = counters(&mut world);
    world.run_for(20 * SECOND);
    for (before, after) in before.iter().zip(counters(&mut world)) {
        let (lost, again) = (after.lost - before.lost, after.reinjected - before.reinjected);
        assert!(lost > 50 && again <= 12, "{lost} of 2000 were lost, {again} sent again");
    }
}

#[test]
fn each_packet_of_a_call_is_sent_twice_and_arrives_once() {
    let mut world = connected(&two_links());
    let call = trial::call(&mut world, 5 * SECOND, CALL_PORT);
    world.run_for(6 * SECOND);
    trial::check(&mut world);
    for flow in call {
        let got = &world.endpoint::<Sink>(flow.sink).got;
        let unique: HashSet<u64> = got.iter().map(|(_, number)| *number).collect();
        assert_eq!((got.len(), unique.len()), (250, 250));
    }
    let [client, gateway] = counters(&mut world);
    for (from, to) in [(client, gateway), (gateway, client)] {
        // Until it is known for a call, it is sent once.
        assert!((150..=250).contains(&from.duplicated), "{from:?}");
        assert_eq!(to.duplicates, from.duplicated, "all the second copies were dropped");
    }
    let now = world.now();
    let of_paths: u64 = world.client.paths(now).iter().map(|path| path.duplicated).sum();
    assert_eq!(of_paths, client.duplicated);
}

#[test]
fn over_one_path_nothing_is_sent_twice() {
    let mut world = connected(&one_link());
    trial::call(&mut world, 3 * SECOND, CALL_PORT);
    world.run_for(4 * SECOND);
    assert_eq!(duplicated(&mut world), [0, 0]);
}

#[test]
fn the_clients_switch_governs_both_directions_at_once() {
    let mut world = connected(&two_links());
    with(&mut world, |duplication| duplication.realtime = false);
    trial::call(&mut world, 10 * SECOND, CALL_PORT);
    world.run_for(3 * SECOND);
    assert_eq!(duplicated(&mut world), [0, 0]);
    with(&mut world, |_| {});
    world.run_for(2 * SECOND);
    let on = duplicated(&mut world);
    assert!(on.iter().all(|duplicated| *duplicated >= 90), "{on:?} of 100");
    with(&mut world, |duplication| duplication.realtime = false);
    world.run_for(ms(200));
    let off = duplicated(&mut world);
    world.run_for(2 * SECOND);
    assert_eq!(duplicated(&mut world), off);
}

#[test]
fn only_calls_are_sent_twice() {
    let mut world = connected(&two_links());
    for (from, port) in [(Side::Laptop, 7000), (Side::Server, 7001)] {
        trial::flow(&mut world, from, trial::FULL, 20.0, 3 * SECOND, port);
    }
    world.run_for(4 * SECOND);
    assert_eq!(duplicated(&mut world), [0, 0]);
}

/// A call over a good link and one of another tier: copies up and down.
fn copies_beside(tier: Tier, secondary: bool) -> [u64; 2] {
    let mut world = World::new(&two_links(), WorldOptions::default());
    world.link_mut(1).tier = tier;
    world.connect();
    with(&mut world, |duplication| duplication.secondary = secondary);
    trial::call(&mut world, 4 * SECOND, CALL_PORT);
    world.run_for(5 * SECOND);
    duplicated(&mut world)
}

#[test]
fn a_secondary_link_carries_copies_if_that_is_wanted_and_a_backup_link_never() {
    assert_eq!(copies_beside(Tier::Secondary, false), [0, 0]);
    let wanted = copies_beside(Tier::Secondary, true);
    assert!(wanted.iter().all(|duplicated| *duplicated >= 100), "{wanted:?} of 200");
    assert_eq!(copies_beside(Tier::Backup, true), [0, 0]);
}

/// Copies on the metered link and all that left there, bytes of UDP payload, up and down, where `bulk` Mbit/s go each
/// way beside a call of 1.6 Mbit/s.
fn on_a_metered_link(bulk: Option<f64>, metered_share: u16) -> [(u64, u64); 2] {
    const LEN: usize = 1000;
    let mut world = World::new(&two_links(), WorldOptions::default());
    world.link_mut(1).metered = true;
    world.connect();
    with(&mut world, |duplication| duplication.metered_share = metered_share);
    world.client.set_rules([rule(Class::Realtime, CALL_PORT)].into());
    for from in [Side::Laptop, Side::Server] {
        trial::flow(&mut world, from, LEN, 1.6, 8 * SECOND, CALL_PORT);
        if let Some(mbit) = bulk {
            trial::flow(&mut world, from, trial::FULL, mbit, 8 * SECOND, 7000);
        }
    }
    world.run_for(9 * SECOND);
    trial::check(&mut world);
    let now = world.now();
    let client = world.client.paths(now);
    let gateway = world.gateway.peers(now).remove(0).paths;
    [client, gateway].map(|paths| {
        let path = paths.iter().find(|path| path.id == 1).expect("the second link has the second path");
        (path.duplicated * LEN as u64, path.tx_bytes)
    })
}

#[test]
fn copies_stay_within_the_share_of_what_a_metered_link_carries() {
    for (copies, all) in on_a_metered_link(Some(60.0), 20) {
        assert!(copies > 0 && copies * 1000 <= all * 20, "{copies} of {all} bytes");
    }
    // All of the call would be less than a tenth of what the link carries.
    for (copies, all) in on_a_metered_link(Some(60.0), 200) {
        assert!(copies > 1_000_000, "{copies} of {all} bytes");
    }
}

#[test]
fn a_metered_link_that_carries_next_to_nothing_carries_no_call_besides() {
    for (copies, all) in on_a_metered_link(None, 50) {
        assert!(copies * 20 <= all && all < 50_000, "{copies} of {all} bytes");
    }
}

#[test]
fn copies_leave_a_link_three_quarters_of_what_it_could_carry() {
    // A call nearly as wide as the second link, 5 Mbit/s.
    let mut world = connected(&links(&[(100, 10), (5, 12)]));
    world.client.set_rules([rule(Class::Realtime, CALL_PORT)].into());
    let flow = trial::flow(&mut world, Side::Laptop, 1000, 4.5, 8 * SECOND, CALL_PORT);
    // Something has to fill the links, or it is not known what they could carry.
    trial::flow(&mut world, Side::Laptop, trial::FULL, 120.0, 8 * SECOND, 7000);
    world.run_for(9 * SECOND);
    let sent = world.endpoint::<Source>(flow.source).sent.len() as u64;
    let [copies, _] = duplicated(&mut world);
    assert!(copies > sent / 10 && copies < sent / 2, "{copies} of {sent} packets");
}
