use super::*;
use crate::ip::testing::{udp, v4};

#[test]
fn a_place_survives_the_way() {
    let place = Place { lane: 0x7f, seq: SEQUENCES - 1 };
    let mut buf = Vec::new();
    place.encode(&mut buf);
    assert_eq!(buf.len(), Place::LEN);
    assert_eq!(Place::decode(&mut buf.as_slice()), Some(place));
    assert_eq!(Place::decode(&mut &buf[..3]), None);
}

#[test]
fn distances_go_both_ways_around_the_wrap() {
    assert_eq!(ahead(1, SEQUENCES - 1), 2);
    assert_eq!(ahead(SEQUENCES - 1, 1), -2);
    assert_eq!(ahead(7, 7), 0);
}

#[test]
fn each_lane_counts_for_itself_and_wraps() {
    let mut sequencer = Sequencer::default();
    let places: Vec<_> = [0, 1 << 24, 5, 1 << 24].map(|flow| sequencer.place(flow)).to_vec();
    assert_eq!(
        places.iter().map(|place| (place.lane, place.seq)).collect::<Vec<_>>(),
        [(0, 0), (1, 0), (0, 1), (1, 1)]
    );
    sequencer.next[3] = SEQUENCES - 1;
    assert_eq!(sequencer.place(3 << 24).seq, SEQUENCES - 1);
    assert_eq!(sequencer.place(3 << 24).seq, 0);
}

#[test]
fn only_flows_that_suffer_from_disorder_are_ordered() {
    let seed = FlowSeed::new(&[1; 16]);
    let is_ordered = |packet: &[u8]| {
        let flow = flow_of(&Header::parse(packet).unwrap(), packet.len(), &seed);
        Sequencer::default().place(flow).is_ordered()
    };
    assert!(is_ordered(&v4(6, &[0; 20])));
    assert!(is_ordered(&v4(17, &udp(1, 443, 1200))));
    assert!(!is_ordered(&v4(17, &udp(1, 53, 40))));
    assert!(!is_ordered(&v4(1, &[8, 0, 0, 0, 0, 0, 0, 0])));
}
