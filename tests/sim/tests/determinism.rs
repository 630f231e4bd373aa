//! One seed decides everything.

use std::time::Duration;

use tandem_engine::Congestion;
use tandem_sim::host::udp::{Sink, Source};
use tandem_sim::profile;
use tandem_sim::world::{Side, client_inner, server_inner};
use tandem_sim::{Profile, World, WorldOptions};

/// The trace of a world with everything that chance has a hand in: loss, jitter, failures, both directions.
fn trace(profile: &Profile, congestion: Congestion, seed: u64) -> u64 {
    let mut world = World::connected(profile, WorldOptions { seed, congestion, ..WorldOptions::default() });
    world.start_events();
    let ends = (world.now(), world.now() + Duration::from_secs(6));
    let interval = Source::interval(1400, 20.0);
    let (laptop, server) = ((client_inner(), 5000), (server_inner(), 6000));
    world.attach(Side::Laptop, 5000, Source::new(laptop, server, 1400, interval, ends));
    world.attach(Side::Server, 6000, Sink::default());
    let (laptop, server) = ((client_inner(), 5001), (server_inner(), 6001));
    world.attach(Side::Server, 6001, Source::new(server, laptop, 1400, interval, ends));
    world.attach(Side::Laptop, 5001, Sink::default());
    world.run_for(Duration::from_secs(7));
    assert!(world.delivered > 10_000, "{}", world.delivered);
    world.trace()
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for name in ["wifi-edge-lte", "wifi-blackhole", "nat-rebinding"] {
        let profile = profile::named(name).unwrap();
        for congestion in [Congestion::Bbr, Congestion::Cubic, Congestion::Balia] {
            let traces = [(); 2].map(|()| trace(&profile, congestion, 3));
            assert_eq!(traces[0], traces[1], "{name} with {congestion:?}");
        }
    }
}

#[test]
fn another_seed_gives_another_trace() {
    let profile = profile::named("wifi-edge-lte").unwrap();
    assert_ne!(trace(&profile, Congestion::Bbr, 1), trace(&profile, Congestion::Bbr, 2));
}
