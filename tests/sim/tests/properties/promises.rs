//! The promises, each as a world that is played.

use std::time::{Duration, Instant};

use tandem_engine::tunnel::MAX_HOLD;
use tandem_sim::host::quic::QuicReceiver;
use tandem_sim::host::request::{Answerer, Asker};
use tandem_sim::host::udp::Sink;
use tandem_sim::trial::{self, ENCAPSULATION, FULL, Flow};
use tandem_sim::world::{EndpointId, Route, Side, SimLink};
use tandem_sim::{World, WorldOptions};

use crate::case::Case;

/// Between two packets of the flows that tell whether traffic flows.
const INTERVAL: Duration = Duration::from_millis(10);

fn both_ways(world: &mut World, port: u16, len: usize, mbit: f64, time: Duration) -> [Flow; 2] {
    [(Side::Laptop, port), (Side::Server, port + 1)]
        .map(|(from, port)| trial::flow(world, from, len, mbit, time, port))
}

/// Who sends where one direction has to do.
fn direction(case: &Case) -> Side {
    if case.seed.is_multiple_of(2) { Side::Laptop } else { Side::Server }
}

/// The laptop asks the server for answers of 24 kB, with pauses; who asks.
fn requests(world: &mut World, port: u16) -> EndpointId {
    const PACKETS: u64 = 20;
    let (local, remote) = ((World::address(Side::Laptop), port), (World::address(Side::Server), port));
    world.attach(Side::Server, port, Answerer::new(remote, local, PACKETS));
    let asker = Asker::new(local, remote, PACKETS, Duration::from_millis(50), world.now());
    world.attach(Side::Laptop, port, asker)
}

/// All kinds of flows at once: the world's ledger sees to it that nothing arrives that was not
/// sent, and nothing twice.
pub(crate) fn integrity(case: &Case) -> Result<(), String> {
    let mut world = World::connected(&case.profile, case.options());
    let time = Duration::from_secs(case.profile.seconds);
    both_ways(&mut world, 7000, FULL, 6.0, time);
    both_ways(&mut world, 7100, 100, 0.2, time);
    let quic = trial::add_quic(&mut world, direction(case), 7200, false);
    let asker = requests(&mut world, 7300);
    world.start_events();
    trial::run_checked(&mut world, time + Duration::from_secs(1));
    // Events come after the flows have begun: in every world something arrived before.
    if world.endpoint::<QuicReceiver>(quic.receiver).got.is_empty() {
        return Err("the QUIC-like flow got nothing through".to_owned());
    }
    if world.endpoint::<Asker>(asker).took.is_empty() {
        return Err("not one request was answered".to_owned());
    }
    Ok(())
}

/// Round trip of an empty link, at most.
fn round_trip(link: &SimLink) -> Duration {
    let one_way =
        |shape: &tandem_sim::link::Shape| shape.delay + shape.jitter + shape.transmission_time(FULL);
    one_way(link.up.shape()) + one_way(link.down.shape())
}

/// Within which time traffic has to flow, if the links stay as they are now; `None` if none passes packets.
fn bound(world: &World) -> Option<Duration> {
    let passing = world.links().iter().filter(|link| link.passes());
    passing.map(|link| round_trip(link) * 3 + Duration::from_millis(200)).min()
}

pub(crate) fn resumption(case: &Case) -> Result<(), String> {
    let mut world = World::connected(&case.profile, case.options());
    let time = Duration::from_secs(case.profile.seconds);
    let bits = 300.0 * 8.0 / INTERVAL.as_secs_f64() / 1e6;
    let flows = both_ways(&mut world, 7000, 300, bits, time);
    let began = world.now();
    world.start_events();
    let mut marks: Vec<Instant> =
        case.profile.event.iter().map(|event| began + Duration::from_millis(event.at_ms)).collect();
    marks.push(began + time);
    world.run_for(marks[0].saturating_duration_since(began));
    for (number, pair) in marks.windows(2).enumerate() {
        // The event has happened once its instant is over.
        world.run_for(Duration::from_nanos(1));
        let bound = bound(&world);
        world.run_for(pair[1].saturating_duration_since(world.now()));
        let Some(bound) = bound else { continue };
        for flow in flows {
            let pause = world.endpoint::<Sink>(flow.sink).longest_pause(pair[0], pair[1]);
            if pause > bound + INTERVAL {
                return Err(format!(
                    "after event {number}, nothing from {:?} arrived for {pause:?}, where {bound:?} is allowed",
                    flow.from
                ));
            }
        }
    }
    Ok(())
}

pub(crate) fn order(case: &Case) -> Result<(), String> {
    let mut world = World::connected(&case.profile, case.options());
    let sum: f64 = case.profile.link.iter().filter_map(|link| link.both.rate_mbit).sum();
    let time = Duration::from_secs(4);
    let flows = both_ways(&mut world, 7000, FULL, sum / 2.0, time);
    world.run_for(time);
    for flow in flows {
        let sink = world.endpoint::<Sink>(flow.sink);
        if sink.latest > MAX_HOLD {
            let (late, got) = (sink.reordered, sink.got.len());
            return Err(format!("{late} of {got} packets came late, by up to {:?}", sink.latest));
        }
    }
    Ok(())
}

pub(crate) fn goodput(case: &Case) -> Result<(), String> {
    let sum: f64 = case.profile.link.iter().filter_map(|link| link.both.rate_mbit).sum();
    let from = direction(case);
    let best = trial::best_single(&case.profile, case.seed, from, sum * 1.2);
    let got = trial::flood(&case.profile, case.options(), from, sum * 1.2);
    if got < best * 0.95 {
        return Err(format!("{got:.2} Mbit/s from {from:?}, where the best link alone gives {best:.2}"));
    }
    Ok(())
}

/// Mbit/s that one QUIC-like flow gets, after a time to warm up.
fn quic_mbit(case: &Case, options: WorldOptions, from: Side) -> f64 {
    let times = (Duration::from_secs(3), Duration::from_secs(8));
    trial::quic(&case.profile, options, from, false, times).mbit
}

pub(crate) fn quic_goodput(case: &Case) -> Result<(), String> {
    let from = direction(case);
    let alone = |link| {
        let route = Route::Direct { link, overhead: ENCAPSULATION };
        quic_mbit(case, WorldOptions { route, ..case.options() }, from)
    };
    let best = (0..case.profile.link.len()).map(alone).fold(0.0, f64::max);
    let got = quic_mbit(case, case.options(), from);
    if got < best * 0.95 {
        return Err(format!(
            "{got:.2} Mbit/s of a QUIC-like flow from {from:?}, where the best link alone gives {best:.2}"
        ));
    }
    Ok(())
}
