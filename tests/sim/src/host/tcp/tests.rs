//! Whole connections over a pipe in virtual time: speed, fairness, loss, reordering, outages.

mod ecn;
mod loss;
mod outage;
mod pipe;
mod reordering;
mod speed;

use std::time::Duration;

use super::*;
use pipe::{Flow, Pipe, World};

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// One flow over a pipe for so long.
fn one(pipe: Pipe, seconds: u64, change: impl Fn(&mut TcpConfig)) -> World {
    let mut world = World::new(pipe);
    world.add_flow(Duration::ZERO, change);
    world.run(Duration::from_secs(seconds));
    world
}

/// Share of the pipe's rate that is payload of full segments.
const PAYLOAD: f64 = 1448.0 / 1500.0;

impl Flow {
    fn stats(&self) -> &SenderStats {
        self.sender.stats().unwrap()
    }
}
