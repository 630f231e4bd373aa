use std::time::Duration;

use super::*;
use crate::profile::{Direction, Link, Profile};
use crate::world::{EndpointId, Route, Side, World, WorldOptions};

/// A flow directly over one link, for 10 s.
fn flow(both: Direction) -> (World, EndpointId, EndpointId) {
    let (up, down) = (Direction::default(), Direction::default());
    let link = Link { name: "link".to_owned(), both, up, down, trace: None, address: None, tier: None };
    let profile = Profile {
        name: "one".to_owned(),
        about: "One link".to_owned(),
        seconds: 10,
        link: vec![link],
        shared: None,
        event: Vec::new(),
    };
    let route = Route::Direct { link: 0, overhead: 0 };
    let mut world = World::connected(&profile, WorldOptions { route, ..WorldOptions::default() });
    let ends = [Side::Laptop, Side::Server].map(|side| (World::address(side), 4433));
    let sender = QuicSender::new(ends[0], ends[1], world.now());
    let sender = world.attach(Side::Laptop, 4433, sender);
    let receiver = world.attach(Side::Server, 4433, QuicReceiver::new(ends[1], ends[0]));
    world.run_for(Duration::from_secs(10));
    (world, sender, receiver)
}

fn line() -> Direction {
    Direction { rate_mbit: Some(20.0), delay_ms: Some(10.0), queue_ms: Some(40.0), ..Direction::default() }
}

#[test]
fn a_flow_fills_its_link() {
    let (world, sender, receiver) = flow(line());
    let packets = world.endpoint::<QuicReceiver>(receiver).got.len();
    let mbit = (packets * PACKET_LEN * 8) as f64 / 1e7;
    assert!(mbit > 19.0, "{mbit}");
    assert_eq!(world.endpoint::<QuicSender>(sender).stats().spurious, 0);
}

#[test]
fn random_loss_is_taken_for_congestion() {
    let (world, sender, receiver) = flow(Direction { loss: Some(0.01), ..line() });
    let packets = world.endpoint::<QuicReceiver>(receiver).got.len();
    let mbit = (packets * PACKET_LEN * 8) as f64 / 1e7;
    // The square root formula gives some 5 Mbit/s, Cubic a little more.
    assert!((3.0..14.0).contains(&mbit), "{mbit}");
    let stats = world.endpoint::<QuicSender>(sender).stats();
    assert!(stats.lost > 50 && stats.spurious == 0, "{stats:?}");
}

#[test]
fn reordering_by_more_than_the_threshold_is_taken_for_loss() {
    let (world, sender, receiver) = flow(Direction { jitter_ms: Some(8.0), reorder: Some(true), ..line() });
    let stats = world.endpoint::<QuicSender>(sender).stats();
    assert!(stats.spurious > 10, "{stats:?}");
    assert!(world.endpoint::<QuicReceiver>(receiver).reordered() > 100);
}
