//! Classes of traffic through a whole tunnel: what is urgent does not wait, and one side's rules govern both ways.

use std::sync::Arc;
use std::time::Duration;

use tandem_engine::class::{Basis, Class, FlowReport};
use tandem_sim::trial;
use tandem_sim::world::Side;
use tandem_sim::{Profile, World, profile};

use crate::common::{CALL_PORT, SECOND, connected, ms, numbers, one_link, rule, upward};

/// The 99th percentile of a call's delays, up and down, beside four flows of a rate (Mbit/s) each from some sides.
fn call_beside(profile: &Profile, floods: &[Side], mbit: f64) -> [Duration; 2] {
    let mut world = connected(profile);
    let time = 6 * SECOND;
    for port in 7000..7004 {
        for from in floods {
            trial::flow(&mut world, *from, trial::FULL, mbit, time, port);
        }
    }
    let call = trial::call(&mut world, time, CALL_PORT);
    let begin = world.now() + 3 * SECOND;
    world.run_for(time + SECOND);
    call.map(|flow| {
        let delays = trial::delays(&world, &flow, begin);
        delays[delays.len() * 99 / 100]
    })
}

fn flow_with(flows: &[FlowReport], remote_port: u16) -> Option<(Class, Basis)> {
    let flow = flows.iter().find(|flow| flow.remote_port == Some(remote_port))?;
    Some((flow.class, flow.basis))
}

fn at_gateway(world: &World, remote_port: u16) -> Option<(Class, Basis)> {
    let peers = world.gateway.flows(world.now(), None);
    peers.iter().find_map(|(_, flows)| flow_with(flows, remote_port))
}

#[test]
fn a_call_does_not_wait_behind_bulk_on_the_same_link() {
    let alone = call_beside(&one_link(), &[], 0.0);
    let beside = call_beside(&one_link(), &[Side::Laptop, Side::Server], 40.0);
    for (alone, beside) in alone.into_iter().zip(beside) {
        // 2 ms that a path's queue may run ahead, and what congestion control leaves in the link's: up to half a round
        // trip and 5 ms. Bulk's own queue in the tunnel is longer than all that.
        assert!(beside <= alone + ms(25), "{alone:?} alone, {beside:?} beside bulk");
    }
}

#[test]
fn a_call_beside_bulk_over_two_links_is_hardly_later_than_over_the_faster_link_alone() {
    let profile = profile::named("fast-and-lte").expect("it is in the library");
    let up = call_beside(&profile, &[Side::Laptop], 110.0)[0];
    let down = call_beside(&profile, &[Side::Server], 110.0)[1];
    // 5 ms on the way, and 10 ms for all queues together.
    assert!(up <= ms(15) && down <= ms(15), "{up:?} up, {down:?} down");
}

#[test]
fn a_call_and_a_flood_are_told_apart_at_both_ends() {
    let mut world = connected(&one_link());
    trial::call(&mut world, 5 * SECOND, CALL_PORT);
    trial::flow(&mut world, Side::Server, trial::FULL, 20.0, 5 * SECOND, 7000);
    world.run_for(4 * SECOND);
    let flows = world.client.flows(world.now());
    assert_eq!(flow_with(&flows, CALL_PORT), Some((Class::Realtime, Basis::Call)));
    assert_eq!(flow_with(&flows, 7000), Some((Class::Bulk, Basis::Bulk)));
    assert_eq!(at_gateway(&world, CALL_PORT), Some((Class::Realtime, Basis::Peer)));
    assert_eq!(at_gateway(&world, 7000), Some((Class::Bulk, Basis::Bulk)), "the client never said a word");
}

#[test]
fn the_gateway_mirrors_the_clients_rule() {
    let mut world = connected(&one_link());
    world.gateway.set_rules([rule(Class::Bulk, CALL_PORT)].into());
    world.client.set_rules([rule(Class::Background, CALL_PORT)].into());
    trial::call(&mut world, 5 * SECOND, CALL_PORT);
    world.run_for(SECOND);
    assert_eq!(at_gateway(&world, CALL_PORT), Some((Class::Background, Basis::Peer)));
    world.client.set_rules([rule(Class::Realtime, CALL_PORT)].into());
    world.run_for(SECOND);
    assert_eq!(at_gateway(&world, CALL_PORT), Some((Class::Realtime, Basis::Peer)));
}

#[test]
fn a_gateways_rule_applies_where_the_client_sends_nothing() {
    let mut world = connected(&one_link());
    world.gateway.set_rules([rule(Class::Background, 7000)].into());
    trial::flow(&mut world, Side::Server, trial::FULL, 20.0, 3 * SECOND, 7000);
    world.run_for(SECOND);
    assert_eq!(at_gateway(&world, 7000), Some((Class::Background, Basis::Rule(0))));
    world.gateway.set_rules(Arc::default());
    assert_eq!(at_gateway(&world, 7000), Some((Class::Bulk, Basis::Bulk)));
}

#[test]
fn a_flow_that_changes_its_class_all_the_time_arrives_whole_and_in_order() {
    let mut world = connected(&one_link());
    let mut sent = 0;
    for round in 0..200 {
        let class = [Class::Bulk, Class::Interactive, Class::Background, Class::Bulk][round % 4];
        // The rules change while packets of the flow wait in the queue of its old class.
        world.client.set_rules([rule(class, 9)].into());
        for _ in 0..25 {
            world.laptop_sends(upward(1400, sent));
            sent += 1;
        }
        world.run_for(ms(if round % 10 == 0 { 100 } else { 6 }));
    }
    world.run_for(SECOND);
    let got = numbers(&world.server_got);
    assert_eq!(got, (0..sent).collect::<Vec<_>>());
}
