use super::*;

fn remote() -> SocketAddr {
    "203.0.113.9:443".parse().unwrap()
}

#[test]
fn two_links_with_the_same_address_stay_apart() {
    let mut locals = Locals::default();
    let same: IpAddr = "172.20.10.2".parse().unwrap();
    let first = locals.outgoing(LinkId(3), Some(same), remote()).unwrap();
    let second = locals.outgoing(LinkId(4), Some(same), remote()).unwrap();
    assert_ne!(first, second);
    assert_eq!(locals.resolve(first.local_ip().unwrap()), Some((LinkId(3), Some(same))));
    assert_eq!(locals.resolve(second.local_ip().unwrap()), Some((LinkId(4), Some(same))));
}

#[test]
fn a_pair_keeps_its_identity_in_both_families() {
    let mut locals = Locals::default();
    let v6: SocketAddr = "[2001:db8::9]:443".parse().unwrap();
    let four = locals.outgoing(LinkId(1), None, remote()).unwrap();
    let six = locals.outgoing(LinkId(1), None, v6).unwrap();
    assert!(six.local_ip().unwrap().is_ipv6());
    assert_eq!(locals.resolve(four.local_ip().unwrap()), Some((LinkId(1), None)));
    assert_eq!(locals.resolve(six.local_ip().unwrap()), Some((LinkId(1), None)));
    assert_eq!(locals.outgoing(LinkId(1), None, remote()), Some(four));
}

#[test]
fn an_address_that_was_never_given_out_is_unknown() {
    let locals = Locals::default();
    assert_eq!(locals.resolve("0.0.0.0".parse().unwrap()), None);
    assert_eq!(locals.resolve("0.0.0.1".parse().unwrap()), None);
    assert_eq!(locals.resolve("100::7".parse().unwrap()), None);
}
