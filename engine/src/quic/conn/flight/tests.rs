use super::*;
use crate::testing::start;

fn datagram(tag: u8, len: usize) -> Datagram {
    Datagram::new(start(), Bytes::from(vec![tag; len]))
}

fn tags(datagrams: &[Datagram]) -> Vec<u8> {
    datagrams.iter().map(|datagram| datagram.bytes[0]).collect()
}

fn lost(flight: &mut Flight, pn: u64) -> Vec<u8> {
    let mut lost = Vec::new();
    flight.lost(pn, |datagram| lost.push(datagram));
    tags(&lost)
}

#[test]
fn each_full_packet_carries_one_datagram() {
    let mut flight = Flight::default();
    let packets = [Sent { pn: 7, bytes: 1440 }, Sent { pn: 8, bytes: 1440 }];
    flight.sent(&packets, [datagram(1, 1400), datagram(2, 1400)].into_iter());
    assert_eq!(lost(&mut flight, 8), [2]);
    assert_eq!(lost(&mut flight, 7), [1]);
}

#[test]
fn small_datagrams_share_a_packet_and_its_fate() {
    let mut flight = Flight::default();
    flight.sent(&[Sent { pn: 3, bytes: 300 }], (1..=3).map(|tag| datagram(tag, 80)));
    assert_eq!(lost(&mut flight, 3), [1, 2, 3]);
}

#[test]
fn a_packet_of_acks_alone_carries_nothing() {
    let mut flight = Flight::default();
    let packets = [Sent { pn: 1, bytes: 60 }, Sent { pn: 2, bytes: 1440 }];
    flight.sent(&packets, [datagram(9, 1400)].into_iter());
    assert_eq!(lost(&mut flight, 1), Vec::<u8>::new());
    assert_eq!(lost(&mut flight, 2), [9]);
}

#[test]
fn what_was_acknowledged_is_not_taken_back() {
    let mut flight = Flight::default();
    for pn in 0..5 {
        flight.sent(&[Sent { pn, bytes: 1440 }], std::iter::once(datagram(pn as u8, 1400)));
    }
    let mut acked = Vec::new();
    flight.acked(1, |datagram| acked.push(datagram));
    flight.acked(3, |datagram| acked.push(datagram));
    assert_eq!(tags(&acked), [1, 3]);
    assert_eq!(tags(&flight.take()), [0, 2, 4]);
    assert!(flight.entries.is_empty());
}

#[test]
fn a_fate_is_told_once() {
    let mut flight = Flight::default();
    flight.sent(&[Sent { pn: 4, bytes: 1440 }], std::iter::once(datagram(1, 1400)));
    assert_eq!(lost(&mut flight, 4), [1]);
    assert_eq!(lost(&mut flight, 4), Vec::<u8>::new());
}
