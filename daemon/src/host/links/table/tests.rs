use super::*;

fn filter(allow: &[&str], deny: &[&str]) -> LinkFilter {
    LinkFilter::new(allow, deny, "tandem0").unwrap()
}

fn interface(name: &str) -> Interface {
    Interface {
        name: name.to_owned(),
        mtu: 1500,
        kind: None,
        controller: None,
        loopback: false,
        up: true,
        carrier: true,
    }
}

fn virtual_interface(name: &str, kind: &str) -> Interface {
    Interface { kind: Some(kind.to_owned()), ..interface(name) }
}

fn address(ifindex: u32, address: &str) -> Fact {
    Fact::Address(Address { ifindex, address: address.parse().unwrap(), usable: true, temporary: false })
}

fn route(ifindex: u32, destination: &str, next_hop: Option<&str>, metric: u32) -> Route {
    Route {
        ifindex,
        destination: destination.parse().unwrap(),
        metric,
        next_hop: next_hop.map(|hop| hop.parse().unwrap()),
        preferred_source: None,
    }
}

fn add(routes: &[Route]) -> Fact {
    Fact::Routes { routes: routes.to_vec(), replace: false }
}

/// A table with the working link `wlan0` (index 2), already reported.
fn with_wlan() -> (LinkTable, LinkFilter) {
    let mut table = LinkTable::default();
    table.apply(Fact::Interface(2, interface("wlan0")));
    table.apply(address(2, "192.168.1.5"));
    table.apply(add(&[route(2, "0.0.0.0/0", Some("192.168.1.1"), 600)]));
    let filter = filter(&["*"], &[]);
    assert_eq!(table.settle(&filter).len(), 1);
    (table, filter)
}

fn reasons(events: &[LinkEvent]) -> Vec<&'static str> {
    events
        .iter()
        .map(|event| match event {
            LinkEvent::Up(_) => "up",
            LinkEvent::Changed(_) => "changed",
            LinkEvent::Down { reason, .. } | LinkEvent::Ignored { reason, .. } => reason,
        })
        .collect()
}

#[test]
fn an_interface_with_carrier_address_and_route_is_a_link() {
    let mut table = LinkTable::default();
    let filter = filter(&["*"], &[]);
    table.apply(Fact::Interface(2, Interface { carrier: false, ..interface("wlan0") }));
    assert_eq!(reasons(&table.settle(&filter)), ["no-carrier"]);
    table.apply(Fact::Interface(2, interface("wlan0")));
    assert_eq!(reasons(&table.settle(&filter)), ["no-address"]);
    table.apply(address(2, "192.168.1.5"));
    assert_eq!(reasons(&table.settle(&filter)), ["no-route"]);
    table.apply(add(&[route(2, "0.0.0.0/0", Some("192.168.1.1"), 600)]));
    let link = Link {
        ifindex: 2,
        name: "wlan0".to_owned(),
        mtu: 1500,
        v4: Some(LinkAddress {
            address: "192.168.1.5".parse().unwrap(),
            next_hop: Some("192.168.1.1".parse().unwrap()),
        }),
        v6: None,
    };
    assert_eq!(table.settle(&filter), [LinkEvent::Up(link)]);
}

#[test]
fn nothing_new_makes_no_event() {
    let (mut table, filter) = with_wlan();
    table.apply(Fact::Interface(2, interface("wlan0")));
    assert_eq!(table.settle(&filter), []);
}

#[test]
fn carrier_loss_is_reported_at_once_and_its_return_too() {
    let (mut table, filter) = with_wlan();
    table.apply(Fact::Interface(2, Interface { carrier: false, ..interface("wlan0") }));
    assert_eq!(reasons(&table.settle(&filter)), ["no-carrier"]);
    table.apply(Fact::Interface(2, interface("wlan0")));
    assert_eq!(reasons(&table.settle(&filter)), ["up"]);
}

#[test]
fn routes_that_vanish_silently_with_the_interface_do_not_linger() {
    let (mut table, filter) = with_wlan();
    table.apply(Fact::Flags { ifindex: 2, up: false });
    assert_eq!(reasons(&table.settle(&filter)), ["down"]);
    table.apply(Fact::Interface(2, interface("wlan0")));
    assert_eq!(reasons(&table.settle(&filter)), ["no-route"]);
}

#[test]
fn routes_that_vanish_silently_with_the_last_address_do_not_linger() {
    let (mut table, filter) = with_wlan();
    table.apply(Fact::AddressGone { ifindex: 2, address: "192.168.1.5".parse().unwrap() });
    assert_eq!(reasons(&table.settle(&filter)), ["no-address"]);
    table.apply(address(2, "192.168.1.6"));
    assert_eq!(reasons(&table.settle(&filter)), ["no-route"]);
}

#[test]
fn an_address_that_still_works_stays_the_reported_one() {
    let (mut table, filter) = with_wlan();
    table.apply(address(2, "10.0.0.1"));
    assert_eq!(table.settle(&filter), []);
    table.apply(Fact::AddressGone { ifindex: 2, address: "192.168.1.5".parse().unwrap() });
    assert_eq!(reasons(&table.settle(&filter)), ["changed"]);
}

#[test]
fn another_router_behind_the_same_interface_is_a_change() {
    let (mut table, filter) = with_wlan();
    let routes = vec![route(2, "0.0.0.0/0", Some("192.168.1.254"), 600)];
    table.apply(Fact::Routes { routes, replace: true });
    assert_eq!(reasons(&table.settle(&filter)), ["changed"]);
}

#[test]
fn a_default_route_of_a_worse_metric_is_a_route_out() {
    let (mut table, filter) = with_wlan();
    table.apply(Fact::Interface(3, interface("wwan0")));
    table.apply(address(3, "100.64.0.2"));
    table.apply(add(&[route(3, "0.0.0.0/0", None, 5000)]));
    assert_eq!(reasons(&table.settle(&filter)), ["up"]);
}

#[test]
fn a_family_without_a_route_is_not_offered() {
    let (mut table, filter) = with_wlan();
    table.apply(address(2, "2001:db8::5"));
    assert_eq!(table.settle(&filter), []);
    table.apply(add(&[route(2, "::/0", Some("fe80::1"), 1024)]));
    let events = table.settle(&filter);
    let [LinkEvent::Changed(Link { v6: Some(v6), .. })] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(v6.address, "2001:db8::5".parse::<Ipv6Addr>().unwrap());
}

#[test]
fn a_permanent_ipv6_address_is_preferred_to_a_temporary_or_local_one() {
    let (mut table, filter) = with_wlan();
    table.apply(add(&[route(2, "::/0", Some("fe80::1"), 1024)]));
    let temporary: IpAddr = "2001:db8::1".parse().unwrap();
    table.apply(Fact::Address(Address { ifindex: 2, address: temporary, usable: true, temporary: true }));
    table.apply(address(2, "fd00::1"));
    table.apply(address(2, "2001:db8::9"));
    let events = table.settle(&filter);
    let [LinkEvent::Changed(Link { v6: Some(v6), .. })] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(v6.address, "2001:db8::9".parse::<Ipv6Addr>().unwrap());
}

#[test]
fn a_tentative_address_is_not_used() {
    let mut table = LinkTable::default();
    table.apply(Fact::Interface(2, interface("eth0")));
    let address: IpAddr = "2001:db8::1".parse().unwrap();
    table.apply(Fact::Address(Address { ifindex: 2, address, usable: false, temporary: false }));
    table.apply(add(&[route(2, "::/0", Some("fe80::1"), 1024)]));
    assert_eq!(reasons(&table.settle(&filter(&["*"], &[]))), ["no-address"]);
}

#[test]
fn a_route_to_the_gateway_alone_is_a_route_out() {
    let (mut table, _) = with_wlan();
    table.apply(Fact::RoutesGone(vec![route(2, "0.0.0.0/0", Some("192.168.1.1"), 600)]));
    table.apply(add(&[route(2, "10.99.0.0/24", None, 0)]));
    assert_eq!(reasons(&table.settle(&filter(&["*"], &[]))), ["no-route"]);
    let knowing = filter(&["*"], &[]).with_gateways(vec!["10.99.0.1".parse().unwrap()]);
    assert_eq!(reasons(&table.settle(&knowing)), ["up"]);
}

#[test]
fn tunnels_bridges_and_container_interfaces_are_not_links() {
    for kind in ["bridge", "tun", "veth", "wireguard", "vxlan", "gre", "ipip", "sit", "dummy", "ifb", "nlmon"]
    {
        let mut table = LinkTable::default();
        table.apply(Fact::Interface(2, virtual_interface("x0", kind)));
        assert_eq!(reasons(&table.settle(&filter(&["*"], &[]))), ["not-a-link"], "{kind}");
    }
}

#[test]
fn a_vlan_a_bond_and_a_modem_may_be_links() {
    for kind in ["vlan", "bond", "wwan", "ppp"] {
        let mut table = LinkTable::default();
        table.apply(Fact::Interface(2, virtual_interface("x0", kind)));
        assert_eq!(reasons(&table.settle(&filter(&["*"], &[]))), ["no-address"], "{kind}");
    }
}

#[test]
fn an_interface_allowed_by_name_may_be_of_any_kind() {
    let mut table = LinkTable::default();
    table.apply(Fact::Interface(2, virtual_interface("wifi0", "veth")));
    assert_eq!(reasons(&table.settle(&filter(&["wifi*"], &[]))), ["no-address"]);
}

#[test]
fn our_own_tun_device_and_loopback_are_never_links() {
    let mut table = LinkTable::default();
    table.apply(Fact::Interface(1, Interface { loopback: true, ..interface("lo") }));
    table.apply(Fact::Interface(2, virtual_interface("tandem0", "tun")));
    assert_eq!(reasons(&table.settle(&filter(&["lo", "tandem*"], &[]))), ["not-a-link"; 2]);
}

#[test]
fn ports_of_a_bridge_are_not_links_and_those_of_a_vrf_are() {
    for (kind, expected) in [("bridge", "not-a-link"), ("bond", "not-a-link"), ("vrf", "no-address")] {
        let mut table = LinkTable::default();
        table.apply(Fact::Interface(2, virtual_interface("master0", kind)));
        table.apply(Fact::Interface(3, Interface { controller: Some(2), ..interface("eth0") }));
        assert_eq!(reasons(&table.settle(&filter(&["eth*", "*"], &["master*"])))[0], "denied");
        let mut fresh = LinkTable::default();
        fresh.apply(Fact::Interface(2, virtual_interface("master0", kind)));
        fresh.apply(Fact::Interface(3, Interface { controller: Some(2), ..interface("eth0") }));
        assert_eq!(reasons(&fresh.settle(&filter(&["*"], &[])))[1], expected, "{kind}");
    }
}

#[test]
fn deny_wins_over_allow_and_unmatched_names_are_denied() {
    let mut table = LinkTable::default();
    table.apply(Fact::Interface(2, interface("wlan0")));
    table.apply(Fact::Interface(3, interface("eth0")));
    assert_eq!(reasons(&table.settle(&filter(&["wlan*"], &["wlan0"]))), ["denied", "denied"]);
}

#[test]
fn a_new_filter_takes_a_link_away() {
    let (mut table, _) = with_wlan();
    assert_eq!(reasons(&table.settle(&filter(&["*"], &["wlan0"]))), ["denied"]);
}

#[test]
fn an_interface_that_is_unplugged_is_gone_and_forgotten() {
    let (mut table, filter) = with_wlan();
    table.apply(Fact::InterfaceGone(2));
    assert_eq!(reasons(&table.settle(&filter)), ["gone"]);
    assert_eq!(table.settle(&filter), []);
}

#[test]
fn after_a_new_dump_only_the_difference_is_reported() {
    let (mut table, filter) = with_wlan();
    table.apply(Fact::Interface(3, interface("eth0")));
    assert_eq!(reasons(&table.settle(&filter)), ["no-address"]);
    table.forget_facts();
    table.apply(Fact::Interface(2, interface("wlan0")));
    table.apply(address(2, "192.168.1.5"));
    table.apply(add(&[route(2, "0.0.0.0/0", Some("192.168.1.1"), 600)]));
    assert_eq!(reasons(&table.settle(&filter)), ["gone"]);
}

#[test]
fn a_glob_that_cannot_be_parsed_is_named() {
    let error = LinkFilter::new(&["wlan["], &[], "tandem0").unwrap_err();
    assert!(error.to_string().contains("`wlan[`"), "{error}");
}
