//! Times in which nothing passes.

use super::*;

#[test]
fn after_three_seconds_of_silence_it_goes_on_by_the_next_timeout() {
    for algorithm in [Algorithm::Cubic, Algorithm::Bbr] {
        let mut pipe = Pipe::new(50, 10);
        pipe.outage = (ms(5000), ms(8000));
        let world = one(pipe, 20, |config| config.algorithm = algorithm);
        let stats = world.flows[0].stats();
        let progress = &world.flows[0].receiver.stats().progress;
        let (pause, since) = progress.longest_pause(world.start + ms(2000), world.start + ms(20_000));
        assert!(since - world.start < ms(5100));
        // Timeouts at about 0.25, 0.7, 1.6, 3.5 s after the last answer.
        assert!((ms(3000)..ms(4500)).contains(&pause), "{algorithm:?}: {pause:?}");
        assert!((3..=6).contains(&stats.timeouts), "{algorithm:?}: {}", stats.timeouts);
        let goodput = world.goodput(0, ms(12_000), ms(20_000));
        assert!(goodput > 50.0 * PAYLOAD * 0.85, "{algorithm:?}: {goodput}");
    }
}

#[test]
fn a_needless_timeout_is_taken_back() {
    let mut pipe = Pipe::new(50, 10);
    // Packets of one moment are held for half a second and then come all at once.
    let mut held = 0;
    pipe.skew = Box::new(move |packet| {
        held += u64::from(packet > 5000 && held < 400);
        if packet > 5000 && held < 400 {
            ms(500).saturating_sub(Duration::from_micros(240) * held as u32)
        } else {
            Duration::ZERO
        }
    });
    let world = one(pipe, 10, |_| {});
    let stats = world.flows[0].stats();
    assert!(stats.timeouts >= 1 && stats.undone >= 1, "{} {}", stats.timeouts, stats.undone);
    let goodput = world.goodput(0, ms(4000), ms(10_000));
    assert!(goodput > 50.0 * PAYLOAD * 0.85, "{goodput}");
}

#[test]
fn a_lost_handshake_is_begun_again_after_a_second() {
    let mut pipe = Pipe::new(50, 10);
    pipe.outage = (ms(0), ms(500));
    let world = one(pipe, 5, |_| {});
    let progress = &world.flows[0].receiver.stats().progress;
    let (pause, _) = progress.longest_pause(world.start, world.start + ms(5000));
    assert!((ms(1010)..ms(1100)).contains(&pause), "{pause:?}");
}
