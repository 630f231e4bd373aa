use super::programs::Told;
use super::*;
use crate::keys::NodeKey;

#[test]
fn the_documented_command_makes_a_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let made = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    assert_eq!(
        tree(folder.path()),
        expected(&[
            ("gw", 0o700),
            ("gw/key.pem", 0o600),
            ("gw/peers.redb", 0o600),
            ("gw/tandem.toml", 0o640)
        ])
    );
    let config = Config::load(&folder.path().join("gw/tandem.toml")).unwrap();
    assert_eq!(&config, made.config());
    assert_eq!(config.state, folder.path().join("gw"));
    assert_eq!(config.socket, folder.path().join("gw/ctl.sock"));
    let Role::Gateway(gateway) = config.role.clone() else { panic!("not a gateway") };
    assert_eq!(gateway.listen.len(), 2);
    assert_eq!(gateway.endpoint[0].to_string(), "10.99.0.1:443");
    assert_eq!(gateway.pool[1].to_string(), "fd77::/64");
    assert!(gateway.nat);
    assert_eq!(NodeKey::load(&config.key_file()).unwrap().pin(), made.pin());
    assert!(
        Store::open(&config.state.join(STORE_FILE), Pools::new(&gateway.pool)).unwrap().peers().is_empty()
    );
}

#[test]
fn defaults_listen_on_port_443_of_both_families() {
    let folder = tempfile::tempdir().unwrap();
    let line = "--config @/a/t.toml --state @/b --endpoint vps.example:443 --no-nat --tun gw0";
    let made = gateway_init(&gateway_args(folder.path(), line)).unwrap();
    let Role::Gateway(gateway) = &made.config().role else { panic!("not a gateway") };
    assert_eq!(gateway.listen, ["0.0.0.0:443".parse().unwrap(), "[::]:443".parse().unwrap()]);
    assert!(!gateway.nat);
    assert_eq!(made.config().tun.name.as_str(), "gw0");
    assert_eq!(tree(folder.path())["a"], 0o755);
}

#[test]
fn a_configuration_that_is_there_is_replaced_only_under_force_and_key_and_peers_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let first = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    let before = std::fs::read(&first.config().file).unwrap();
    let changed = GATEWAY.replace("10.99.0.1:443", "10.99.0.2:444");
    let error = gateway_init(&gateway_args(folder.path(), &changed)).unwrap_err();
    assert!(matches!(&error, SetupError::Exists(path) if *path == first.config().file));
    assert_eq!(error.exit_code(), 1);
    assert_eq!(std::fs::read(&first.config().file).unwrap(), before);

    let second = gateway_init(&gateway_args(folder.path(), &format!("{changed} --force"))).unwrap();
    assert_eq!(second.pin(), first.pin());
    assert!(second.text().contains("key.pem (kept)"));
    let Role::Gateway(gateway) = &second.config().role else { panic!("not a gateway") };
    assert_eq!(gateway.endpoint[0].to_string(), "10.99.0.2:444");
}

#[test]
fn settings_that_make_no_valid_configuration_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let line = GATEWAY.replace("fd77::/64", "10.78.0.0/31").replace("0.0.0.0:443", "0.0.0.0:0");
    let error = gateway_init(&gateway_args(folder.path(), &line)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "these settings make no valid configuration:\n\
         gateway.listen: port 0 would change at every start; write a port from 1 to 65535\n\
         gateway.pool: \"10.78.0.0/31\" has a length that a pool cannot have; allowed: /8 to /30"
    );
    assert_eq!(error.exit_code(), 2);
    assert_eq!(tree(folder.path()), BTreeMap::new());
}

#[test]
fn a_failure_half_way_removes_what_was_made() {
    let folder = tempfile::tempdir().unwrap();
    // The configuration's folder is a file, so the last step fails.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let line = "--config @/file/t.toml --state @/deep/state --endpoint a:443";
    let error = gateway_init(&gateway_args(folder.path(), line)).unwrap_err();
    assert!(matches!(error, SetupError::Io { .. }), "{error:?}");
    assert_eq!(tree(folder.path()).keys().collect::<Vec<_>>(), ["file"]);
}

#[test]
fn a_damaged_store_stops_the_setup_and_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("gw")).unwrap();
    std::fs::write(folder.path().join("gw").join(STORE_FILE), "no database").unwrap();
    let error = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap_err();
    assert_eq!((error.exit_code(), error.label()), (1, "store-failed"));
    assert_eq!(tree(folder.path()).keys().collect::<Vec<_>>(), ["gw", "gw/peers.redb"]);
}

#[test]
fn a_path_with_quotes_and_spaces_survives_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("a \"b\" \\c 'd'");
    let made = gateway_init(&gateway_args(&odd, GATEWAY)).unwrap();
    assert_eq!(Config::load(&made.config().file).unwrap().state, odd.join("gw"));
    assert!(made.text().contains("'\\''d'\\''"), "{}", made.text());
}

#[test]
fn a_second_setup_keeps_the_endpoint_and_the_pool_that_nobody_changes() {
    let folder = tempfile::tempdir().unwrap();
    let first = gateway_init(&gateway_args(folder.path(), GATEWAY)).unwrap();
    let files = "--config @/gw/tandem.toml --state @/gw --socket @/gw/ctl.sock --force";
    let second = gateway_init(&gateway_args(folder.path(), files)).unwrap();
    assert_eq!(second.config(), first.config());
}

#[test]
fn the_first_client_is_invited_and_the_service_started_at_the_hosts_own_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let args = gateway_args(folder.path(), GATEWAY);
    let mut host = Told::default()
        .with_systemd()
        .says("ufw status", "Status: active")
        .says("ufw", "")
        .says("systemctl", "");
    let made = gateway_init(&args).unwrap().put_to_work(&args, true, &mut host, now()).unwrap();
    assert_eq!(host.asked.last().unwrap(), "systemctl restart tandemd.service");
    let text = made.text();
    for part in [
        "ufw: opened",
        "The service tandemd runs",
        "\"laptop\"",
        "sudo tandem join tandem1:",
        "10.99.0.1:443",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let token = Token::parse(made.json()["token"].as_str().unwrap(), now()).unwrap();
    assert_eq!(token.pin, made.pin());
    assert_eq!(token.endpoints[0].to_string(), "10.99.0.1:443");
    assert!(!format!("{made:?}").contains("tandem1:"), "the token shows in debug output");

    // Once there is an invitation, another one is made only for who asks.
    let args = gateway_args(folder.path(), &format!("{GATEWAY} --force --no-firewall --no-start"));
    let mut host = Told::default().with_systemd().says("systemctl", "");
    let made = gateway_init(&args).unwrap().put_to_work(&args, true, &mut host, now()).unwrap();
    assert_eq!((host.asked.len(), &made.json()["token"]), (0, &serde_json::Value::Null));
    assert!(made.text().contains("Next:\n  tandemd --config"), "{}", made.text());
}

#[test]
fn a_gateway_beside_the_hosts_own_touches_neither_firewall_nor_service() {
    let folder = tempfile::tempdir().unwrap();
    let args = gateway_args(folder.path(), &format!("{GATEWAY} --invite phone"));
    let mut host = Told::default().with_systemd().says("ufw", "Status: active").says("systemctl", "");
    let made = gateway_init(&args).unwrap().put_to_work(&args, false, &mut host, now()).unwrap();
    assert_eq!(host.asked, Vec::<String>::new());
    assert_eq!(made.json()["invited"], "phone");
    assert!(!args.place.is_the_hosts_own());
    let plain = gateway_args(folder.path(), "--force");
    assert!(plain.place.is_the_hosts_own());
}
