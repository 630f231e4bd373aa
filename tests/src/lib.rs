//! The lab: real kernels, real binaries, made-up networks.
//!
//! A [`world::World`] is a laptop with several links, an internet, a gateway and a web server behind it, each in a
//! network namespace of its own ([`netns`]) inside one process. Between them run emulated links ([`link`]) with
//! rate, delay, jitter, loss, queue, MTU, carrier, blackholes and NAT, all changeable while traffic ([`traffic`])
//! flows. On that stand the demonstration ([`demo`]), the shell ([`shell`]), scenarios as data ([`scenario`]), the
//! benchmark against other systems ([`mod@bench`]), the check of the lab's own precision ([`selftest`]) and the namespace
//! tests of tandem.
//!
//! No program of the host is needed, neither `ip` nor `tc` nor iperf3, except what the benchmark compares tandem with;
//! and nothing outlives the process.

use std::time::{Duration, Instant};

pub mod bench;
pub mod demo;
pub mod exclusive;
pub mod interrupt;
pub mod link;
pub mod netif;
pub mod netns;
pub mod scenario;
pub mod selftest;
pub mod shell;
mod sys;
pub mod traffic;
pub mod world;

/// Asks every 10 ms until the answer is yes or the time is over; the last answer.
pub fn wait_until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
