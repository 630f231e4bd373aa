use super::super::testing::Namespace;
use super::*;

#[test]
fn lasting_addresses_and_the_networks_behind_routes_are_found() {
    let (Some(here), Some(far)) = (Namespace::new(), Namespace::new()) else { return };
    here.join("wan", &["203.0.113.5/24", "2001:db8:5::1/64"], &far, "far", &["203.0.113.1/24"]);
    let found = here.run(read).unwrap();
    assert_eq!(found.addresses, ["203.0.113.5".parse::<IpAddr>().unwrap(), "2001:db8:5::1".parse().unwrap()]);
    for network in ["203.0.113.0/24", "2001:db8:5::/64"] {
        assert!(found.networks.contains(&network.parse().unwrap()), "{found:?}");
    }
    assert!(found.networks.iter().all(|network| network.prefix_len() >= SHORTEST_NETWORK), "{found:?}");
}
