use super::super::tests::programs::Told;
use super::*;

fn passage() -> Passage<'static> {
    Passage { ports: [443, 8443].into(), tun: "tandem0" }
}

/// A ruleset as `nft --json list ruleset` prints it.
fn ruleset(items: &str) -> String {
    format!(r#"{{"nftables": [{{"metainfo": {{"json_schema_version": 1}}}}, {items}]}}"#)
}

fn chain(family: &str, name: &str, hook: &str, policy: &str) -> String {
    format!(
        r#"{{"chain": {{"family": "{family}", "table": "filter", "name": "{name}", "handle": 1, "type": "filter",
            "hook": "{hook}", "prio": 0, "policy": "{policy}"}}}}"#
    )
}

fn rule(name: &str, comment: &str, expr: &str) -> String {
    format!(
        r#"{{"rule": {{"family": "inet", "table": "filter", "chain": "{name}", "handle": 4, {comment}
            "expr": [{expr}]}}}}"#
    )
}

#[test]
fn an_active_ufw_is_asked_and_nobody_else() {
    let mut host = Told::default().says("ufw status", "Status: active\n\nTo\n").says("ufw", "Rule added");
    assert_eq!(open(&mut host, &passage()), ["ufw: opened the port, and the way from peers to the world."]);
    assert_eq!(
        host.asked,
        [
            "ufw status",
            "ufw allow 443/udp comment tandem",
            "ufw allow 8443/udp comment tandem",
            "ufw route allow in on tandem0 comment tandem"
        ]
    );
}

#[test]
fn firewalld_gives_peers_a_zone_that_may_only_leave_and_a_second_time_changes_nothing() {
    let mut host = Told::default()
        .says("ufw status", "Status: inactive\n")
        .says("firewall-cmd --state", "running\n")
        .refuses("firewall-cmd --permanent --new-", "Error: NAME_CONFLICT: new_zone(): 'tandem'")
        .says("firewall-cmd", "success");
    assert_eq!(
        open(&mut host, &passage()),
        ["firewalld: opened the port, and the way from peers to the world."]
    );
    assert!(
        host.asked.contains(&"firewall-cmd --permanent --zone=tandem --add-interface=tandem0".to_owned())
    );
    assert_eq!(host.asked.last().unwrap(), "firewall-cmd --reload");
}

#[test]
fn a_manager_that_refuses_is_quoted() {
    let mut host = Told::default()
        .says("ufw status", "Status: active")
        .refuses("ufw allow", "ERROR: You need to be root to run this script\n");
    assert_eq!(
        open(&mut host, &passage()),
        [
            "ufw refused `ufw allow 443/udp comment tandem`: ERROR: You need to be root to run this script. Open it by \
          hand."
        ]
    );
}

#[test]
fn chains_that_drop_by_policy_let_the_tunnel_through() {
    let listed = ruleset(
        &[chain("inet", "input", "input", "drop"), chain("ip", "FORWARD", "forward", "drop")].join(","),
    );
    let mut host = Told::default().says("nft --json", &listed).says("nft insert", "");
    let said = open(&mut host, &passage());
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(
        said[0].starts_with("nftables: inserted `udp dport 443 accept` into the chain input"),
        "{said:?}"
    );
    assert_eq!(
        host.asked[3..],
        [
            "nft insert rule inet filter input udp dport 443 accept comment tandem",
            "nft insert rule inet filter input udp dport 8443 accept comment tandem",
            "nft insert rule ip filter FORWARD oifname tandem0 ct state established,related accept comment tandem",
            "nft insert rule ip filter FORWARD iifname tandem0 accept comment tandem"
        ]
    );
}

#[test]
fn a_chain_that_ends_by_rejecting_everything_is_closed_as_well() {
    let last = rule("input", "", r#"{"counter": {"packets": 0, "bytes": 0}}, {"reject": null}"#);
    let some = rule("input", "", r#"{"match": {"op": "==", "left": 1, "right": 2}}, {"drop": null}"#);
    let accept = chain("inet", "input", "input", "accept");
    for (rules, changes) in [(last, 2), (some, 0)] {
        let listed = ruleset(&[accept.clone(), rules].join(","));
        let mut host = Told::default().says("nft --json", &listed).says("nft insert", "");
        assert_eq!(open(&mut host, &passage()).len(), changes);
    }
}

#[test]
fn open_chains_other_hooks_and_what_was_opened_before_are_left_alone() {
    let before = rule("input", r#""comment": "tandem","#, r#"{"accept": null}"#);
    let listed = ruleset(
        &[
            chain("inet", "input", "input", "drop"),
            before,
            chain("inet", "forward", "forward", "accept"),
            chain("inet", "output", "output", "drop"),
            chain("netdev", "ingress", "ingress", "drop"),
        ]
        .join(","),
    );
    let mut host = Told::default().says("nft", &listed);
    assert_eq!(open(&mut host, &passage()), Vec::<String>::new());
}

#[test]
fn a_host_without_any_firewall_is_told_nothing() {
    assert_eq!(open(&mut Told::default(), &passage()), Vec::<String>::new());
    let mut odd = Told::default().says("nft", "no JSON");
    assert_eq!(open(&mut odd, &passage()), Vec::<String>::new());
}
