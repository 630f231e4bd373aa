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
            "rx_bytes": 0, "estimated_rate_bps": null, "cwnd_bytes": null, "mtu_bytes": null, "lost_packets": 0
        })
    );
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
