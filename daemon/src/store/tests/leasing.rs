use std::net::IpAddr;

use super::*;

#[test]
fn the_gateway_has_the_first_host_address_of_each_pool() {
    let own: Vec<_> = both().gateway_addresses().iter().map(|(a, l)| format!("{a}/{l}")).collect();
    assert_eq!(own, ["10.77.0.1/24", "fd77::1/64"]);
    assert_eq!(pools(&["fd77::/64"]).gateway_addresses().len(), 1);
}

#[test]
fn a_pool_leases_every_address_but_the_reserved_ones_and_then_is_exhausted() {
    let fixture = Fixture::new(pools(&["10.77.0.0/29"]));
    let leased: Vec<_> = (0..5).map(|n| addresses(&fixture.join(&format!("p{n}"), n))).collect();
    assert_eq!(leased, ["10.77.0.2", "10.77.0.3", "10.77.0.4", "10.77.0.5", "10.77.0.6"]);
    let secret = fixture.invite("late");
    let error = fixture.store.enroll(&secret, pin(9), now()).unwrap_err();
    assert_eq!((error.label(), error.status()), ("pool-exhausted", 503));
    assert!(matches!(fixture.store.create_bearer("later", now()), Err(InviteError::PoolExhausted)));
    assert_eq!(fixture.store.peers().len(), 5);

    fixture.store.remove_peer("p2").unwrap();
    assert_eq!(addresses(&fixture.store.enroll(&secret, pin(9), now()).unwrap()), "10.77.0.4");
}

#[test]
fn the_smallest_pools_lease_what_they_have() {
    let fixture = Fixture::new(pools(&["10.77.0.0/30", "fd77::/126"]));
    assert_eq!(addresses(&fixture.join("a", 1)), "10.77.0.2 fd77::2");
    let error = fixture.store.enroll(&fixture.invite("b"), pin(2), now()).unwrap_err();
    assert!(matches!(error, EnrollError::PoolExhausted));

    let fixture = Fixture::new(pools(&["fd77::/126"]));
    assert_eq!(addresses(&fixture.join("a", 1)), "fd77::2");
    assert_eq!(addresses(&fixture.join("b", 2)), "fd77::3");
    assert!(matches!(fixture.store.create_bearer("c", now()), Err(InviteError::PoolExhausted)));
}

#[test]
fn leases_survive_a_restart_and_the_lowest_free_one_goes_first() {
    let fixture = Fixture::new(both());
    fixture.join("a", 1);
    fixture.join("b", 2);
    fixture.join("c", 3);
    fixture.store.remove_peer("b").unwrap();
    let fixture = fixture.reopen(both());
    assert_eq!(addresses(&fixture.store.peer("c").unwrap()), "10.77.0.4 fd77::4");
    assert_eq!(addresses(&fixture.join("d", 4)), "10.77.0.3 fd77::3");
}

#[test]
fn peers_outside_a_changed_pool_get_new_leases_that_last() {
    let fixture = Fixture::new(both());
    fixture.join("a", 1);
    fixture.join("b", 2);
    let fixture = fixture.reopen(pools(&["10.88.0.0/24", "fd77::/64"]));
    assert_eq!(addresses(&fixture.store.peer("a").unwrap()), "10.88.0.2 fd77::2");
    assert_eq!(addresses(&fixture.store.peer("b").unwrap()), "10.88.0.3 fd77::3");
    let fixture = fixture.reopen(pools(&["10.88.0.0/24"]));
    assert_eq!(addresses(&fixture.store.peer("b").unwrap()), "10.88.0.3");
    let fixture = fixture.reopen(pools(&["10.88.0.0/30", "fd77::/64"]));
    assert_eq!(addresses(&fixture.store.peer("a").unwrap()), "10.88.0.2 fd77::2");
    assert_eq!(addresses(&fixture.store.peer("b").unwrap()), "fd77::3");
}

#[test]
fn no_two_peers_ever_share_an_address() {
    let fixture = Fixture::new(pools(&["10.77.0.0/28", "fd77::/64"]));
    let mut seed = 7_u32;
    for round in 0..60_u8 {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let name = format!("p{}", (seed >> 16) % 16);
        if fixture.store.peer(&name).is_some() {
            fixture.store.remove_peer(&name).unwrap();
        } else {
            let _ = fixture.store.enroll(&fixture.invite(&name), pin(round), now());
        }
        let mut leased: Vec<IpAddr> = fixture.store.peers().iter().flat_map(Peer::addresses).collect();
        let count = leased.len();
        leased.sort();
        leased.dedup();
        assert_eq!(leased.len(), count);
    }
}
