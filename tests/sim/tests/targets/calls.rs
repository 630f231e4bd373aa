//! A call beside bulk.

use std::time::Duration;

use tandem_sim::host::tcp::Algorithm;
use tandem_sim::world::Side;
use tandem_sim::{World, trial};

use crate::common::{DOWN, UP, at_least, at_most, limit, ms, named, only, options};

/// The call is a call by habit after a second; TCP fills the links after two.
const SETTLED: Duration = ms(2000);

fn a_call_is_hardly_late_and_whole_beside_four_flows(from: Side) {
    let profile = named("fast-and-lte", 0);
    let mut world = World::connected(&profile, options(1));
    let flows = trial::add_tcp(&mut world, from, 4, Algorithm::Cubic);
    let call = trial::call(&mut world, ms(5000), 6000);
    let settled = world.now() + SETTLED;
    world.run_for(ms(5500));
    let got = trial::tcp_mbit(&world, &flows, settled, settled + ms(3000));
    at_least("the bulk beside it, of the limit", got / limit(&profile, from, Algorithm::Cubic), 0.9);
    for (flow, way) in call.iter().zip(["up", "down"]) {
        let what = format!("a call {way} beside bulk from {from:?}");
        at_most(&format!("{what}, packets lost"), trial::lost(&world, flow) as f64, 0.0);
        let delays = trial::delays(&world, flow, settled);
        let p99 = delays[delays.len() * 99 / 100].as_secs_f64() * 1e3;
        at_most(&format!("{what}, one-way delay p99 in ms"), p99, 15.0);
    }
}

/// As when a phone hands over to another cell, or a satellite to the next.
fn bulk_beside_a_call_goes_on_over_a_way_that_becomes_longer(from: Side) {
    let profile = only(&named("fast-and-lte", 0), 0);
    let mut world = World::connected(&profile, options(1));
    let flows = trial::add_tcp(&mut world, from, 4, Algorithm::Cubic);
    trial::call(&mut world, ms(9000), 6000);
    world.run_for(ms(4000));
    world.reshape(0, |shape| shape.delay *= 2);
    world.run_for(ms(2000));
    let begin = world.now();
    world.run_for(ms(3000));
    let got = trial::tcp_mbit(&world, &flows, begin, world.now());
    let what = format!("bulk from {from:?} two seconds after the way became twice as long, of the limit");
    at_least(&what, got / limit(&profile, from, Algorithm::Cubic), 0.8);
}

#[test]
fn bulk_up_beside_a_call_goes_on_over_a_way_that_becomes_longer() {
    bulk_beside_a_call_goes_on_over_a_way_that_becomes_longer(UP);
}

#[test]
fn bulk_down_beside_a_call_goes_on_over_a_way_that_becomes_longer() {
    bulk_beside_a_call_goes_on_over_a_way_that_becomes_longer(DOWN);
}

#[test]
fn a_call_is_hardly_late_and_whole_while_four_flows_up_saturate_two_links() {
    a_call_is_hardly_late_and_whole_beside_four_flows(UP);
}

#[test]
fn a_call_is_hardly_late_and_whole_while_four_flows_down_saturate_two_links() {
    a_call_is_hardly_late_and_whole_beside_four_flows(DOWN);
}
