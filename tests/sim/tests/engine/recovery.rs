//! What is lost: how much of it goes again, and what becomes of the rest.

use tandem_sim::trial::{self, FULL};
use tandem_sim::world::Side;

use crate::common::{SECOND, connected, counters, links, ms, with};

#[test]
fn what_is_not_sent_again_is_waited_for_no_longer_than_until_the_sender_says_so() {
    let mut world = connected(&links(&[(50, 20)]));
    let flow = trial::flow(&mut world, Side::Laptop, FULL, 40.0, 3 * SECOND, 7000);
    world.run_for(2 * SECOND);
    // Twice as much as may be sent again at once.
    world.blackhole(0, true);
    world.run_for(ms(30));
    world.blackhole(0, false);
    let begin = world.now();
    world.run_for(2 * SECOND);
    trial::check(&mut world);
    let lost = trial::lost(&world, &flow);
    assert!(lost > 30, "only {lost} packets were not sent again");
    // The loss is known after a round trip of 40 ms, and the word of it takes half of one. Without it, they wait 115 ms.
    let delays = trial::delays(&world, &flow, begin);
    let longest = *delays.iter().rfind(|delay| **delay < SECOND).expect("some came");
    assert!(longest < ms(110), "the first after them came within {longest:?}");
}

#[test]
fn what_goes_again_is_bounded_in_both_directions_by_what_the_client_wants() {
    // In bytes; in datagrams it is more, as what says that a packet is gone is short, and goes again as well.
    for (share, expected) in [(0, 0..=5), (20, 15..=40), (1000, 90..=130)] {
        let mut profile = links(&[(20, 20)]);
        profile.link[0].both.loss = Some(0.1);
        let mut world = connected(&profile);
        with(&mut world, |duplication| duplication.lost_share = share);
        world.run_for(SECOND / 2);
        let before = counters(&mut world);
        for (from, port) in [(Side::Laptop, 7000), (Side::Server, 7001)] {
            trial::flow(&mut world, from, FULL, 8.0, 10 * SECOND, port);
        }
        world.run_for(11 * SECOND);
        trial::check(&mut world);
        for (before, after) in before.iter().zip(counters(&mut world)) {
            let again = after.reinjected - before.reinjected;
            let thousandths = again * 1000 / (after.tx_packets - before.tx_packets);
            assert!(
                expected.contains(&thousandths),
                "{thousandths} thousandths went again, of {share} that may"
            );
        }
    }
}
