//! Coupled congestion control: what paths that meet at one bottleneck leave to others, and what they carry where they do
//! not meet.

use std::time::Duration;

use tandem_engine::Congestion;
use tandem_sim::host::tcp::Algorithm;
use tandem_sim::trial;
use tandem_sim::world::Side;
use tandem_sim::{World, WorldOptions, profile};

use crate::common::{SECOND, links};

/// What one neighbour's download gets of a line of 50 Mbit/s that a tunnel's two paths fill.
fn left_to_a_neighbour(congestion: Congestion) -> f64 {
    let options = WorldOptions { congestion, ..WorldOptions::default() };
    let mut world =
        World::connected(&profile::named("shared-bottleneck").expect("it is in the library"), options);
    trial::add_tcp(&mut world, Side::Server, 4, Algorithm::Cubic);
    let neighbour = trial::add_neighbours(&mut world, Side::Server, 1, 0);
    world.run_for(10 * SECOND);
    let began = world.now();
    world.run_for(20 * SECOND);
    trial::tcp_mbit(&world, &neighbour, began, world.now())
}

#[test]
fn coupled_paths_leave_a_neighbour_more_of_a_shared_line_than_independent_ones_do() {
    let [coupled, independent] = [Congestion::Balia, Congestion::Cubic].map(left_to_a_neighbour);
    assert!(coupled > 1.2 * independent, "{coupled:.1} against {independent:.1} Mbit/s");
    assert!(coupled > 15.0, "{coupled:.1} of 50 Mbit/s");
}

#[test]
fn coupled_paths_that_do_not_meet_carry_their_sum() {
    let options = WorldOptions { congestion: Congestion::Balia, ..WorldOptions::default() };
    for from in [Side::Laptop, Side::Server] {
        let mut world = World::connected(&links(&[(50, 12), (50, 12)]), options);
        let flows = trial::add_tcp(&mut world, from, 4, Algorithm::Cubic);
        world.run_for(5 * SECOND);
        let began = world.now();
        world.run_for(Duration::from_secs(10));
        let mbit = trial::tcp_mbit(&world, &flows, began, world.now());
        assert!(mbit > 85.0, "{mbit:.1} of about 91 Mbit/s, from {from:?}");
    }
}
