use super::super::Header;
use super::super::testing::{mangled, plain_sum, reseal, udp, v4, v6};
use super::*;

fn v4_with(ecn: u8) -> Vec<u8> {
    let mut packet = v4(17, &udp(1, 2, 20));
    packet[1] = 0xb8 | ecn;
    reseal(&mut packet);
    packet
}

fn v6_with(ecn: u8) -> Vec<u8> {
    let mut packet = v6(17, &udp(1, 2, 20));
    packet[0] = 0x6b;
    packet[1] = 0x80 | ecn << 4 | 0x0f;
    packet
}

#[test]
fn an_ecn_capable_packet_is_marked_and_nothing_else_changes() {
    for ecn in [1, 2] {
        for (mut packet, mut marked) in [(v4_with(ecn), v4_with(3)), (v6_with(ecn), v6_with(3))] {
            assert!(mark_ce(&mut packet));
            // The update may leave the other form of zero than a full sum would.
            if packet[0] >> 4 == 4 {
                assert_eq!(plain_sum(&packet[..20]), 0xffff);
                packet[10..12].fill(0);
                marked[10..12].fill(0);
            }
            assert_eq!(packet, marked);
            let header = Header::parse(&packet).unwrap();
            assert_eq!((header.ecn, header.dscp), (Ecn::Ce, 46));
        }
    }
}

#[test]
fn a_packet_that_cannot_be_marked_is_left_alone() {
    for packet in [v4_with(0), v6_with(0)] {
        let mut same = packet.clone();
        assert!(!mark_ce(&mut same));
        assert_eq!(same, packet);
    }
}

#[test]
fn a_packet_marked_on_the_way_stays_marked() {
    for packet in [v4_with(3), v6_with(3)] {
        let mut same = packet.clone();
        assert!(mark_ce(&mut same));
        assert_eq!(same, packet);
    }
}

#[test]
fn a_wrong_checksum_stays_wrong() {
    let mut packet = v4_with(2);
    packet[11] ^= 0x40;
    assert!(mark_ce(&mut packet));
    assert_ne!(plain_sum(&packet[..20]), 0xffff);
}

#[test]
fn noise_is_never_written_to_beyond_its_header() {
    mangled(50_000, |packet| {
        let before = packet.clone();
        let marked = mark_ce(packet);
        assert!(marked || *packet == before);
        assert_eq!(before.get(12..), packet.get(12..));
    });
}
