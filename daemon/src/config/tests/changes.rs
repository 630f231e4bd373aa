use std::path::Path;

use super::super::*;

const CLIENT: &str = r#"
role = "client"
[log]
level = "info"
[tun]
mtu = 1420
[client]
gateway = ["a:1"]
pin = "sha256:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"
routes = ["::/0"]
[links]
allow = ["*"]
[path]
keepalive = "20s"
"#;

const GATEWAY: &str = r#"
role = "gateway"
[gateway]
listen = ["0.0.0.0:443"]
endpoint = ["a:443"]
pool = ["10.77.0.0/24"]
"#;

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("/t.toml")).unwrap()
}

fn change(base: &str, from: &str, to: &str) -> Vec<(&'static str, Effect)> {
    assert!(base.contains(from));
    let changes = parse(base).diff(&parse(&base.replace(from, to)));
    changes.into_iter().map(|change| (change.key, change.effect)).collect()
}

#[test]
fn the_same_file_changes_nothing() {
    let workers = change(GATEWAY, "[gateway]", "[gateway]\nworkers = 2");
    assert_eq!(workers, [("gateway.workers", Effect::Restart)]);
    assert_eq!(parse(CLIENT).diff(&parse(CLIENT)), []);
}

#[test]
fn what_a_client_can_apply_at_once_is_live() {
    assert_eq!(change(CLIENT, "\"info\"", "\"debug\""), [("log.level", Effect::Live)]);
    assert_eq!(change(CLIENT, "[\"::/0\"]", "[]"), [("client.routes", Effect::Live)]);
    assert_eq!(change(CLIENT, "[\"*\"]", "[\"en*\"]"), [("links.allow", Effect::Live)]);
    assert_eq!(change(CLIENT, "[path]", "[link.a]\ntier=\"never\"\n[path]"), [("link", Effect::Live)]);
}

#[test]
fn what_is_sent_twice_and_what_is_metered_is_live() {
    assert_eq!(change(CLIENT, "[path]", "[duplicate]\nshare=0.1\n[path]"), [("duplicate", Effect::Live)]);
    assert_eq!(change(CLIENT, "[path]", "[link.a]\nmetered=true\n[path]"), [("link", Effect::Live)]);
}

#[test]
fn another_gateway_makes_a_client_connect_anew() {
    assert_eq!(change(CLIENT, "a:1", "a:2"), [("client.gateway", Effect::Reconnect)]);
    assert_eq!(change(CLIENT, "BwcHBw", "AwcHBw"), [("client.pin", Effect::Reconnect)]);
    assert_eq!(change(CLIENT, "20s", "30s"), [("path.keepalive", Effect::Reconnect)]);
}

#[test]
fn what_is_fixed_at_start_needs_a_restart() {
    assert_eq!(change(CLIENT, "1420", "1400"), [("tun.mtu", Effect::Restart)]);
    assert_eq!(change(GATEWAY, "0.0.0.0:443", "0.0.0.0:444"), [("gateway.listen", Effect::Restart)]);
    assert_eq!(change(GATEWAY, "0.0/24", "0.0/16"), [("gateway.pool", Effect::Restart)]);
    assert_eq!(parse(CLIENT).diff(&parse(GATEWAY)).last().unwrap().key, "role");
}

#[test]
fn a_gateway_applies_endpoint_and_peer_to_peer_at_once() {
    assert_eq!(change(GATEWAY, "a:443", "b:443"), [("gateway.endpoint", Effect::Live)]);
    assert_eq!(
        change(GATEWAY, "[gateway]", "[gateway]\npeer_to_peer = true"),
        [("gateway.peer_to_peer", Effect::Live)]
    );
}

#[test]
fn rules_apply_at_once_in_both_roles() {
    let rule = "[[rule]]\nclass = \"bulk\"\n";
    assert_eq!(change(CLIENT, "[path]", &format!("{rule}[path]")), [("rule", Effect::Live)]);
    assert_eq!(change(GATEWAY, "[gateway]", &format!("{rule}[gateway]")), [("rule", Effect::Live)]);
}
