//! How soon a link that was away is used in full again, beside another that stayed.

use std::time::{Duration, Instant};

use tandem_sim::World;
use tandem_sim::host::tcp::Algorithm;
use tandem_sim::host::udp::Sink;
use tandem_sim::trial::{self, FULL, Flow, TcpFlow};
use tandem_sim::world::Side;

use crate::common::{connected, links, ms};

/// What each of the two links carries, Mbit/s.
const RATE: u32 = 50;
/// Goodput is looked at over this long.
const WINDOW: Duration = Duration::from_millis(500);

/// What is under way in a world.
enum Load {
    /// More datagrams than the links carry.
    Flood(Flow),
    /// Endless TCP connections.
    Tcp(Vec<TcpFlow>),
}

impl Load {
    /// Mbit/s that arrived in the time after `from`.
    fn mbit(&self, world: &World, from: Instant, time: Duration) -> f64 {
        match self {
            Self::Flood(flow) => world.endpoint::<Sink>(flow.sink).mbit(FULL, from, from + time),
            Self::Tcp(flows) => trial::tcp_mbit(world, flows, from, from + time),
        }
    }
}

/// What became of the traffic when a link went and returned.
#[derive(Debug)]
struct Outcome {
    /// Mbit/s with both links, and with one.
    before: f64,
    during: f64,
    /// From the link's return until 100 kB had passed it.
    used: Duration,
    /// From the link's return until nine tenths of what went before.
    full: Duration,
    /// Least Mbit/s after the return.
    least: f64,
}

/// Lets one of two equal links go, by carrier or without a word, and return after 4 s.
fn play(dead: usize, carrier: bool, from: Side, load: impl FnOnce(&mut World) -> Load) -> Outcome {
    let mut world = connected(&links(&[(RATE, 10), (RATE, 10)]));
    let load = load(&mut world);
    world.run_for(ms(6000));
    let gone = world.now();
    if carrier {
        world.link_down(dead)
    } else {
        world.blackhole(dead, true)
    }
    world.run_for(ms(4000));
    let back = world.now();
    if carrier {
        world.link_up(dead)
    } else {
        world.blackhole(dead, false)
    }
    let passed = |world: &World| {
        let link = &world.links()[dead];
        if from == Side::Laptop { link.up.passed } else { link.down.passed }
    };
    let at = passed(&world);
    let used = world.run_until(ms(5000), |world| passed(world) > at + 100_000);
    world.run_for(ms(6000) - used);
    let before = load.mbit(&world, gone - ms(2000), ms(2000));
    let after: Vec<f64> = (0..55).map(|step| load.mbit(&world, back + ms(100) * step, WINDOW)).collect();
    let full = after.iter().zip(0..).find(|(mbit, _)| **mbit >= before * 0.9);
    Outcome {
        before,
        during: load.mbit(&world, back - ms(2000), ms(2000)),
        used,
        full: full.map_or(Duration::MAX, |(_, step)| ms(100) * step),
        least: after.iter().copied().fold(f64::MAX, f64::min),
    }
}

/// Links with how they go, by carrier or without a word, in each direction with a load.
fn each(ways: &[(usize, bool)], load: impl Fn(&mut World, Side) -> Load, check: impl Fn(&Outcome) -> bool) {
    for &(dead, carrier) in ways {
        for from in [Side::Laptop, Side::Server] {
            let outcome = play(dead, carrier, from, |world| load(world, from));
            assert!(check(&outcome), "link {dead}, carrier {carrier}, from {from:?}: {outcome:?}");
        }
    }
}

fn flood(world: &mut World, from: Side) -> Load {
    Load::Flood(trial::flow(world, from, FULL, f64::from(RATE) * 2.2, ms(20_000), 7000))
}

#[test]
fn a_returned_link_carries_its_part_of_a_flood_within_a_second() {
    each(&[(0, true), (0, false), (1, true), (1, false)], flood, |outcome| {
        let alone = f64::from(RATE) * 0.9;
        outcome.before > alone * 2.0
            && outcome.during > alone
            && outcome.least > alone
            && outcome.used < ms(1000)
            && outcome.full < ms(1000)
    });
}

#[test]
fn a_returned_link_is_used_by_tcp_within_a_second_and_in_full_within_three() {
    each(
        &[(0, true), (1, false)],
        |world, from| Load::Tcp(trial::add_tcp(world, from, 4, Algorithm::Cubic)),
        |outcome| {
            outcome.before > f64::from(RATE) * 1.7
                && outcome.used < ms(1000)
                && outcome.full < ms(3000)
                && outcome.least > outcome.during * 0.9
        },
    );
}
