//! What a gateway allocates for a packet. In a file of its own, as the counters are the process's.

#[path = "../benches/crowd/mod.rs"]
mod crowd;

use crowd::Crowd;

/// Packets each way in a millisecond: 700 Mbit/s.
const BURST: usize = 64;
/// Allocations for a packet at most, where a tunnel has found its speed.
const ALLOCATIONS: f64 = 1.6;

#[test]
fn a_packet_of_a_fast_transfer_costs_one_or_two_allocations() {
    const MILLISECONDS: usize = 500;
    let mut crowd = Crowd::new();
    crowd.join();
    crowd.carry(0, MILLISECONDS, BURST);
    let before = crowd.allocations();
    crowd.carry(0, MILLISECONDS, BURST);
    let each = (crowd.allocations() - before) as f64 / (2 * BURST * MILLISECONDS) as f64;
    println!("{each:.3} allocations for each packet");
    assert!(each <= ALLOCATIONS, "{each:.3} allocations for each packet");
}
