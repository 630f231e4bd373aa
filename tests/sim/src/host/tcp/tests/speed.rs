//! Speed and fairness without faults.

use super::*;

#[test]
fn cubic_fills_a_pipe_with_a_queue_of_one_round_trip() {
    let world = one(Pipe::new(50, 10), 20, |_| {});
    let goodput = world.goodput(0, ms(3000), ms(20_000));
    assert!(goodput > 50.0 * PAYLOAD * 0.95, "{goodput}");
    assert_eq!(world.flows[0].stats().timeouts, 0);
    assert_eq!(world.flows[0].stats().spurious, 0);
}

#[test]
fn bbr_fills_the_same_pipe_and_keeps_the_queue_short() {
    let world = one(Pipe::new(50, 10), 20, |config| config.algorithm = Algorithm::Bbr);
    let goodput = world.goodput(0, ms(3000), ms(20_000));
    assert!(goodput > 50.0 * PAYLOAD * 0.93, "{goodput}");
    let flow = &world.flows[0];
    assert_eq!(flow.stats().timeouts, 0);
    let rtt = flow.sender.smoothed_rtt().unwrap();
    assert!(rtt < ms(35), "{rtt:?}");
}

#[test]
fn the_window_grows_until_it_fills_a_long_and_fast_pipe() {
    let world = one(Pipe::new(200, 40), 20, |_| {});
    let goodput = world.goodput(0, ms(10_000), ms(20_000));
    assert!(goodput > 200.0 * PAYLOAD * 0.9, "{goodput}");
}

#[test]
fn a_small_receive_buffer_bounds_the_rate() {
    let world = one(Pipe::new(50, 50), 10, |config| config.receive_buffer = 128 << 10);
    let goodput = world.goodput(0, ms(2000), ms(10_000));
    // 64 KiB per 100 ms.
    assert!((4.0..5.4).contains(&goodput), "{goodput}");
    assert_eq!(world.flows[0].stats().retransmissions, 0);
}

#[test]
fn a_program_that_reads_slowly_closes_the_window_and_nothing_is_lost() {
    let world = one(Pipe::new(50, 10), 20, |config| config.read_rate = Some(250_000));
    let goodput = world.goodput(0, ms(5000), ms(20_000));
    assert!((1.5..2.6).contains(&goodput), "{goodput}");
    assert_eq!(world.flows[0].stats().retransmissions, 0);
}

#[test]
fn two_flows_share_fairly() {
    for algorithm in [Algorithm::Cubic, Algorithm::Bbr] {
        let mut world = World::new(Pipe::new(50, 10));
        for delay in [0, 2000] {
            world.add_flow(ms(delay), |config| config.algorithm = algorithm);
        }
        world.run(ms(60_000));
        let [a, b] = [0, 1].map(|flow| world.goodput(flow, ms(20_000), ms(60_000)));
        assert!(a + b > 50.0 * PAYLOAD * 0.93, "{algorithm:?}: {a} + {b}");
        let jain = (a + b).powi(2) / (2.0 * (a * a + b * b));
        assert!(jain > 0.9, "{algorithm:?}: {a} and {b}");
    }
}

#[test]
fn a_server_sends_to_whoever_opened() {
    let world = one(Pipe::new(50, 10), 5, |config| config.open = Open::Passive);
    let goodput = world.goodput(0, ms(2000), ms(5000));
    assert!(goodput > 50.0 * PAYLOAD * 0.9, "{goodput}");
}

#[test]
fn a_short_transfer_takes_the_round_trips_of_slow_start() {
    let world = one(Pipe::new(100, 50), 5, |config| config.source = Source::Bytes(100_000));
    let progress = &world.flows[0].receiver.stats().progress;
    assert_eq!(progress.total(), 100_000);
    // The handshake, then 10, 20 and 40 segments, the last of which arrive half a round trip after.
    let took = progress.last().unwrap() - world.start;
    assert!((ms(345)..ms(375)).contains(&took), "{took:?}");
    assert_eq!(world.flows[0].sender.acknowledged(), 100_000);
}

#[test]
fn a_live_stream_keeps_its_rate_and_its_window_does_not_grow_without_need() {
    for algorithm in [Algorithm::Cubic, Algorithm::Bbr] {
        let world = one(Pipe::new(50, 10), 20, |config| {
            config.source = Source::Rate(500_000);
            config.algorithm = algorithm;
        });
        let goodput = world.goodput(0, ms(2000), ms(20_000));
        assert!((3.9..4.1).contains(&goodput), "{algorithm:?}: {goodput}");
        let most = world.flows[0].stats().window.entries().iter().map(|&(_, segments)| segments).max();
        assert!(most < Some(60), "{algorithm:?}: {most:?}");
    }
}

#[test]
fn sequence_numbers_may_wrap() {
    let world = one(Pipe::new(50, 10), 3, |config| config.initial_sequence = u32::MAX - 1_000_000);
    let goodput = world.goodput(0, ms(1000), ms(3000));
    assert!(goodput > 50.0 * PAYLOAD * 0.9, "{goodput}");
}
