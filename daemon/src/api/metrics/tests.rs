use tandem::api::{PathState, Role, reason};

use super::super::tests::fake::Fake;
use super::*;

#[tokio::test]
async fn figures_are_in_base_units_and_what_is_not_known_is_left_out() {
    let open = Path {
        id: Some(3),
        interface: Some("wl\"an0".into()),
        state: PathState::Up,
        reason: reason::IN_USE.into(),
        rtt_us: Some(15_200),
        tx_bytes: 1000,
        ..Path::default()
    };
    let unplugged =
        Path { interface: Some("eth0".into()), reason: reason::NO_CARRIER.into(), ..Path::default() };
    let fake = Fake::new(Role::Client, State::Connected, vec![open, unplugged]);
    let text = metrics(&fake).await.unwrap();
    for line in [
        "tandem_build{version=\"0.1.0\",role=\"client\"} 1",
        "tandem_up 1",
        "tandem_path_state{interface=\"wl\\\"an0\",state=\"up\",reason=\"in-use\"} 1",
        "tandem_path_state{interface=\"eth0\",state=\"unused\",reason=\"no-carrier\"} 1",
        "tandem_path_rtt_seconds{interface=\"wl\\\"an0\"} 0.0152",
        "tandem_path_sent_bytes_total{interface=\"wl\\\"an0\"} 1000",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|found| found == line || found == format!("{line}.0")),
            "{line} is missing:\n{text}"
        );
    }
    assert!(!text.contains("tandem_path_loss_ratio{"), "{text}");
    assert!(!text.contains("tandem_path_rtt_seconds{interface=\"eth0\"}"), "{text}");
}

#[tokio::test]
async fn a_gateways_paths_are_told_apart_by_peer_and_number() {
    let path = Path { id: Some(1), state: PathState::Up, ..Path::default() };
    let text = metrics(&Fake::new(Role::Gateway, State::Serving, vec![path])).await.unwrap();
    assert!(text.contains("tandem_path_received_bytes_total{peer=\"laptop\",path=\"1\"} 0"), "{text}");
    assert!(text.contains("tandem_peers_connected 1"), "{text}");
}
