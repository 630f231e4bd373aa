use std::time::Duration;

use super::*;

const MS: Duration = Duration::from_millis(1);

fn acknowledges(receiver: &mut Receiver, now: Instant) -> bool {
    receiver.poll_ack(now, &mut [0; ACK_ROOM]).is_some()
}

#[test]
fn the_first_packet_of_a_pair_waits_for_the_second() {
    let (mut receiver, now) = (Receiver::default(), Instant::now());
    assert!(receiver.handle_packet(now, 0));
    assert!(!acknowledges(&mut receiver, now));
    assert!(receiver.handle_packet(now, 1));
    assert!(acknowledges(&mut receiver, now));
    assert!(receiver.handle_packet(now, 2));
    assert!(!acknowledges(&mut receiver, now + 24 * MS));
    assert!(acknowledges(&mut receiver, now + 25 * MS));
}

#[test]
fn what_is_out_of_order_is_told_at_once() {
    let (mut receiver, now) = (Receiver::default(), Instant::now());
    receiver.handle_packet(now, 1);
    assert!(acknowledges(&mut receiver, now));
    receiver.handle_packet(now, 0);
    assert!(acknowledges(&mut receiver, now));
    assert_eq!(receiver.reordered(), 1);
}

#[test]
fn a_copy_counts_for_nothing() {
    let (mut receiver, now) = (Receiver::default(), Instant::now());
    assert!(receiver.handle_packet(now, 0));
    assert!(!receiver.handle_packet(now, 0));
    assert!(!acknowledges(&mut receiver, now));
}
