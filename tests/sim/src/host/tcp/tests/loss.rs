//! Random loss.

use super::*;

fn lossy(loss: f64, algorithm: Algorithm) -> World {
    let mut pipe = Pipe::new(100, 20);
    pipe.loss = loss;
    one(pipe, 30, |config| config.algorithm = algorithm)
}

/// Goodput in Mbit/s that RFC 9438, section 5.2 and the Reno-friendly region foretell for 40 ms.
fn expected(loss: f64) -> f64 {
    let rtt: f64 = 0.04;
    // C = 0.4, beta = 0.7: 1.054 * rtt^0.75 / p^0.75 segments per window, divided by the round trip.
    let cubic = 1.054 * (rtt / loss).powf(0.75);
    let reno = 1.22 / loss.sqrt();
    cubic.max(reno) / rtt * 1448.0 * 8.0 / 1e6
}

#[test]
fn cubic_under_loss_is_as_fast_as_theory_says() {
    for loss in [0.001, 0.01] {
        let world = lossy(loss, Algorithm::Cubic);
        let goodput = world.goodput(0, ms(5000), ms(30_000));
        let expected = expected(loss).min(100.0 * PAYLOAD);
        assert!((0.6 * expected..1.5 * expected).contains(&goodput), "{loss}: {goodput}, not {expected}");
        let stats = world.flows[0].stats();
        assert!(stats.spurious * 50 <= stats.retransmissions, "{stats:?}");
        assert!(stats.timeouts <= 3, "{}", stats.timeouts);
    }
}

#[test]
fn bbr_does_not_mind_one_percent() {
    let world = lossy(0.01, Algorithm::Bbr);
    let goodput = world.goodput(0, ms(5000), ms(30_000));
    assert!(goodput > 80.0, "{goodput}");
    let stats = world.flows[0].stats();
    assert!(stats.spurious * 50 <= stats.retransmissions, "{} {}", stats.spurious, stats.retransmissions);
}

#[test]
fn only_what_was_lost_is_sent_again() {
    let world = lossy(0.01, Algorithm::Cubic);
    let stats = world.flows[0].stats();
    let share = stats.retransmissions as f64 / stats.segments as f64;
    assert!((0.009..0.0115).contains(&share), "{share}");
}

#[test]
fn lost_acknowledgements_cost_little() {
    let mut pipe = Pipe::new(50, 10);
    pipe.ack_loss = 0.1;
    let world = one(pipe, 20, |_| {});
    let goodput = world.goodput(0, ms(3000), ms(20_000));
    assert!(goodput > 50.0 * PAYLOAD * 0.9, "{goodput}");
    assert_eq!(world.flows[0].stats().timeouts, 0);
}

#[test]
fn a_damaged_packet_is_noticed_and_repeated() {
    let mut pipe = Pipe::new(50, 10);
    pipe.damage = Some(100);
    let world = one(pipe, 2, |config| config.source = Source::Bytes(1_000_000));
    assert_eq!(world.flows[0].receiver.stats().progress.total(), 1_000_000);
    assert!(world.flows[0].stats().retransmissions > 0);
}

#[test]
fn a_lost_tail_is_found_by_a_probe_before_the_timeout() {
    let mut pipe = Pipe::new(50, 10);
    // The third burst's end: the program has nothing to send after it.
    pipe.outage = (ms(44), ms(65));
    let world = one(pipe, 5, |config| config.source = Source::Bytes(30 * 1448));
    let (stats, progress) = (world.flows[0].stats(), &world.flows[0].receiver.stats().progress);
    assert_eq!(progress.total(), 30 * 1448);
    assert_eq!(stats.timeouts, 0, "{stats:?}");
    assert!(stats.probes > 0);
    assert!(progress.last().unwrap() - world.start < ms(200), "{:?}", progress.last().unwrap() - world.start);
}

#[test]
fn the_same_world_goes_the_same_way_twice() {
    for algorithm in [Algorithm::Cubic, Algorithm::Bbr] {
        let [one, other] = [(); 2].map(|()| {
            let world = lossy(0.01, algorithm);
            let stats = world.flows[0].stats();
            let window: Vec<_> =
                stats.window.entries().iter().map(|&(at, segments)| (at - world.start, segments)).collect();
            (window, stats.segments, stats.retransmissions, world.flows[0].receiver.stats().progress.total())
        });
        assert!(one == other, "{algorithm:?}");
    }
}
