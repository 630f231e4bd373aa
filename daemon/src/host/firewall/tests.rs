use std::{net::UdpSocket, time::Duration};

use super::*;
use crate::host::{
    netlink::Netlink,
    sysctl::Sysctl,
    testing::{Namespace, add_route},
};

fn config() -> FirewallConfig {
    FirewallConfig {
        table: "tandem".to_owned(),
        tun: "tandem0".to_owned(),
        pools: vec!["10.77.0.0/24".parse().unwrap(), "fd77::/64".parse().unwrap()],
        masquerade: true,
        peer_to_peer: false,
    }
}

/// False where there is no `nft` here; CI has one.
fn has_nft() -> bool {
    let found = Command::new("nft").arg("--version").output().is_ok();
    let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(found || !ci, "CI needs nftables");
    if !found {
        eprintln!("not tested: the program nft is not installed");
    }
    found
}

fn tables() -> String {
    let output = Command::new("nft").args(["list", "tables"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_ruleset_masquerades_the_pools_and_isolates_the_peers() {
    let expected = r#"table inet tandem
delete table inet tandem
table inet tandem {
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "tandem0" oifname "tandem0" drop
		iifname "tandem0" accept
		oifname "tandem0" accept
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 10.77.0.0/24 oifname != "tandem0" masquerade
		ip6 saddr fd77::/64 oifname != "tandem0" masquerade
	}
}
"#;
    assert_eq!(ruleset(&config()).unwrap(), expected);
}

#[test]
fn without_masquerading_there_is_no_nat_chain() {
    let routed = FirewallConfig { masquerade: false, peer_to_peer: true, ..config() };
    let ruleset = ruleset(&routed).unwrap();
    assert!(!ruleset.contains("postrouting"), "{ruleset}");
    assert!(ruleset.contains(r#"iifname "tandem0" oifname "tandem0" accept"#), "{ruleset}");
}

#[test]
fn a_name_that_would_end_the_rule_is_refused() {
    let evil = FirewallConfig { tun: "x\" drop; #".to_owned(), ..config() };
    assert!(matches!(ruleset(&evil), Err(FirewallError::BadName(_))));
}

#[test]
fn a_missing_program_is_named_with_what_to_do() {
    let error = run_nft(&["/nowhere/nft"], "tandem", "").unwrap_err();
    assert!(matches!(error, FirewallError::NoProgram));
    assert!(error.to_string().contains("install nftables, or set `nat = false`"));
}

#[test]
fn a_table_that_could_not_be_made_for_want_of_the_program_needs_no_undoing() {
    delete_by(&["/nowhere/nft"], "tandem").unwrap();
}

#[test]
fn a_refusal_says_what_nft_said() {
    if !has_nft() {
        return;
    }
    let error = run_nft(&PROGRAMS, "tandem", "nonsense\n").unwrap_err();
    assert!(error.to_string().contains("syntax error"), "{error}");
}

#[test]
fn a_peer_reaches_the_world_from_the_gateways_address_and_nothing_is_left_behind() {
    let (Some(peer), Some(gateway), Some(world)) = (Namespace::new(), Namespace::new(), Namespace::new())
    else {
        return;
    };
    if !has_nft() {
        return;
    }
    gateway.join("tandem0", &["10.77.0.1/24"], &peer, "wg0", &["10.77.0.2/24"]);
    gateway.join("eth0", &["192.0.2.1/24"], &world, "far0", &["192.0.2.9/24"]);
    let server = world.run(|| async { UdpSocket::bind("192.0.2.9:53").unwrap() });
    let client = peer.run(|| async {
        add_route(&Netlink::connect().unwrap(), "0.0.0.0/0", Some("10.77.0.1"), "wg0", 0).await;
        UdpSocket::bind("10.77.0.2:0").unwrap()
    });
    for socket in [&server, &client] {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    }
    gateway.run(|| async {
        let state = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(state.path()).unwrap();
        Sysctl::default().enable_forwarding(&mut journal).unwrap();
        install(&mut journal, &config()).unwrap();
        install(&mut journal, &config()).unwrap();

        client.send_to(b"who am I?", "192.0.2.9:53").unwrap();
        let mut buffer = [0; 16];
        let (_, source) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(source.ip().to_string(), "192.0.2.1");
        server.send_to(b"you", source).unwrap();
        assert_eq!(client.recv_from(&mut buffer).unwrap().0, 3);

        assert_eq!(tables(), "table inet tandem\n");
        let netlink = Netlink::connect().unwrap();
        remove(&netlink, &mut journal).await.unwrap();
        assert_eq!(tables(), "");
        journal.undo_all(&netlink).await.unwrap();
        assert_eq!(journal.changes().count(), 0);
    });
}
