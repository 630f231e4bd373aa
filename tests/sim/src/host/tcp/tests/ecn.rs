//! Marks instead of losses.

use super::*;

#[test]
fn marks_hold_the_window_down_and_nothing_is_lost() {
    let mut pipe = Pipe::new(50, 10);
    pipe.queue *= 4;
    pipe.mark = 60_000;
    let world = one(pipe, 20, |config| config.ecn = true);
    let (stats, goodput) = (world.flows[0].stats(), world.goodput(0, ms(3000), ms(20_000)));
    assert_eq!(stats.retransmissions, 0);
    assert!(stats.ecn_reductions > 5);
    assert!(world.flows[0].receiver.stats().marked > 0);
    assert!(goodput > 50.0 * PAYLOAD * 0.85, "{goodput}");
}

#[test]
fn without_ecn_nothing_is_marked() {
    let mut pipe = Pipe::new(50, 10);
    pipe.mark = 0;
    let world = one(pipe, 2, |_| {});
    assert_eq!(world.flows[0].receiver.stats().marked, 0);
}
