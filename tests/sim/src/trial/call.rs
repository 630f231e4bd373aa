//! Calls: what they send, how late it comes, and what does not come at all.

use std::time::{Duration, Instant};

use super::{Flow, flow};
use crate::host::udp::{Sink, Source};
use crate::world::{Side, World};

/// Bytes per packet of a call, headers included.
pub const CALL_LEN: usize = 160;
/// Between two packets of a call.
pub const CALL_INTERVAL: Duration = Duration::from_millis(20);
/// What is lost counts as this late.
const NEVER: Duration = Duration::from_secs(60);

/// Adds a call from now on, for `time`: its direction from the laptop, and that from the server.
pub fn call(world: &mut World, time: Duration, port: u16) -> [Flow; 2] {
    let mbit = CALL_LEN as f64 * 8.0 / 1e6 / CALL_INTERVAL.as_secs_f64();
    [Side::Laptop, Side::Server].map(|from| flow(world, from, CALL_LEN, mbit, time, port))
}

/// One-way delays of what was sent from `begin` on, sorted; what was lost counts as a minute.
pub fn delays(world: &World, flow: &Flow, begin: Instant) -> Vec<Duration> {
    let got = &world.endpoint::<Sink>(flow.sink).got;
    let sent = world.endpoint::<Source>(flow.source).sent.iter().zip(0..).filter(|(at, _)| **at >= begin);
    let arrival = |number: u64| got.iter().find(|(_, got)| *got == number).map(|(at, _)| *at);
    let mut delays: Vec<_> =
        sent.map(|(at, number)| arrival(number).map_or(NEVER, |arrived| arrived - *at)).collect();
    delays.sort();
    delays
}

/// Packets that were sent and have not arrived.
pub fn lost(world: &World, flow: &Flow) -> usize {
    world.endpoint::<Source>(flow.source).sent.len() - world.endpoint::<Sink>(flow.sink).got.len()
}

/// By how much the longest time between two arrivals of a call exceeds what lies between two packets.
pub fn call_gap(world: &World, flow: &Flow, from: Instant, to: Instant) -> Duration {
    world.endpoint::<Sink>(flow.sink).longest_pause(from, to).saturating_sub(CALL_INTERVAL)
}
