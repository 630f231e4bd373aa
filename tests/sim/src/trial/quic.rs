//! One bulk flow as a QUIC connection makes it.

use std::time::Duration;

use crate::host::quic::{PACKET_LEN, QuicReceiver, QuicSender, QuicStats};
use crate::profile::Profile;
use crate::world::{EndpointId, Side, World, WorldOptions};

/// A QUIC-like flow in one direction.
#[derive(Debug, Clone, Copy)]
pub struct QuicFlow {
    /// Its endpoints: a [`QuicSender`].
    pub sender: EndpointId,
    /// And a [`QuicReceiver`].
    pub receiver: EndpointId,
}

/// What a QUIC-like flow got.
#[derive(Debug, Clone, Copy)]
pub struct QuicOutcome {
    /// Mbit/s of its packets, headers included, after a time to warm up.
    pub mbit: f64,
    /// What its sender counted, from the beginning.
    pub stats: QuicStats,
    /// Packets that came after one with a higher number.
    pub reordered: u64,
}

/// Adds a flow from `from`, spread over the round trip or not.
pub fn add_quic(world: &mut World, from: Side, port: u16, is_paced: bool) -> QuicFlow {
    let to = from.other();
    let (local, remote) = ((World::address(from), port), (World::address(to), port));
    let new = if is_paced { QuicSender::paced } else { QuicSender::new };
    let sender = world.attach(from, port, new(local, remote, world.now()));
    QuicFlow { sender, receiver: world.attach(to, port, QuicReceiver::new(remote, local)) }
}

/// What one flow gets through a world of its own in `time`, after `warm`.
pub fn quic(
    profile: &Profile,
    options: WorldOptions,
    from: Side,
    is_paced: bool,
    (warm, time): (Duration, Duration),
) -> QuicOutcome {
    let mut world = World::connected(profile, options);
    let flow = add_quic(&mut world, from, 7000, is_paced);
    world.run_for(warm);
    let before = world.endpoint::<QuicReceiver>(flow.receiver).got.len();
    world.run_for(time);
    let receiver = world.endpoint::<QuicReceiver>(flow.receiver);
    let bits = ((receiver.got.len() - before) * PACKET_LEN * 8) as f64;
    QuicOutcome {
        mbit: bits / 1e6 / time.as_secs_f64(),
        stats: world.endpoint::<QuicSender>(flow.sender).stats(),
        reordered: receiver.reordered(),
    }
}
