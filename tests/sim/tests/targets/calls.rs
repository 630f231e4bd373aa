//! A call beside bulk.

use std::time::Duration;

use tandem_sim::host::tcp::Algorithm;
use tandem_sim::world::Side;
use tandem_sim::{World, trial};

use crate::common::{DOWN, UP, at_least, at_most, limit, ms, named, options};

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

#[test]
fn a_call_is_hardly_late_and_whole_while_four_flows_up_saturate_two_links() {
    a_call_is_hardly_late_and_whole_beside_four_flows(UP);
}

#[test]
fn a_call_is_hardly_late_and_whole_while_four_flows_down_saturate_two_links() {
    a_call_is_hardly_late_and_whole_beside_four_flows(DOWN);
}
