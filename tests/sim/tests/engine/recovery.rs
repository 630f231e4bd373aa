//! What is lost and not sent again.

use tandem_sim::trial::{self, FULL};
use tandem_sim::world::Side;

use crate::common::{SECOND, connected, links, ms};

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
