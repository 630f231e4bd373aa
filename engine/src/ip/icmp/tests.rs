use super::super::testing::{V4_A, V4_B, V6_A, V6_B, mangled, plain_sum, reseal, transport_sum, udp, v4, v6};
use super::*;

const ROUTER_V4: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const ROUTER_V6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1);

fn v4_df(len: usize) -> Vec<u8> {
    let mut packet = v4(17, &udp(1000, 53, len - 20));
    packet[6] = 0x40;
    reseal(&mut packet);
    packet
}

fn assert_checksums(packet: &[u8]) {
    let header = Header::parse(packet).unwrap();
    assert_eq!(header.len, packet.len());
    if header.src.is_ipv4() {
        assert_eq!(plain_sum(&packet[..20]), 0xffff, "header");
        assert_eq!(plain_sum(&packet[20..]), 0xffff, "message");
    } else {
        assert_eq!(transport_sum(header.src, header.dst, 58, &packet[40..]), 0xffff, "message");
    }
}

#[test]
fn packet_too_big_for_ipv4_names_the_mtu_and_quotes_the_packet() {
    let original = v4_df(1500);
    let answer = packet_too_big(&original, 1420, ROUTER_V4.into()).unwrap();
    assert_checksums(&answer);
    let header = Header::parse(&answer).unwrap();
    assert_eq!((header.src, header.dst), (ROUTER_V4.into(), V4_A.into()));
    assert_eq!(answer.len(), 576);
    assert_eq!(answer[20..22], [3, 4]);
    assert_eq!(answer[24..28], [0, 0, 0x05, 0x8c]);
    assert_eq!(answer[28..], original[..548]);
}

#[test]
fn packet_too_big_for_ipv6_names_the_mtu_and_quotes_the_packet() {
    let original = v6(17, &udp(1000, 53, 1460));
    let answer = packet_too_big(&original, 1420, ROUTER_V6.into()).unwrap();
    assert_checksums(&answer);
    let header = Header::parse(&answer).unwrap();
    assert_eq!((header.src, header.dst), (ROUTER_V6.into(), V6_A.into()));
    assert_eq!(answer.len(), 1280);
    assert_eq!(answer[40..42], [2, 0]);
    assert_eq!(answer[44..48], 1420u32.to_be_bytes());
    assert_eq!(answer[48..], original[..1232]);
}

#[test]
fn a_reported_mtu_is_never_below_the_least_of_its_version() {
    let answer = packet_too_big(&v4_df(100), 20, ROUTER_V4.into()).unwrap();
    assert_eq!(answer[24..28], 68u32.to_be_bytes());
    let answer = packet_too_big(&v6(17, &udp(1, 2, 100)), 600, ROUTER_V6.into()).unwrap();
    assert_eq!(answer[44..48], 1280u32.to_be_bytes());
}

#[test]
fn an_ipv4_packet_that_may_be_fragmented_is_not_too_big() {
    assert_eq!(packet_too_big(&v4(17, &udp(1, 2, 1480)), 1420, ROUTER_V4.into()), None);
}

#[test]
fn each_reason_has_its_code() {
    let codes = [
        (Unreachable::NoRoute, 0, 0),
        (Unreachable::Host, 1, 3),
        (Unreachable::Prohibited, 13, 1),
        (Unreachable::SourceAddress, 13, 5),
    ];
    for (reason, code_v4, code_v6) in codes {
        let answer = unreachable(&v4(17, &udp(1, 2, 30)), reason, ROUTER_V4.into()).unwrap();
        assert_checksums(&answer);
        assert_eq!(answer[20..22], [3, code_v4]);
        assert_eq!(answer[24..28], [0; 4]);
        let answer = unreachable(&v6(17, &udp(1, 2, 31)), reason, ROUTER_V6.into()).unwrap();
        assert_checksums(&answer);
        assert_eq!(answer[40..42], [1, code_v6]);
    }
}

#[test]
fn a_router_of_the_other_version_cannot_answer() {
    assert_eq!(packet_too_big(&v4_df(1500), 1420, ROUTER_V6.into()), None);
    assert_eq!(unreachable(&v6(17, &[0; 8]), Unreachable::Host, ROUTER_V4.into()), None);
}

#[test]
fn icmp_errors_are_not_answered() {
    for kind in [3, 4, 5, 11, 12] {
        let packet = v4(1, &[kind, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(unreachable(&packet, Unreachable::Host, ROUTER_V4.into()), None, "ICMP {kind}");
    }
    for kind in [1, 2, 3, 4, 127, 137] {
        let packet = v6(58, &[kind, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(unreachable(&packet, Unreachable::Host, ROUTER_V6.into()), None, "ICMPv6 {kind}");
    }
    assert_eq!(unreachable(&v4(1, &[]), Unreachable::Host, ROUTER_V4.into()), None);
}

#[test]
fn pings_are_answered() {
    assert!(unreachable(&v4(1, &[8, 0, 0, 0]), Unreachable::Host, ROUTER_V4.into()).is_some());
    assert!(unreachable(&v6(58, &[128, 0, 0, 0]), Unreachable::Host, ROUTER_V6.into()).is_some());
}

#[test]
fn only_the_first_fragment_is_answered() {
    let mut packet = v4(17, &udp(1, 2, 64));
    packet[6] = 0x20;
    assert!(unreachable(&packet, Unreachable::Host, ROUTER_V4.into()).is_some());
    packet[7] = 8;
    assert_eq!(unreachable(&packet, Unreachable::Host, ROUTER_V4.into()), None);
}

#[test]
fn nothing_but_a_single_host_is_answered() {
    let mut sources = Vec::new();
    for bad in [[0, 0, 0, 0], [127, 0, 0, 1], [224, 0, 0, 251], [255; 4], [240, 0, 0, 1]] {
        let mut packet = v4(17, &udp(1, 2, 30));
        packet[12..16].copy_from_slice(&bad);
        sources.push((packet, IpAddr::V4(ROUTER_V4)));
    }
    for bad in [Ipv6Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST, Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1)] {
        let mut packet = v6(17, &udp(1, 2, 30));
        packet[8..24].copy_from_slice(&bad.octets());
        sources.push((packet, IpAddr::V6(ROUTER_V6)));
    }
    for bad in [[224, 0, 0, 251], [255; 4]] {
        let mut packet = v4(17, &udp(1, 2, 30));
        packet[16..20].copy_from_slice(&bad);
        sources.push((packet, IpAddr::V4(ROUTER_V4)));
    }
    let mut packet = v6(17, &udp(1, 2, 30));
    packet[24] = 0xff;
    sources.push((packet, IpAddr::V6(ROUTER_V6)));
    for (packet, from) in sources {
        assert_eq!(unreachable(&packet, Unreachable::Host, from), None, "{packet:02x?}");
    }
}

#[test]
fn bytes_behind_the_packet_are_not_quoted() {
    let mut packet = v4(17, &udp(1, 2, 30));
    let len = packet.len();
    packet.extend([0xee; 40]);
    let answer = unreachable(&packet, Unreachable::Host, ROUTER_V4.into()).unwrap();
    assert_eq!(answer[28..], packet[..len]);
}

#[test]
fn noise_gets_a_well_formed_answer_or_none() {
    let mut answers = 0;
    mangled(100_000, |packet| {
        for from in [IpAddr::V4(V4_B), IpAddr::V6(V6_B)] {
            let too_big = packet_too_big(packet, 1280, from);
            for answer in too_big.into_iter().chain(unreachable(packet, Unreachable::NoRoute, from)) {
                answers += 1;
                assert_checksums(&answer);
                assert_eq!(packet_too_big(&answer, 1280, from), None, "an error was answered");
            }
        }
    });
    assert!(answers > 10_000);
}
