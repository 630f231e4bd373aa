use super::*;

fn surroundings(addresses: &[&str], networks: &[&str]) -> Surroundings {
    Surroundings {
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[test]
fn a_gateway_is_found_at_its_public_addresses_one_of_each_family() {
    let host = surroundings(&["10.0.0.4", "9.9.9.9", "8.8.8.8", "fd00::1", "2a01:4f8::1"], &[]);
    assert_eq!(texts(&endpoints(&host, 8443).unwrap()), ["9.9.9.9:8443", "[2a01:4f8::1]:8443"]);
}

#[test]
fn addresses_that_the_world_cannot_reach_are_not_offered() {
    let apart = [
        "10.0.0.4",
        "172.31.0.1",
        "192.168.1.2",
        "100.64.0.1",
        "169.254.1.1",
        "198.19.0.1",
        "192.0.2.1",
        "127.0.0.1",
        "224.0.0.1",
        "fd00::1",
        "fe80::1",
        "2001:db8::1",
        "2002:a00::1",
        "2001::1",
        "::1",
    ];
    for address in apart {
        let error = endpoints(&surroundings(&[address], &[]), 443).unwrap_err();
        assert!(error.to_string().contains(address), "{error}");
        assert!(error.hint().unwrap().contains("--endpoint"), "{error}");
    }
}

#[test]
fn the_usual_pool_is_taken_where_it_is_free() {
    let pools = pools(&surroundings(&[], &["192.168.1.0/24", "10.0.0.0/16"]), [1, 2, 3, 4, 5]).unwrap();
    assert_eq!(texts(&pools), ["10.77.0.0/24", "fd01:203:405::/64"]);
}

#[test]
fn a_pool_collides_neither_with_a_network_around_it_nor_with_one_inside() {
    let around = pools(&surroundings(&[], &["10.0.0.0/8"]), [0; 5]).unwrap();
    assert_eq!(around[0].to_string(), "172.29.77.0/24");
    let inside = pools(&surroundings(&[], &["10.77.0.128/25"]), [0; 5]).unwrap();
    assert_eq!(inside[0].to_string(), "10.177.77.0/24");
}

#[test]
fn a_host_that_uses_all_private_networks_has_to_be_told_a_pool() {
    let host = surroundings(&[], &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
    let error = pools(&host, [0; 5]).unwrap_err();
    assert!(error.hint().unwrap().contains("--pool"), "{error}");
}
