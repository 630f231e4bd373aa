//! What peers cost a gateway: to let them in, and to have them there while they are idle.
//!
//! ```text
//! cargo bench -p tandem-engine --bench peers -- [NUMBER…]
//! ```
//!
//! Clients and gateway are in one process, in virtual time; only what happens in the gateway is timed and counted. System
//! calls are not in it: a datagram there and back costs some microseconds more.

mod crowd;

use std::process::ExitCode;
use std::time::Duration;

use crowd::Crowd;

/// Peers, unless told otherwise.
const USUAL: [usize; 2] = [1000, 10_000];
/// As many as have an address in the benchmark's network.
const MOST: usize = 60_000;
/// Minutes of idleness that are looked at, after one in which things come to rest.
const MINUTES: u32 = 5;
const MINUTE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    // Cargo says `--bench` to every benchmark.
    let given: Result<Vec<usize>, _> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").map(|text| text.parse()).collect();
    let Some(numbers) = given.ok().filter(|numbers| numbers.iter().all(|peers| (1..=MOST).contains(peers)))
    else {
        eprintln!("usage: cargo bench -p tandem-engine --bench peers -- [NUMBER…], each from 1 to {MOST}");
        return ExitCode::from(2);
    };
    println!(
        "{:>8}{:>20}{:>18}{:>18}{:>24}",
        "peers", "handshakes/s/core", "bytes per peer", "% of a core idle", "datagrams/peer/minute"
    );
    let numbers = if numbers.is_empty() { USUAL.to_vec() } else { numbers };
    numbers.into_iter().for_each(measure);
    ExitCode::SUCCESS
}

fn measure(peers: usize) {
    let mut crowd = Crowd::new();
    (0..peers).for_each(|_| crowd.join());
    let joining = crowd.spent();
    crowd.rest(MINUTE);
    let (spent, datagrams) = (crowd.spent(), crowd.datagrams());
    crowd.rest(MINUTES * MINUTE);
    let idle = crowd.spent() - spent;
    println!(
        "{peers:>8}{:>20.0}{:>18}{:>18.3}{:>24.1}",
        peers as f64 / joining.as_secs_f64(),
        crowd.held() / peers,
        idle.as_secs_f64() * 100.0 / (MINUTES * MINUTE).as_secs_f64(),
        (crowd.datagrams() - datagrams) as f64 / (peers as f64 * f64::from(MINUTES)),
    );
}
