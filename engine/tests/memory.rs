//! What a gateway remembers of a peer that is idle.

#[path = "../benches/crowd/mod.rs"]
mod crowd;

use std::time::Duration;

use crowd::Crowd;

/// What an idle peer with two paths may hold, bytes. Less, and the gateway has forgotten it.
const BOUNDS: std::ops::RangeInclusive<usize> = 16 << 10..=100 << 10;
const PEERS: usize = 16;
/// After which queues and the table of flows have given their memory back.
const REST: Duration = Duration::from_secs(120);

#[test]
fn an_idle_peer_holds_little_memory() {
    let mut crowd = Crowd::new();
    // The first also pays for what is made once.
    crowd.join();
    crowd.carry(0, 400, 1);
    crowd.rest(REST);
    let before = crowd.held();
    for number in 1..=PEERS {
        crowd.join();
        crowd.carry(number, 400, 1);
        crowd.rest(REST);
    }
    let each = (crowd.held() - before) / PEERS;
    println!("{each} bytes for each idle peer with two paths");
    assert!(BOUNDS.contains(&each), "{each} bytes for each idle peer");
}
