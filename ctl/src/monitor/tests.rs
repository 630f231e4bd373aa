use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tandem::api::{
    Event, EventSubject, Flow, FlowBasis, FlowClass, FlowList, Path, PathState, SCHEMA, reason,
};
use tandem::client::ClientError;

use super::seen::{Look, OfClass, Seen};
use super::*;
use crate::render::tests::connected;

fn path(interface: &str, id: Option<u64>, state: PathState, rates: (u64, u64)) -> Path {
    Path {
        id,
        interface: Some(interface.into()),
        state,
        reason: reason::IN_USE.into(),
        rx_rate_bps: rates.0,
        tx_rate_bps: rates.1,
        ..Path::default()
    }
}

fn flow(class: FlowClass, down: u64) -> Flow {
    Flow {
        peer: None,
        protocol: "udp".into(),
        local: [10, 77, 0, 2].into(),
        local_port: Some(5000),
        remote: [192, 0, 2, 1].into(),
        remote_port: Some(443),
        class,
        decided_by: FlowBasis::Call,
        rule: None,
        tx_packets: 1,
        tx_bytes: 2,
        rx_packets: 3,
        rx_bytes: 4,
        tx_rate_bps: 100,
        rx_rate_bps: down,
        age_us: 7_000_000,
        idle_us: 8,
    }
}

fn first_look() -> Look {
    let paths = vec![
        path("wlan0", Some(0), PathState::Up, (48_000_000, 1_000_000)),
        path("wwan0", Some(1), PathState::Suspect, (0, 0)),
        path("eth0", None, PathState::Unused, (0, 0)),
    ];
    let flows =
        vec![flow(FlowClass::Realtime, 80_000), flow(FlowClass::Realtime, 20_000), flow(FlowClass::Bulk, 7)];
    Look { status: connected(), paths, flows: FlowList { schema: SCHEMA, flows, total: 3 } }
}

fn screen(seen: &Seen, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(seen, frame)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn the_screen_shows_paths_rates_classes_flows_and_events() {
    let mut seen = Seen::new(first_look());
    seen.note(&Event {
        schema: SCHEMA,
        at_unix_us: 1_800_000_000_000_000,
        subject: EventSubject::Path,
        peer: None,
        interface: Some("wwan0".into()),
        path: Some(1),
        from: Some("up".into()),
        to: Some("suspect".into()),
        reason: Some("silent".into()),
    });
    let shown = screen(&seen, 110, 40);
    for part in [
        "connected (established)",
        "48.0 Mbit/s",
        "█",
        "realtime",
        "100.0 kbit/s",
        "10.77.0.2:5000",
        "2027-01-15T08:00:00Z  wwan0: up -> suspect (silent)",
    ] {
        assert!(shown.contains(part), "{part} is missing:\n{shown}");
    }
}

#[test]
fn a_small_terminal_is_no_failure() {
    let seen = Seen::new(first_look());
    for (width, height) in [(1, 1), (20, 5), (40, 12)] {
        screen(&seen, width, height);
    }
}

#[test]
fn flows_are_summed_by_class() {
    let seen = Seen::new(first_look());
    let of = |class| seen.classes().into_iter().find(|(known, _)| *known == class).unwrap().1;
    assert_eq!(of(FlowClass::Realtime), OfClass { flows: 2, down: 100_000, up: 200 });
    assert_eq!(of(FlowClass::Background), OfClass::default());
}

#[test]
fn rates_are_kept_for_open_paths_the_latest_first() {
    let mut seen = Seen::new(first_look());
    assert_eq!(seen.rates.keys().collect::<Vec<_>>(), ["wlan0", "wwan0"]);
    let mut second = first_look();
    second.paths = vec![path("wlan0", Some(0), PathState::Up, (50_000_000, 0))];
    seen.look(Ok(second));
    assert_eq!(seen.rates.keys().collect::<Vec<_>>(), ["wlan0"]);
    assert_eq!(seen.rates["wlan0"].down, [50_000_000, 48_000_000]);
}

#[test]
fn a_daemon_that_goes_is_told_and_what_was_seen_stays() {
    let mut seen = Seen::new(first_look());
    seen.look(Err(ClientError::NotRunning("/x/ctl.sock".into())));
    let shown = screen(&seen, 110, 40);
    assert!(shown.contains("tandemd is not running"), "{shown}");
    assert!(shown.contains("wlan0"), "{shown}");
    seen.look(Ok(first_look()));
    assert!(!screen(&seen, 110, 40).contains("not running"));
}
