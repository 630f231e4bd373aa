use std::net::IpAddr;

use super::super::testing::{V4_A, V4_B, V6_A, V6_B, mangled, tcp, transport_sum, v4, v6};
use super::*;

const SYN_ACK: u8 = 0x12;
const ACK: u8 = 0x10;

fn packets(flags: u8, options: &[u8]) -> [Vec<u8>; 2] {
    [
        v4(6, &tcp(V4_A.into(), V4_B.into(), flags, options)),
        v6(6, &tcp(V6_A.into(), V6_B.into(), flags, options)),
    ]
}

fn assert_checksum(packet: &[u8]) {
    let Header { src, dst, payload, .. } = Header::parse(packet).unwrap();
    assert_eq!(transport_sum(src, dst, protocol::TCP, &packet[payload..]), 0xffff);
}

#[test]
fn a_syn_that_asks_for_too_much_is_lowered() {
    for flags in [SYN, SYN_ACK] {
        let expected = [1380, 1360];
        for (mut packet, expected) in packets(flags, &[2, 4, 0x05, 0xb4]).into_iter().zip(expected) {
            assert_eq!(clamp(&mut packet, 1420), Some(expected));
            let value = packet.len() - 2;
            assert_eq!(packet[value..], expected.to_be_bytes());
            assert_checksum(&packet);
        }
    }
}

#[test]
fn an_option_at_an_odd_offset_keeps_the_checksum_right() {
    let options = [1, 2, 4, 0x05, 0xb4, 1, 1, 0];
    for mut packet in packets(SYN, &options) {
        assert!(clamp(&mut packet, 1400).is_some());
        assert_checksum(&packet);
    }
}

#[test]
fn a_modest_syn_is_left_alone() {
    for packet in packets(SYN, &[2, 4, 0x02, 0x18]) {
        let mut same = packet.clone();
        assert_eq!(clamp(&mut same, 1420), None);
        assert_eq!(same, packet);
    }
}

#[test]
fn nothing_but_a_syn_is_touched() {
    for packet in packets(ACK, &[2, 4, 0x05, 0xb4]) {
        let mut same = packet.clone();
        assert_eq!(clamp(&mut same, 1280), None);
        assert_eq!(same, packet);
    }
    let mut later_fragment = packets(SYN, &[2, 4, 0x05, 0xb4])[0].clone();
    later_fragment[7] = 4;
    assert_eq!(clamp(&mut later_fragment, 1280), None);
}

#[test]
fn a_malformed_option_list_ends_the_search() {
    for options in [[3, 0, 2, 4, 5, 0xb4, 0, 0], [3, 1, 2, 4, 5, 0xb4, 0, 0], [0, 0, 2, 4, 5, 0xb4, 0, 0]] {
        for mut packet in packets(SYN, &options) {
            assert_eq!(clamp(&mut packet, 1280), None, "{options:?}");
        }
    }
}

#[test]
fn noise_never_changes_its_length_or_its_sum() {
    let mut clamped = 0;
    mangled(200_000, |packet| {
        let sum = |packet: &[u8]| {
            let header = Header::parse(packet).ok()?;
            let (src, dst): (IpAddr, IpAddr) = (header.src, header.dst);
            Some(transport_sum(src, dst, header.protocol, &packet[header.payload..header.len]))
        };
        let before = sum(packet);
        if clamp(packet, 576).is_some() {
            clamped += 1;
            assert_eq!(sum(packet), before);
        }
    });
    assert!(clamped > 10_000);
}
