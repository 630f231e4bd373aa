use tandem::api::{Path, PathState, Role, State, Status, reason};
use tandem::client::ClientError;

use super::facts::{Facts, name_servers};
use super::judge::judge;
use super::*;
use crate::render::tests::connected;

fn status(role: Role, state: State, why: &str) -> Status {
    Status { version: "1.0.0".into(), role, state, reason: why.into(), ..connected() }
}

fn path(interface: &str, state: PathState, why: &str) -> Path {
    Path {
        interface: Some(interface.into()),
        state,
        reason: why.into(),
        mtu_bytes: Some(1472),
        ..Path::default()
    }
}

/// A laptop to which nothing is wrong.
fn healthy() -> Facts {
    Facts {
        version: "1.0.0".into(),
        daemon: Ok(status(Role::Client, State::Connected, reason::ESTABLISHED)),
        paths: vec![
            path("wlan0", PathState::Up, reason::IN_USE),
            path("wwan0", PathState::Up, reason::IN_USE),
        ],
        config: Ok(()),
        tun: Ok(()),
        rp_filter: [("wlan0".to_owned(), 2)].into(),
        forwarding: [Some(false), Some(false)],
        nft: false,
        endpoints: [("vps.example:443".to_owned(), Ok(vec![[203, 0, 113, 5].into()]))].into(),
        resolvers: vec![[9, 9, 9, 9].into()],
        clock: Some(true),
        other_tunnels: vec![],
    }
}

/// Checks that are not in order, with their verdicts.
fn found(facts: &Facts) -> Vec<(&'static str, Verdict)> {
    let findings = judge(facts);
    assert!(
        findings.iter().all(|finding| finding.verdict == Verdict::Ok || finding.advice.is_some()),
        "{findings:?}"
    );
    let wrong = findings.iter().filter(|finding| finding.verdict != Verdict::Ok);
    wrong.map(|finding| (finding.check, finding.verdict)).collect()
}

#[test]
fn a_healthy_laptop_has_nothing_to_mend() {
    assert_eq!(found(&healthy()), []);
    assert!(text(&judge(&healthy())).lines().all(|line| line.starts_with("ok ")));
}

#[test]
fn a_daemon_that_does_not_run_is_the_problem() {
    let facts = Facts { daemon: Err(ClientError::NotRunning("/run/x".into())), paths: vec![], ..healthy() };
    assert_eq!(found(&facts), [("daemon", Verdict::Problem)]);
    assert!(text(&judge(&facts)).contains("systemctl start tandemd"));
}

#[test]
fn whatever_keeps_the_tunnel_down_comes_with_what_to_do() {
    let reasons = [
        reason::COMMAND,
        reason::NO_LINKS,
        reason::RESOLVE_FAILED,
        reason::GATEWAY_UNREACHABLE,
        reason::WRONG_PIN,
        reason::REFUSED,
        "a reason of a later version",
    ];
    for why in reasons {
        let facts = Facts { daemon: Ok(status(Role::Client, State::Connecting, why)), ..healthy() };
        assert_eq!(found(&facts), [("tunnel", Verdict::Problem)], "{why}");
    }
}

#[test]
fn each_kind_of_fault_is_found() {
    let cases: [(Facts, (&str, Verdict)); 9] = [
        (Facts { version: "2.0.0".into(), ..healthy() }, ("daemon", Verdict::Note)),
        (Facts { config: Err("t.toml:3: colour".into()), ..healthy() }, ("config", Verdict::Problem)),
        (Facts { tun: Err("No such file".into()), ..healthy() }, ("tun", Verdict::Problem)),
        (Facts { rp_filter: [("wlan0".to_owned(), 1)].into(), ..healthy() }, ("rp-filter", Verdict::Problem)),
        (
            Facts { endpoints: [("x:443".to_owned(), Err("no".to_owned()))].into(), ..healthy() },
            ("gateway-name", Verdict::Problem),
        ),
        (Facts { resolvers: vec![], ..healthy() }, ("dns", Verdict::Problem)),
        (Facts { resolvers: vec![[192, 168, 1, 1].into()], ..healthy() }, ("dns", Verdict::Note)),
        (Facts { clock: Some(false), ..healthy() }, ("clock", Verdict::Note)),
        (Facts { other_tunnels: vec!["wg0".into()], ..healthy() }, ("other-vpn", Verdict::Note)),
    ];
    for (facts, expected) in cases {
        assert_eq!(found(&facts), [expected]);
    }
}

#[test]
fn a_link_that_is_not_used_is_explained_and_what_is_no_link_is_passed_over() {
    let mut facts = healthy();
    facts.paths[1] = path("wwan0", PathState::Unused, reason::NO_ADDRESS);
    facts.paths.push(path("lo", PathState::Unused, reason::NOT_A_LINK));
    assert_eq!(found(&facts), [("link", Verdict::Note), ("links", Verdict::Note)]);
    facts.paths[0].mtu_bytes = Some(1300);
    assert!(found(&facts).contains(&("mtu", Verdict::Note)));
}

#[test]
fn a_gateway_that_does_not_forward_is_of_no_use() {
    let daemon = || Ok(status(Role::Gateway, State::Serving, reason::ESTABLISHED));
    let facts = Facts {
        daemon: daemon(),
        paths: vec![],
        forwarding: [Some(false), Some(true)],
        nft: true,
        ..healthy()
    };
    assert_eq!(found(&facts), [("forwarding", Verdict::Problem)]);
    let facts = Facts { daemon: daemon(), paths: vec![], forwarding: [Some(true); 2], ..healthy() };
    assert_eq!(found(&facts), [("nft", Verdict::Note)]);
}

#[test]
fn name_servers_are_read_as_the_resolver_reads_them() {
    let text = "# nameserver 1.1.1.1\nsearch lan\nnameserver 192.168.1.1\n nameserver fe80::1%eth0\nnameserver odd\n";
    assert_eq!(
        name_servers(text),
        ["192.168.1.1".parse::<std::net::IpAddr>().unwrap(), "fe80::1".parse().unwrap()]
    );
}
