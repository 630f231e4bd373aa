//! The tunnel comes up over whatever link works.

use std::time::{Duration, Instant};

use tandem_lab::world::{LinkSpec, World, WorldSpec};

use crate::common::{SECOND, sure};

/// Time from the start of the laptop's daemon until a path is up. `prepare` happens just before.
fn time_to_first_path(spec: WorldSpec, prepare: impl Fn(&World)) -> Option<Duration> {
    let mut world = World::for_test(spec).unwrap()?;
    let started = world.start_gateway();
    sure(&world, started);
    let enrolled = world.enroll(0);
    sure(&world, enrolled);
    prepare(&world);
    let start = Instant::now();
    world.start_laptop().unwrap();
    sure(&world, world.laptop().unwrap().wait_for_paths(1, 20 * SECOND));
    Some(start.elapsed())
}

#[test]
fn a_dead_first_link_costs_no_time() {
    let Some(alone) = time_to_first_path(WorldSpec::with_links(vec![LinkSpec::cellular()]), |_| {}) else {
        return;
    };
    let dead_wifi = |world: &World| {
        world.laptop().unwrap().link("wifi").unwrap().set_blackhole(true).unwrap();
    };
    let Some(both) = time_to_first_path(WorldSpec::default(), dead_wifi) else { return };
    println!("cellular alone {alone:?}, with a dead Wi-Fi before it {both:?}");
    // A machine under load adds noise of its own; waiting for a time-out on the dead link would take longer.
    assert!(both < alone + SECOND, "cellular alone took {alone:?}, with a dead Wi-Fi {both:?}");
}

#[test]
fn a_first_link_without_carrier_costs_no_time() {
    let cut = |world: &World| {
        world.laptop().unwrap().link("wifi").unwrap().set_carrier(false).unwrap();
    };
    let Some(took) = time_to_first_path(WorldSpec::default(), cut) else { return };
    assert!(took < 3 * SECOND, "{took:?}");
}

#[test]
fn a_blocked_udp_on_one_link_leaves_the_other() {
    let blocked = |world: &World| {
        world.laptop().unwrap().link("wifi").unwrap().set("udp", "blocked").unwrap();
    };
    let Some(took) = time_to_first_path(WorldSpec::default(), blocked) else { return };
    assert!(took < 3 * SECOND, "{took:?}");
}
