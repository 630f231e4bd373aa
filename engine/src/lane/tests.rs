use super::*;

fn place(class: Class, lane: u8, seq: u32) -> Place {
    Place { class, lane, seq }
}

#[test]
fn a_place_survives_the_way() {
    for class in Class::ALL {
        let place = place(class, 0xff, SEQUENCES - 1);
        let mut buf = Vec::new();
        place.encode(&mut buf);
        assert_eq!(buf.len(), Place::LEN);
        assert_eq!(Place::decode(&mut buf.as_slice()), Some(place));
        assert_eq!(Place::decode(&mut &buf[..3]), None);
    }
}

#[test]
fn class_lane_and_number_have_bits_of_their_own() {
    let bits = |place: Place| {
        let mut buf = Vec::new();
        place.encode(&mut buf);
        u32::from_be_bytes(buf.try_into().unwrap())
    };
    assert_eq!(bits(place(Class::Background, 0, 0)), 0xc000_0000);
    assert_eq!(bits(place(Class::Realtime, 0xff, 0)), 0x3fc0_0000);
    assert_eq!(bits(place(Class::Realtime, 0, SEQUENCES - 1)), 0x003f_ffff);
}

#[test]
fn distances_go_both_ways_around_the_wrap() {
    assert_eq!(ahead(1, SEQUENCES - 1), 2);
    assert_eq!(ahead(SEQUENCES - 1, 1), -2);
    assert_eq!(ahead(7, 7), 0);
    assert_eq!(ahead(SEQUENCES / 2 - 1, 0), (SEQUENCES / 2 - 1).cast_signed());
}

#[test]
fn a_number_is_not_used_again_while_its_packet_may_still_come() {
    // What is sent again leaves within 0.3 s, and a path is given up after 3 s.
    let packets_per_second = 300_000;
    assert!(SEQUENCES / 2 > packets_per_second * 33 / 10 * 2);
}

#[test]
fn each_lane_counts_for_itself_and_wraps() {
    let mut sequencer = Sequencer::default();
    let mut place = |flow| sequencer.place(flow, Class::Bulk);
    let places: Vec<_> = [0, 1 << 24, 5, 1 << 24].map(&mut place).to_vec();
    assert_eq!(
        places.iter().map(|place| (place.lane, place.seq)).collect::<Vec<_>>(),
        [(0, 0), (1, 0), (0, 1), (1, 1)]
    );
    sequencer.next[3] = SEQUENCES - 1;
    assert_eq!(sequencer.place(3 << 24, Class::Bulk).seq, SEQUENCES - 1);
    assert_eq!(sequencer.place(3 << 24, Class::Bulk).seq, 0);
}

#[test]
fn numbers_go_on_when_the_class_changes() {
    let mut sequencer = Sequencer::default();
    let numbers: Vec<_> = Class::ALL.map(|class| sequencer.place(9 << 24, class).seq).to_vec();
    assert_eq!(numbers, [0, 1, 2, 3]);
}

#[test]
fn only_flows_that_suffer_from_disorder_are_ordered() {
    let is_ordered = |protocol, len, class| {
        Sequencer::default().place(flow_of(protocol, len, class, 0xffff_ffff), class).is_ordered()
    };
    for class in [Class::Interactive, Class::Bulk, Class::Background] {
        assert!(is_ordered(protocol::TCP, 1400, class));
        assert!(is_ordered(protocol::UDP, 1220, class));
        assert!(!is_ordered(protocol::UDP, 60, class));
        assert!(!is_ordered(protocol::ICMP, 28, class));
    }
    assert!(!is_ordered(protocol::UDP, 1220, Class::Realtime), "video would wait for what it can do without");
    assert!(is_ordered(protocol::TCP, 1400, Class::Realtime), "TCP waits in any case");
}
