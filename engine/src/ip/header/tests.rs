use super::super::testing::{V4_A, V4_B, V6_A, V6_B, mangled, udp, v4, v4_with_options, v6};
use super::*;

/// A DNS query as a Linux resolver sends it, DF set, ECT(0), DSCP AF21.
const DNS_QUERY: [u8; 40] = [
    0x45, 0x4a, 0x00, 0x28, 0x1c, 0x46, 0x40, 0x00, 0x40, 0x11, 0x00, 0x00, 0x0a, 0x4d, 0x00, 0x02, 0xc0,
    0x00, 0x02, 0x09, 0xd4, 0x31, 0x00, 0x35, 0x00, 0x14, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

#[test]
fn an_ipv4_header_is_read_field_by_field() {
    let header = Header::parse(&DNS_QUERY).unwrap();
    assert_eq!(
        header,
        Header {
            version: Version::V4,
            src: V4_A.into(),
            dst: V4_B.into(),
            len: 40,
            protocol: protocol::UDP,
            payload: 20,
            ports: Some(Ports { src: 0xd431, dst: 53 }),
            dscp: 18,
            ecn: Ecn::Ect0,
            dont_fragment: true,
            fragment: None,
        }
    );
}

#[test]
fn an_ipv6_header_is_read_field_by_field() {
    let mut packet = v6(protocol::UDP, &udp(1000, 2000, 12));
    packet[0] = 0x6b; // traffic class 0xb9: expedited forwarding, ECT(1)
    packet[1] = 0x9f;
    let header = Header::parse(&packet).unwrap();
    assert_eq!(
        header,
        Header {
            version: Version::V6,
            src: V6_A.into(),
            dst: V6_B.into(),
            len: 52,
            protocol: protocol::UDP,
            payload: 40,
            ports: Some(Ports { src: 1000, dst: 2000 }),
            dscp: 46,
            ecn: Ecn::Ect1,
            dont_fragment: true,
            fragment: None,
        }
    );
}

#[test]
fn bytes_behind_the_packet_do_not_count() {
    for mut packet in [v4(17, &udp(1, 2, 20)), v6(17, &udp(1, 2, 20))] {
        let len = packet.len();
        packet.extend([0; 9]);
        assert_eq!(Header::parse(&packet).unwrap().len, len);
    }
}

#[test]
fn ports_lie_behind_ipv4_options() {
    let packet = v4_with_options(protocol::TCP, &[1; 8], &udp(7, 8, 20));
    let header = Header::parse(&packet).unwrap();
    assert_eq!((header.payload, header.ports), (28, Some(Ports { src: 7, dst: 8 })));
}

#[test]
fn ports_lie_behind_ipv6_extension_headers() {
    let mut chain = vec![43, 0, 1, 4, 0, 0, 0, 0]; // hop-by-hop, next routing
    chain.extend([51, 1, 0, 0, 0, 0, 0, 0]); // routing of 16 bytes, next authentication
    chain.extend([0; 8]);
    chain.extend([60, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]); // authentication, next destination options
    chain.extend([17, 0, 1, 4, 0, 0, 0, 0]);
    chain.extend(udp(7, 8, 16));
    let header = Header::parse(&v6(0, &chain)).unwrap();
    assert_eq!(header.protocol, protocol::UDP);
    assert_eq!(header.payload, 40 + 8 + 16 + 12 + 8);
    assert_eq!(header.ports, Some(Ports { src: 7, dst: 8 }));
}

#[test]
fn only_the_first_fragment_has_ports() {
    let mut packet = v4(17, &udp(1, 2, 24));
    packet[6] = 0x20;
    let first = Header::parse(&packet).unwrap();
    assert_eq!(first.fragment, Some(Fragment { id: 0x1234, offset: 0, more: true }));
    assert!(first.ports.is_some() && first.has_payload_start());

    packet[6..8].copy_from_slice(&[0x00, 0x03]);
    let last = Header::parse(&packet).unwrap();
    assert_eq!(last.fragment, Some(Fragment { id: 0x1234, offset: 24, more: false }));
    assert!(last.ports.is_none() && !last.has_payload_start());
}

#[test]
fn an_ipv6_fragment_is_not_walked_beyond_its_fragment_header() {
    // What would be the destination options claims to be longer than the packet.
    let mut chain = vec![60, 0, 0x05, 0xa9, 0xde, 0xad, 0xbe, 0xef, 17, 200];
    chain.extend([0; 14]);
    let header = Header::parse(&v6(44, &chain)).unwrap();
    assert_eq!(header.protocol, protocol::DESTINATION_OPTIONS);
    assert_eq!(header.fragment, Some(Fragment { id: 0xdead_beef, offset: 1448, more: true }));
    assert_eq!(header.payload, 48);
}

#[test]
fn an_atomic_ipv6_fragment_is_a_whole_packet() {
    let mut chain = vec![17, 0, 0, 0, 0, 0, 0, 1];
    chain.extend(udp(7, 8, 16));
    let header = Header::parse(&v6(44, &chain)).unwrap();
    assert_eq!(header.fragment, None);
    assert_eq!(header.ports, Some(Ports { src: 7, dst: 8 }));
}

#[test]
fn a_transport_header_cut_short_has_no_ports_and_no_error() {
    let header = Header::parse(&v4(17, &[0, 1, 0])).unwrap();
    assert_eq!(header.ports, None);
}

#[test]
fn each_malformation_has_its_error() {
    assert_eq!(Header::parse(&[]), Err(Error::Truncated { needed: 20, available: 0 }));
    assert_eq!(Header::parse(&[0x45; 19]), Err(Error::Truncated { needed: 20, available: 19 }));
    assert_eq!(Header::parse(&[0x60; 39]), Err(Error::Truncated { needed: 40, available: 39 }));
    assert_eq!(Header::parse(&[0x55; 60]), Err(Error::Version(5)));

    let good = v4(17, &udp(1, 2, 20));
    let with = |at: usize, value: u8| {
        let mut packet = good.clone();
        packet[at] = value;
        Header::parse(&packet)
    };
    assert_eq!(with(0, 0x44), Err(Error::HeaderLength(16)));
    assert_eq!(with(0, 0x4f), Err(Error::HeaderLength(60)));
    assert_eq!(with(3, 19), Err(Error::TotalLength { claimed: 19, available: 40 }));
    assert_eq!(with(3, 41), Err(Error::TotalLength { claimed: 41, available: 40 }));

    let mut long = v6(17, &udp(1, 2, 20));
    long[5] += 1;
    assert_eq!(Header::parse(&long), Err(Error::TotalLength { claimed: 61, available: 60 }));
}

#[test]
fn extension_headers_end_inside_the_packet_and_are_few() {
    assert_eq!(Header::parse(&v6(0, &[17, 1, 0, 0, 0, 0, 0, 0])), Err(Error::Extensions));
    assert_eq!(Header::parse(&v6(44, &[17, 0, 0, 0])), Err(Error::Extensions));
    assert_eq!(Header::parse(&v6(0, &[])), Err(Error::Extensions));

    let chain = |count: usize| {
        let mut chain = [60, 0, 1, 4, 0, 0, 0, 0].repeat(count);
        chain[(count - 1) * 8] = 59;
        v6(60, &chain)
    };
    assert_eq!(Header::parse(&chain(MAX_EXTENSIONS)).unwrap().protocol, 59);
    assert_eq!(Header::parse(&chain(MAX_EXTENSIONS + 1)), Err(Error::Extensions));
}

#[test]
fn a_jumbogram_is_refused() {
    let mut packet = v6(0, &[17, 0, 0xc2, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    packet[4..6].fill(0);
    assert_eq!(Header::parse(&packet), Err(Error::Extensions));
}

#[test]
fn no_bytes_make_the_parser_read_outside_the_packet() {
    let mut parsed = 0;
    mangled(200_000, |packet| {
        if let Ok(header) = Header::parse(packet) {
            parsed += 1;
            assert!(header.len <= packet.len());
            assert!(header.payload <= header.len);
        }
    });
    assert!(parsed > 50_000, "only {parsed} of the packets reached the checks");
}
