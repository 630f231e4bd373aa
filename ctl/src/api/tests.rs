use serde_json::json;

use super::*;

#[test]
fn an_unknown_label_of_a_later_daemon_reads_as_unknown() {
    assert_eq!(serde_json::from_value::<PathState>(json!("hibernating")).unwrap(), PathState::Unknown);
    assert_eq!(serde_json::from_value::<Tier>(json!("metered")).unwrap(), Tier::Unknown);
    assert_eq!(serde_json::from_value::<State>(json!("portal")).unwrap(), State::Unknown);
}

#[test]
fn a_label_is_the_same_in_json_and_in_a_table() {
    for state in [PathState::Up, PathState::Probing, PathState::Suspect, PathState::Standby, PathState::Down]
    {
        assert_eq!(serde_json::to_value(state).unwrap(), json!(state.label()));
    }
    for tier in [Tier::Auto, Tier::Always, Tier::Secondary, Tier::Backup, Tier::Never] {
        assert_eq!(serde_json::to_value(tier).unwrap(), json!(tier.label()));
    }
}

#[test]
fn a_path_has_every_field_even_where_nothing_is_known() {
    assert_eq!(
        serde_json::to_value(Path { reason: reason::NO_CARRIER.into(), ..Path::default() }).unwrap(),
        json!({
            "id": null, "peer": null, "link": null, "interface": null, "tier": "auto", "state": "unused",
            "reason": "no-carrier", "since_unix_us": null, "local": null, "remote": null, "rtt_us": null,
            "rtt_min_us": null, "loss_ratio": null, "tx_rate_bps": 0, "rx_rate_bps": 0, "tx_bytes": 0,
            "rx_bytes": 0, "estimated_rate_bps": null, "cwnd_bytes": null, "mtu_bytes": null, "lost_packets": 0,
            "tx": null, "rx": null, "told_age_us": null
        })
    );
}

#[test]
fn a_direction_has_every_field_even_where_nothing_is_known() {
    assert_eq!(
        serde_json::to_value(PathDirection::default()).unwrap(),
        json!({
            "state": null, "reason": null, "rate_bps": 0, "estimated_rate_bps": null, "share_ratio": null,
            "rtt_us": null, "rtt_min_us": null, "delay_difference_us": null, "loss_ratio": null,
            "lost_packets": null, "retransmitted_packets": null, "duplicated_packets": null,
            "reordered_packets": null, "held_packets": null, "queue_bytes": null
        })
    );
}

#[test]
fn a_path_of_a_daemon_that_knows_no_directions_is_read() {
    let mut shape = serde_json::to_value(Path::default()).unwrap();
    for key in ["tx", "rx", "told_age_us"] {
        shape.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(serde_json::from_value::<Path>(shape).unwrap(), Path::default());
}

#[test]
fn a_debugged_invitation_keeps_its_token_to_itself() {
    let response = InviteResponse {
        schema: SCHEMA,
        name: "laptop".into(),
        credential: Credential::Key,
        token: "topsecret".into(),
        expires_unix_us: None,
    };
    assert!(!format!("{response:?}").contains("topsecret"));
}

#[test]
fn the_shape_of_a_clients_status_is_kept() {
    let status = Status {
        schema: SCHEMA,
        version: "0.1.0".into(),
        role: Role::Client,
        config_file: Some("/etc/tandem/tandem.toml".into()),
        state: State::Connected,
        reason: reason::ESTABLISHED.into(),
        since_unix_us: Some(1_790_000_000_000_000),
        tunnel: Some(Tunnel {
            name: "tandem0".into(),
            mtu_bytes: 1420,
            addresses: vec!["10.77.0.2/32".into(), "fd77::2/128".into()],
        }),
        gateway: Some(Gateway { endpoints: vec!["vps.example:443".into()], pin: "sha256:x".into() }),
        peers: None,
        paths: vec![],
        uptime_us: 7,
        resident_bytes: Some(9_000_000),
        peer_state_bytes: None,
    };
    let shape = json!({
        "schema": 1, "version": "0.1.0", "role": "client",
        "config_file": "/etc/tandem/tandem.toml", "state": "connected", "reason": "established",
        "since_unix_us": 1_790_000_000_000_000_u64,
        "tunnel": {"name": "tandem0", "mtu_bytes": 1420, "addresses": ["10.77.0.2/32", "fd77::2/128"]},
        "gateway": {"endpoints": ["vps.example:443"], "pin": "sha256:x"},
        "peers": null, "paths": [], "uptime_us": 7, "resident_bytes": 9_000_000, "peer_state_bytes": null
    });
    assert_eq!(serde_json::to_value(&status).unwrap(), shape);
    assert_eq!(serde_json::from_value::<Status>(shape).unwrap(), status);
}

#[test]
fn the_shape_of_an_open_path_is_kept() {
    let path = Path {
        id: Some(1),
        link: Some(3),
        interface: Some("wwan0".into()),
        tier: Tier::Backup,
        state: PathState::Standby,
        reason: reason::TIER_BACKUP.into(),
        local: Some("192.0.2.7:40000".parse().unwrap()),
        remote: Some("[2001:db8::1]:443".parse().unwrap()),
        rtt_us: Some(60_000),
        loss_ratio: Some(0.25),
        mtu_bytes: Some(1452),
        ..Path::default()
    };
    let shape = serde_json::to_value(&path).unwrap();
    for (key, value) in [
        ("id", json!(1)),
        ("link", json!(3)),
        ("interface", json!("wwan0")),
        ("tier", json!("backup")),
        ("state", json!("standby")),
        ("reason", json!("tier-backup")),
        ("local", json!("192.0.2.7:40000")),
        ("remote", json!("[2001:db8::1]:443")),
        ("loss_ratio", json!(0.25)),
    ] {
        assert_eq!(shape[key], value, "{key}");
    }
    assert_eq!(serde_json::from_value::<Path>(shape).unwrap(), path);
}

#[test]
fn the_shape_of_a_peer_is_kept() {
    let peer = Peer { name: "laptop".into(), pin: Some("sha256:x".into()), ..Peer::default() };
    let shape = json!({
        "name": "laptop", "credential": "key", "pin": "sha256:x", "addresses": [], "state": "disconnected",
        "connected_unix_us": null, "last_seen_unix_us": null, "tx_bytes": 0, "rx_bytes": 0, "paths": []
    });
    assert_eq!(serde_json::to_value(&peer).unwrap(), shape);
}

#[test]
fn an_error_calls_its_kind_type() {
    let body = ErrorBody { code: 1, kind: kind::WRONG_ROLE.into(), message: "a client".into(), hint: None };
    let shape = json!({"code": 1, "type": "wrong-role", "message": "a client", "hint": null});
    assert_eq!(serde_json::to_value(&body).unwrap(), shape);
}

#[test]
fn an_invitation_needs_a_name_only_and_takes_no_unknown_option() {
    let request: InviteRequest = serde_json::from_value(json!({"name": "laptop"})).unwrap();
    assert_eq!((request.expires_us, request.credential), (None, Credential::Key));
    assert!(serde_json::from_value::<InviteRequest>(json!({"name": "laptop", "expire_us": 1})).is_err());
}

#[test]
fn a_name_needs_no_escaping_anywhere() {
    for name in ["laptop", "a", "Anna-2.home_x", &"x".repeat(63)] {
        assert!(is_valid_name(name), "{name}");
    }
    for name in ["", "-rf", ".", "..", "../x", "a b", "a/b", "é", "a\n", &"x".repeat(64)] {
        assert!(!is_valid_name(name), "{name}");
    }
}
