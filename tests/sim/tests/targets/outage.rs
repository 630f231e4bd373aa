//! The busier link goes, with a word or without, and returns, while bulk and a call are under way.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tandem_sim::host::tcp::{Algorithm, TcpReceiver};
use tandem_sim::host::udp::Sink;
use tandem_sim::profile::Way;
use tandem_sim::trial::{self, ENCAPSULATION, FULL, Flow, TcpFlow};
use tandem_sim::world::Side;
use tandem_sim::{Profile, World};

use crate::common::{DOWN, UP, at_least, at_most, limit, median, ms, named, only, options};

/// TCP has filled the links by then, and the call is known for one.
const SETTLED: Duration = ms(2500);
/// How long the link is away.
const AWAY: Duration = ms(2500);
/// How long its return is watched.
const WATCHED: Duration = ms(4000);
/// The link that goes, and the other one.
const BUSIER: usize = 0;
const OTHER: usize = 1;

/// 300 Mbit/s at 10 ms with 80 Mbit/s at 30 ms.
fn profile() -> Profile {
    named("fast-and-lte", 0)
}

/// Gaps of a call up and down around an event, in ms: the longest time between two arrivals beyond that between two
/// departures.
fn gaps(world: &World, call: &[Flow; 2], event: Instant, until: Instant) -> [f64; 2] {
    [0, 1].map(|way| trial::call_gap(world, &call[way], event - ms(100), until).as_secs_f64() * 1e3)
}

/// The longest pause of any of the flows around an event, ms.
fn longest_pause(world: &World, flows: &[TcpFlow], event: Instant, until: Instant) -> f64 {
    let pause = |flow: &TcpFlow| {
        let progress = &world.endpoint::<TcpReceiver>(flow.receiver).stats().progress;
        progress.longest_pause(event - ms(100), until).0
    };
    flows.iter().map(pause).max().unwrap_or_default().as_secs_f64() * 1e3
}

/// What came of four TCP flows and a call while the link said that it goes, and returned.
struct Played {
    gaps: [f64; 2],
    /// Packets of the call that were lost, up and down.
    lost: [usize; 2],
    /// The longest pause of any of the TCP flows, ms.
    pause: f64,
    /// Goodput from a second after the link went until it returned, Mbit/s.
    left: f64,
    /// From the return until the link had carried what it carries in a twentieth of a second at its full rate.
    used: Option<Duration>,
    /// Goodput from each half second on after the return, Mbit/s.
    after: Vec<f64>,
}

fn play(from: Side) -> Played {
    let mut world = World::connected(&profile(), options(1));
    let flows = trial::add_tcp(&mut world, from, 4, Algorithm::Cubic);
    let call = trial::call(&mut world, SETTLED + AWAY + WATCHED, 6000);
    world.run_for(SETTLED);
    let gone = world.now();
    world.link_down(BUSIER);
    world.run_for(AWAY);
    let back = world.now();
    world.link_up(BUSIER);
    let passed = |world: &World| world.links()[BUSIER].pipe(Way::of(from)).passed;
    let enough = passed(&world) + 300_000_000 / 8 / 20;
    let mut used = None;
    while world.now() < back + WATCHED {
        world.run_for(ms(10));
        used = used.or_else(|| (passed(&world) >= enough).then(|| world.now() - back));
    }
    let slot = |number: u32| {
        let begin = back + ms(500) * number;
        trial::tcp_mbit(&world, &flows, begin, begin + ms(500))
    };
    let after = (0..8).map(slot).collect();
    let left = trial::tcp_mbit(&world, &flows, gone + ms(1000), back);
    let (gaps, pause) = (gaps(&world, &call, gone, back), longest_pause(&world, &flows, gone, back));
    world.run_for(ms(500));
    Played { gaps, lost: [0, 1].map(|way| trial::lost(&world, &call[way])), pause, left, used, after }
}

/// The world with bulk from `from`, which several rows are about.
fn played(from: Side) -> &'static Played {
    static PLAYED: [OnceLock<Played>; 2] = [const { OnceLock::new() }; 2];
    PLAYED[usize::from(from == UP)].get_or_init(|| play(from))
}

fn the_call_goes_on(from: Side) {
    let played = played(from);
    for (way, name) in ["up", "down"].into_iter().enumerate() {
        let what = format!("carrier off, a call {name} beside bulk from {from:?}");
        at_most(&format!("{what}, packets lost"), played.lost[way] as f64, 0.0);
        at_most(&format!("{what}, gap in ms"), played.gaps[way], 30.0);
    }
}

fn bulk_hardly_pauses(from: Side) {
    at_most(&format!("carrier off, pause of bulk from {from:?} in ms"), played(from).pause, 250.0);
}

fn bulk_has_what_is_left_within_a_second(from: Side) {
    let limit = limit(&only(&profile(), OTHER), from, Algorithm::Cubic);
    let what = format!("carrier off, bulk from {from:?} after a second, of what is left");
    at_least(&what, played(from).left / limit, 0.9);
}

/// A single flow has six times in flight what the other link holds, and must not be signalled to give up more than that.
fn one_flow_has_what_is_left_within_a_second(from: Side) {
    let limit = limit(&only(&profile(), OTHER), from, Algorithm::Cubic);
    let left = (1..=5).map(|seed| {
        let mut world = World::connected(&profile(), options(seed));
        let flow = trial::add_tcp(&mut world, from, 1, Algorithm::Cubic);
        world.run_for(SETTLED);
        let gone = world.now();
        world.link_down(BUSIER);
        world.run_for(AWAY);
        trial::tcp_mbit(&world, &flow, gone + ms(1000), world.now()) / limit
    });
    at_least(
        &format!("carrier off, one flow from {from:?} after a second, of what is left"),
        median(left),
        0.9,
    );
}

/// Bulk is less than the other link carries, so that no queue has a reason to drop anything.
fn nothing_is_lost(from: Side) {
    let mut world = World::connected(&profile(), options(1));
    let bulk = trial::flow(&mut world, from, FULL, 60.0, SETTLED + ms(1000), 7000);
    let call = trial::call(&mut world, SETTLED + ms(1000), 6000);
    world.run_for(SETTLED);
    world.link_down(BUSIER);
    world.run_for(ms(2000));
    for (flow, name) in call.iter().chain([&bulk]).zip(["call up", "call down", "bulk"]) {
        let lost = trial::lost(&world, flow);
        at_most(
            &format!("carrier off, 60 Mbit/s from {from:?}, packets lost of the {name}"),
            lost as f64,
            0.0,
        );
    }
}

fn the_link_is_used_within_a_second(from: Side) {
    let used = played(from).used.map_or(f64::INFINITY, |used| used.as_secs_f64());
    at_most(&format!("the link returns, bulk from {from:?}, used after seconds"), used, 1.0);
}

/// Goodput from the third to the fourth second after the link is back is that of all links.
fn the_sum_is_back_within_three_seconds(from: Side) {
    let after = &played(from).after;
    println!("the link returns, bulk from {from:?}, Mbit/s in each half second: {after:.1?}");
    let mbit = after[6..].iter().sum::<f64>() / (after.len() - 6) as f64;
    let limit = limit(&profile(), from, Algorithm::Cubic);
    let what = format!("the link returns, bulk from {from:?} after three seconds, of the limit");
    at_least(&what, mbit / limit, 0.93);
}

fn the_return_costs_nothing(from: Side) {
    let least = played(from).after.iter().copied().fold(f64::INFINITY, f64::min);
    let other = limit(&only(&profile(), OTHER), from, Algorithm::Cubic);
    let what =
        format!("the link returns, bulk from {from:?} in the worst half second, of the other link's rate");
    at_least(&what, least / other, 1.0);
}

/// A flood that is more than all links carry, which no sender's own caution keeps from filling them.
fn a_flood_has_the_sum_within_three_seconds(from: Side) {
    let mut world = World::connected(&profile(), options(1));
    let flood = trial::flow(&mut world, from, FULL, 400.0, ms(8000), 7000);
    world.run_for(ms(1500));
    world.link_down(BUSIER);
    world.run_for(ms(1000));
    let back = world.now();
    world.link_up(BUSIER);
    world.run_for(WATCHED);
    let sink = world.endpoint::<Sink>(flood.sink);
    let all = (380.0 * FULL as f64) / (FULL + ENCAPSULATION) as f64;
    let mbit = sink.mbit(FULL, back + ms(3000), back + ms(4000));
    at_least(
        &format!("the link returns, a flood from {from:?} after three seconds, of all links"),
        mbit / all,
        0.96,
    );
}

/// What came of four TCP flows and a call when the faster of two links of 30 ms swallows everything.
struct Swallowed {
    gaps: [f64; 2],
    /// The longest pause of any of the TCP flows, ms.
    pause: f64,
}

fn swallow(from: Side) -> Swallowed {
    let mut profile = named("two-equal-100", 0);
    for (link, rate) in profile.link.iter_mut().zip([100.0, 50.0]) {
        link.both.rate_mbit = Some(rate);
        link.both.delay_ms = Some(15.0);
    }
    let mut world = World::connected(&profile, options(1));
    let flows = trial::add_tcp(&mut world, from, 4, Algorithm::Cubic);
    let call = trial::call(&mut world, SETTLED + ms(2000), 6000);
    world.run_for(SETTLED);
    let gone = world.now();
    world.blackhole(BUSIER, true);
    world.run_for(ms(2000));
    let (gaps, pause) =
        (gaps(&world, &call, gone, world.now()), longest_pause(&world, &flows, gone, world.now()));
    Swallowed { gaps, pause }
}

/// That world with bulk from `from`.
fn swallowed(from: Side) -> &'static Swallowed {
    static PLAYED: [OnceLock<Swallowed>; 2] = [const { OnceLock::new() }; 2];
    PLAYED[usize::from(from == UP)].get_or_init(|| swallow(from))
}

fn a_blackhole_hardly_pauses_a_call(from: Side) {
    for (gap, name) in swallowed(from).gaps.into_iter().zip(["up", "down"]) {
        at_most(&format!("blackhole, gap of a call {name} beside bulk from {from:?} in ms"), gap, 150.0);
    }
}

fn a_blackhole_hardly_pauses_bulk(from: Side) {
    at_most(&format!("blackhole, pause of bulk from {from:?} in ms"), swallowed(from).pause, 250.0);
}

macro_rules! rows {
    ($($row:ident: $($(#[$attribute:meta])* $test:ident $from:ident),*;)*) => {
        $($(
            #[test]
            $(#[$attribute])*
            fn $test() { $row($from); }
        )*)*
    };
}

rows! {
    the_call_goes_on:
        a_call_goes_on_beside_bulk_up_when_the_carrier_goes UP,
        a_call_goes_on_beside_bulk_down_when_the_carrier_goes DOWN;
    bulk_hardly_pauses:
        bulk_up_hardly_pauses_when_the_carrier_goes UP,
        bulk_down_hardly_pauses_when_the_carrier_goes DOWN;
    bulk_has_what_is_left_within_a_second:
        bulk_up_has_what_is_left_within_a_second_of_carrier_off UP,
        bulk_down_has_what_is_left_within_a_second_of_carrier_off DOWN;
    one_flow_has_what_is_left_within_a_second:
        one_flow_up_has_what_is_left_within_a_second_of_carrier_off UP,
        one_flow_down_has_what_is_left_within_a_second_of_carrier_off DOWN;
    nothing_is_lost:
        nothing_is_lost_of_bulk_up_and_a_call_when_the_carrier_goes UP,
        nothing_is_lost_of_bulk_down_and_a_call_when_the_carrier_goes DOWN;
    the_link_is_used_within_a_second:
        a_link_that_returns_is_used_upwards_within_a_second UP,
        a_link_that_returns_is_used_downwards_within_a_second DOWN;
    the_sum_is_back_within_three_seconds:
        a_link_that_returns_gives_bulk_up_the_sum_within_three_seconds UP,
        a_link_that_returns_gives_bulk_down_the_sum_within_three_seconds DOWN;
    a_flood_has_the_sum_within_three_seconds:
        a_link_that_returns_gives_a_flood_up_the_sum_within_three_seconds UP,
        a_link_that_returns_gives_a_flood_down_the_sum_within_three_seconds DOWN;
    the_return_costs_nothing:
        a_link_that_returns_costs_bulk_up_nothing_meanwhile UP,
        a_link_that_returns_costs_bulk_down_nothing_meanwhile DOWN;
    a_blackhole_hardly_pauses_a_call:
        a_silent_blackhole_hardly_pauses_a_call_beside_bulk_up UP,
        a_silent_blackhole_hardly_pauses_a_call_beside_bulk_down DOWN;
    a_blackhole_hardly_pauses_bulk:
        a_silent_blackhole_hardly_pauses_bulk_up UP,
        a_silent_blackhole_hardly_pauses_bulk_down DOWN;
}
