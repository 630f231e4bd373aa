//! Packets that come out of order: what a tunnel over several paths does to a TCP.
//!
//! The kernel's own figures, Linux 6.18 over two TUN devices with the same pipe (50 Mbit/s, 20 ms each way, a queue of
//! one round trip, every other packet late), runs of 12 to 15 s after the first 5 on a loaded machine; goodput in Mbit/s:
//!
//! | late by | Cubic, kernel | here | BBR, kernel | here |
//! |---|---|---|---|---|
//! | 0 ms | 47.4 | 48.3 | 46.7 | 47.5 |
//! | 5 ms | 47.8 | 48.2 | | 47.2 |
//! | 20 ms | 43.0 | 47.5 | 41.8 | 47.0 |
//! | 30 ms | 26.3, 42.1, 45.5 | 47.7 | | 46.9 |
//! | 50 ms | 16.8, 18.5 | 39.5 | 45.8 | 40.1 |
//! | 100 ms | 0.2 | 0.3 | 6.9 | 8.6 |
//!
//! Both lose segments that are not lost: a repetition that fills a gap renews TS.Recent, and originals that are later
//! still are refused for their older timestamps (215 by the kernel at 20 ms, 247 here).

use super::*;

/// Every other packet takes longer.
fn alternating(skew: Duration) -> Box<dyn FnMut(u64) -> Duration> {
    Box::new(move |packet| if packet % 2 == 0 { skew } else { Duration::ZERO })
}

fn skewed(skew_ms: u64, algorithm: Algorithm) -> (World, f64) {
    let mut pipe = Pipe::new(50, 20);
    pipe.skew = alternating(ms(skew_ms));
    let world = one(pipe, 20, |config| config.algorithm = algorithm);
    let goodput = world.goodput(0, ms(5000), ms(20_000));
    (world, goodput)
}

#[test]
fn skew_of_a_quarter_round_trip_does_not_matter_once_rack_has_adapted() {
    for skew in [1, 5, 10] {
        let (world, goodput) = skewed(skew, Algorithm::Cubic);
        assert!(goodput > 50.0 * PAYLOAD * 0.9, "{skew} ms: {goodput}");
        assert!(world.flows[0].receiver.stats().out_of_order > 1000);
    }
}

#[test]
fn what_was_only_late_is_found_out_and_taken_back() {
    let (world, _) = skewed(30, Algorithm::Cubic);
    let stats = world.flows[0].stats();
    assert!(stats.spurious > 0 && stats.undone > 0, "{} {}", stats.spurious, stats.undone);
}

#[test]
fn skew_of_more_than_the_round_trip_makes_cubic_collapse() {
    let (_, goodput) = skewed(100, Algorithm::Cubic);
    assert!(goodput < 20.0, "{goodput}");
}

#[test]
fn rare_late_packets_cost_little() {
    let mut pipe = Pipe::new(50, 20);
    pipe.skew = Box::new(|packet| if packet % 97 == 0 { ms(15) } else { Duration::ZERO });
    let world = one(pipe, 20, |_| {});
    let goodput = world.goodput(0, ms(5000), ms(20_000));
    assert!(goodput > 50.0 * PAYLOAD * 0.9, "{goodput}");
}
