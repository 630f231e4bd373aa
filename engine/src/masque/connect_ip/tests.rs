use super::*;
use crate::h3::testing::{Noise, hex};

fn prefix(text: &str) -> Prefix {
    let (address, length) = text.split_once('/').unwrap();
    Prefix::new(address.parse().unwrap(), length.parse().unwrap()).unwrap()
}

fn range(start: &str, end: &str, protocol: u8) -> AddressRange {
    AddressRange::new(start.parse().unwrap(), end.parse().unwrap(), protocol).unwrap()
}

fn decode(kind: u64, value: &[u8]) -> Result<Option<Capsule>, Error> {
    Capsule::decode(RawCapsule { kind, value: Bytes::copy_from_slice(value) })
}

fn is_malformed(kind: u64, digits: &str) -> bool {
    matches!(decode(kind, &hex(digits)), Err(Error::Malformed(_)))
}

fn round_trip(capsule: &Capsule) -> Result<Option<Capsule>, Error> {
    let bytes = capsule.encode();
    let raw = capsule::Decoder::default().decode(&mut bytes.as_ref()).unwrap().unwrap();
    Capsule::decode(raw)
}

#[test]
fn capsules_round_trip() {
    let addresses = vec![
        Address { request_id: 1, prefix: prefix("10.77.0.2/32") },
        Address { request_id: 2, prefix: prefix("fd77::/64") },
    ];
    for capsule in [
        Capsule::AddressAssign(addresses.clone()),
        Capsule::AddressAssign(vec![]),
        Capsule::AddressRequest(addresses),
        Capsule::RouteAdvertisement(routes([prefix("0.0.0.0/0"), prefix("::/0")])),
        Capsule::RouteAdvertisement(vec![]),
        Capsule::Datagram(Bytes::from_static(b"\0packet")),
    ] {
        assert_eq!(round_trip(&capsule), Ok(Some(capsule)));
    }
}

#[test]
fn an_assignment_has_the_layout_of_the_rfc() {
    let capsule = Capsule::AddressAssign(vec![Address { request_id: 1, prefix: prefix("192.0.2.11/32") }]);
    assert_eq!(capsule.encode().as_ref(), hex("01 07 01 04 c000020b 20"));
}

#[test]
fn a_default_route_has_the_layout_of_the_rfc() {
    let capsule = Capsule::RouteAdvertisement(routes([prefix("0.0.0.0/0")]));
    assert_eq!(capsule.encode().as_ref(), hex("03 0a 04 00000000 ffffffff 00"));
}

#[test]
fn a_prefix_is_no_longer_than_its_address() {
    assert!(is_malformed(capsule::ADDRESS_ASSIGN, "00 04 c0000200 21"));
    assert!(is_malformed(capsule::ADDRESS_ASSIGN, "00 06 fd000000000000000000000000000000 81"));
    assert!(Prefix::new("10.0.0.0".parse().unwrap(), 33).is_none());
}

#[test]
fn bits_beyond_the_prefix_are_zero() {
    assert!(is_malformed(capsule::ADDRESS_ASSIGN, "00 04 c0000201 18"));
    assert!(is_malformed(capsule::ADDRESS_REQUEST, "01 04 00000001 00"));
    assert!(Prefix::new("fd00::1".parse().unwrap(), 64).is_none());
    assert!(Prefix::new("fd00::1".parse().unwrap(), 128).is_some());
}

#[test]
fn an_ip_version_is_4_or_6() {
    assert!(is_malformed(capsule::ADDRESS_ASSIGN, "00 05 c0000201 20"));
    assert!(is_malformed(capsule::ROUTE_ADVERTISEMENT, "00 00000000 ffffffff 00"));
}

#[test]
fn a_request_names_at_least_one_address() {
    assert!(is_malformed(capsule::ADDRESS_REQUEST, ""));
}

#[test]
fn a_request_id_is_not_zero_and_used_once() {
    assert!(is_malformed(capsule::ADDRESS_REQUEST, "00 04 00000000 20"));
    assert!(is_malformed(capsule::ADDRESS_REQUEST, "01 04 00000000 20 01 04 00000000 20"));
    assert!(!is_malformed(capsule::ADDRESS_REQUEST, "01 04 00000000 20 02 04 00000000 20"));
}

#[test]
fn a_refused_request_is_told_from_an_assignment() {
    assert!(Address { request_id: 1, prefix: prefix("0.0.0.0/32") }.is_refusal());
    assert!(!Address { request_id: 1, prefix: prefix("0.0.0.0/0") }.is_refusal());
    assert!(!Address { request_id: 0, prefix: prefix("0.0.0.0/32") }.is_refusal());
}

#[test]
fn a_range_does_not_end_before_it_starts() {
    assert!(is_malformed(capsule::ROUTE_ADVERTISEMENT, "04 0a000001 0a000000 00"));
    assert!(!is_malformed(capsule::ROUTE_ADVERTISEMENT, "04 0a000001 0a000001 00"));
}

#[test]
fn ranges_ascend_by_version_then_protocol_then_address() {
    let refused = |ranges: Vec<AddressRange>| round_trip(&Capsule::RouteAdvertisement(ranges)).is_err();
    let (low, high) = (range("10.0.0.0", "10.0.0.9", 6), range("10.0.1.0", "10.0.1.9", 6));
    let (v6, udp) = (range("fd00::", "fd00::9", 0), range("10.0.0.0", "10.0.0.9", 17));
    assert!(!refused(vec![low, high, udp, v6]));
    assert!(refused(vec![high, low]));
    assert!(refused(vec![udp, low]));
    assert!(refused(vec![v6, low]));
    assert!(refused(vec![low, low]));
    assert!(refused(vec![low, range("10.0.0.9", "10.0.0.20", 6)]));
}

#[test]
fn a_range_for_all_protocols_meets_none_for_one() {
    let refused = |ranges: Vec<AddressRange>| round_trip(&Capsule::RouteAdvertisement(ranges)).is_err();
    let all = range("10.0.0.0", "10.0.0.9", 0);
    assert!(refused(vec![all, range("10.0.0.9", "10.0.0.20", 6)]));
    assert!(refused(vec![all, range("9.0.0.0", "10.0.0.0", 6)]));
    assert!(!refused(vec![all, range("10.0.0.10", "10.0.0.20", 6)]));
    assert!(!refused(vec![all, range("fd00::", "fd00::9", 6)]));
}

#[test]
fn a_value_cut_short_is_malformed() {
    let assign = hex("01 04 c000020b 20");
    let request = hex("01 06 fd000000000000000000000000000000 40");
    let route = hex("04 00000000 ffffffff 00");
    for (kind, value) in [
        (capsule::ADDRESS_ASSIGN, assign),
        (capsule::ADDRESS_REQUEST, request),
        (capsule::ROUTE_ADVERTISEMENT, route),
    ] {
        assert!(decode(kind, &value).is_ok());
        for len in 1..value.len() {
            assert!(decode(kind, &value[..len]).is_err(), "type {kind}, {len} bytes");
        }
    }
}

#[test]
fn a_capsule_of_unknown_type_is_nothing() {
    assert_eq!(decode(0x29, b"whatever"), Ok(None));
}

#[test]
fn prefixes_become_ordered_ranges_without_overlap() {
    let ranges = routes([
        prefix("fd77::/64"),
        prefix("10.1.0.0/16"),
        prefix("10.0.0.0/16"),
        prefix("10.0.5.0/24"),
        prefix("192.168.0.0/24"),
        prefix("192.168.0.0/24"),
        prefix("255.255.255.255/32"),
    ]);
    let expected = [
        range("10.0.0.0", "10.1.255.255", 0),
        range("192.168.0.0", "192.168.0.255", 0),
        range("255.255.255.255", "255.255.255.255", 0),
        range("fd77::", "fd77::ffff:ffff:ffff:ffff", 0),
    ];
    assert_eq!(ranges, expected);
}

#[test]
fn a_prefix_contains_its_addresses_only() {
    let net = prefix("10.77.0.0/24");
    assert!(net.contains("10.77.0.0".parse().unwrap()) && net.contains("10.77.0.255".parse().unwrap()));
    assert!(!net.contains("10.77.1.0".parse().unwrap()) && !net.contains("::".parse().unwrap()));
    assert!(prefix("::/0").contains("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap()));
    assert_eq!(net.to_string(), "10.77.0.0/24");
}

#[test]
fn our_own_request_is_recognised() {
    assert_eq!(scope_of(&request("gw.example:443")), Some(Scope::Any));
}

#[test]
fn the_scope_of_a_request_is_in_its_path() {
    let of = |path: &'static str| {
        scope_of(&Headers::request("CONNECT", "https", "gw", path).with(":protocol", PROTOCOL))
    };
    assert_eq!(of("/.well-known/masque/ip/%2A/%2a/"), Some(Scope::Any));
    assert_eq!(of("/.well-known/masque/ip/192.0.2.0%2F24/*/"), Some(Scope::Limited));
    assert_eq!(of("/.well-known/masque/ip/*/17/"), Some(Scope::Limited));
    for other in [
        "/",
        "/vpn",
        "/.well-known/masque/ip/*/",
        "/.well-known/masque/ip/*/*/*/",
        "/.well-known/masque/ip///",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn only_an_extended_connect_for_connect_ip_is_one() {
    assert_eq!(scope_of(&Headers::request("GET", "https", "gw", PATH)), None);
    let udp = Headers::request("CONNECT", "https", "gw", PATH).with(":protocol", "connect-udp");
    assert_eq!(scope_of(&udp), None);
}

#[test]
fn only_a_success_that_starts_the_capsule_protocol_grants_a_tunnel() {
    assert!(is_granted(&response()));
    assert!(is_granted(&Headers::response(200)));
    for status in [204, 205, 206, 302, 403, 503] {
        assert!(!is_granted(&Headers::response(status)), "{status}");
    }
    assert!(!is_granted(&response().with("content-length", "0")));
    assert!(!is_granted(&response().with("content-type", "text/html")));
}

#[test]
fn any_bytes_at_all_do_not_panic() {
    let mut noise = Noise::new(10);
    for _ in 0..20_000 {
        let kind = noise.below(4) as u64;
        let _ = decode(kind, &noise.bytes(80));
    }
}
