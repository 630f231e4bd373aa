use tandem::api::{
    Event, EventSubject, Flow, FlowBasis, FlowClass, FlowList, Gateway, Path, PathDirection, PathState,
    PeerCount, Role, SCHEMA, Tier, Tunnel, reason,
};

use super::units::{latency, rate};
use super::*;

const COLOURED: Style = Style { terminal: true, colour: true };

fn wifi() -> Path {
    Path {
        id: Some(0),
        link: Some(1),
        interface: Some("wlan0".into()),
        tier: Tier::Always,
        state: PathState::Up,
        reason: reason::IN_USE.into(),
        rtt_us: Some(15_240),
        loss_ratio: Some(0.0049),
        tx_rate_bps: 1_200_000,
        rx_rate_bps: 48_060_000,
        tx_bytes: 999,
        rx_bytes: 1_234_567_890,
        tx: Some(PathDirection {
            state: Some(PathState::Up),
            reason: Some(reason::IN_USE.into()),
            rate_bps: 1_200_000,
            estimated_rate_bps: Some(20_000_000),
            share_ratio: Some(1.0),
            rtt_us: Some(15_240),
            rtt_min_us: Some(14_000),
            delay_difference_us: Some(0),
            loss_ratio: Some(0.0049),
            lost_packets: Some(12),
            retransmitted_packets: Some(14),
            duplicated_packets: Some(0),
            reordered_packets: None,
            held_packets: None,
            queue_bytes: Some(2800),
        }),
        rx: Some(PathDirection {
            rate_bps: 48_060_000,
            share_ratio: Some(0.706),
            delay_difference_us: Some(152_300),
            reordered_packets: Some(7),
            held_packets: Some(1234),
            ..PathDirection::default()
        }),
        ..Path::default()
    }
}

fn unplugged() -> Path {
    Path { interface: Some("eth0".into()), reason: reason::NO_CARRIER.into(), ..Path::default() }
}

/// A client whose tunnel stands.
pub(crate) fn connected() -> Status {
    Status {
        schema: SCHEMA,
        version: "0.1.0".into(),
        role: Role::Client,
        config_file: None,
        state: State::Connected,
        reason: reason::ESTABLISHED.into(),
        since_unix_us: None,
        tunnel: Some(Tunnel {
            name: "tandem0".into(),
            mtu_bytes: 1420,
            addresses: vec!["10.77.0.2/32".into(), "fd77::2/128".into()],
        }),
        gateway: Some(Gateway { endpoints: vec!["vps.example:443".into()], pin: "sha256:x".into() }),
        peers: None,
        paths: vec![wifi(), unplugged()],
        uptime_us: 3 * 3600 * 1_000_000 + 12 * 60 * 1_000_000 + 7,
        resident_bytes: Some(9_000_000),
        peer_state_bytes: None,
    }
}

#[test]
fn a_status_shows_the_tunnel_and_why_a_link_is_not_used() {
    assert_eq!(
        status(&connected(), PLAIN),
        "\
state    connected (established)
gateway  vps.example:443
tunnel   tandem0, 10.77.0.2/32, fd77::2/128, MTU 1420
daemon   tandemd 0.1.0, up 3h 12m, 9.0 MB resident

INTERFACE  STATE   REASON             DOWN  SHARE          UP  SHARE      RTT   LOSS
wlan0      up      in-use      48.1 Mbit/s   71 %  1.2 Mbit/s  100 %  15.2 ms  0.5 %
eth0       unused  no-carrier            -      -           -      -        -      -
"
    );
}

#[test]
fn an_event_says_what_changed_from_what_to_what_and_why() {
    let event =
        |subject, peer: Option<&str>, interface: Option<&str>, from: Option<&str>, to: Option<&str>| {
            super::event(&Event {
                schema: SCHEMA,
                at_unix_us: 0,
                subject,
                peer: peer.map(str::to_owned),
                interface: interface.map(str::to_owned),
                path: Some(3),
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
                reason: to.map(|_| "why".to_owned()),
            })
        };
    let lines = [
        event(EventSubject::Daemon, None, None, None, Some("connected")),
        event(EventSubject::Path, None, Some("wlan\x1b[0"), Some("up"), Some("suspect")),
        event(EventSubject::Path, Some("laptop"), None, Some("up"), None),
        event(EventSubject::Path, None, Some("eth0"), Some("standby"), Some("standby")),
        event(EventSubject::Peer, Some("phone"), None, Some("connected"), Some("disconnected")),
    ];
    let expected = [
        "tandem: connected (why)",
        "wlan\u{fffd}[0: up -> suspect (why)",
        "laptop path 3: up -> gone",
        "eth0: standby (why)",
        "phone: connected -> disconnected (why)",
    ];
    assert_eq!(lines, expected.map(|text| format!("1970-01-01T00:00:00Z  {text}\n")));
}

#[test]
fn a_gateways_status_counts_its_peers() {
    let gateway = Status {
        role: Role::Gateway,
        state: State::Serving,
        tunnel: None,
        gateway: None,
        peers: Some(PeerCount { enrolled: 3, connected: 1 }),
        paths: vec![],
        resident_bytes: None,
        peer_state_bytes: Some(40_500),
        ..connected()
    };
    assert_eq!(
        status(&gateway, PLAIN),
        "\
state   serving (established)
peers   1 connected of 3 enrolled
daemon  tandemd 0.1.0, up 3h 12m, 40.5 kB per idle peer
"
    );
}

#[test]
fn a_gateways_paths_show_peer_and_remote_address() {
    let path = Path {
        peer: Some("laptop".into()),
        interface: None,
        remote: Some("192.0.2.7:50000".parse().unwrap()),
        ..wifi()
    };
    let text = paths(&[path], PLAIN);
    assert!(text.starts_with("PEER    REMOTE           STATE  REASON"), "{text}");
    assert!(text.contains("\nlaptop  192.0.2.7:50000  up     in-use"), "{text}");
}

#[test]
fn the_widest_row_that_is_likely_fits_in_100_columns() {
    let path = Path {
        interface: Some("wlp0s20f3".into()),
        state: PathState::Standby,
        reason: reason::TIER_SECONDARY.into(),
        rx_rate_bps: 950_000_000,
        tx_rate_bps: 950_000_000,
        rtt_us: Some(1_999_900),
        loss_ratio: Some(1.0),
        rx: Some(PathDirection { share_ratio: Some(1.0), ..PathDirection::default() }),
        ..wifi()
    };
    let text = paths(&[path], PLAIN);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| widest <= 100), "{widest:?}\n{text}");
}

#[test]
fn a_wide_list_has_a_row_for_each_direction() {
    let header = "\
INTERFACE  TIER    WAY   STATE   REASON             RATE     CAPACITY  SHARE   TOTAL      RTT  MIN RTT      DELAY   \
LOSS  LOST  RESENT  COPIED  REORDERED  HELD   QUEUE";
    let down = "\
wlan0      always  down  -       -           48.1 Mbit/s            -   71 %  1.2 GB        -        -  +152.3 ms      \
-     -       -       -          7  1234       -";
    let up = "\
wlan0      always  up    up      in-use       1.2 Mbit/s  20.0 Mbit/s  100 %   999 B  15.2 ms  14.0 ms    +0.0 ms  \
0.5 %    12      14       0          -     -  2.8 kB";
    let none = "\
eth0       auto    -     unused  no-carrier            -            -      -       -        -        -          -      \
-     -       -       -          -     -       -";
    assert_eq!(paths_wide(&[wifi(), unplugged()], PLAIN), format!("{header}\n{down}\n{up}\n{none}\n"));
}

#[test]
fn a_gateways_wide_list_names_peer_and_remote_address() {
    let remote = Some("192.0.2.7:50000".parse().unwrap());
    let path = Path { peer: Some("laptop".into()), interface: None, remote, ..wifi() };
    let text = paths_wide(&[path], PLAIN);
    assert!(text.starts_with("PEER    REMOTE           TIER  WAY "), "{text}");
    assert!(text.contains("\nlaptop  192.0.2.7:50000  -     down "), "{text}");
    assert_eq!(paths_wide(&[], PLAIN), "no paths\n");
}

#[test]
fn colour_changes_no_column() {
    let coloured = paths(&[wifi(), unplugged()], COLOURED);
    assert!(coloured.contains("\u{1b}[32mup\u{1b}[0m"), "{coloured}");
    let stripped = coloured.replace("\u{1b}[32m", "").replace("\u{1b}[0m", "");
    assert_eq!(stripped, paths(&[wifi(), unplugged()], PLAIN));
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let path = Path { reason: "in-use\u{1b}[2J\n".into(), ..wifi() };
    let text = paths(&[path], PLAIN);
    assert!(!text.contains('\u{1b}'), "{text}");
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn peers_show_who_they_are_and_how_many_paths_work() {
    let laptop = Peer {
        name: "laptop".into(),
        pin: Some("sha256:abc".into()),
        addresses: vec!["10.77.0.2/32".into()],
        state: PeerState::Connected,
        tx_bytes: 2000,
        paths: vec![wifi(), unplugged()],
        ..Peer::default()
    };
    let phone = Peer { name: "phone".into(), credential: Credential::Bearer, ..Peer::default() };
    assert_eq!(
        peers(&[laptop, phone], PLAIN),
        "\
NAME    STATE         ADDRESSES     CREDENTIAL  PATHS    SENT  RECEIVED  LAST SEEN
laptop  connected     10.77.0.2/32  sha256:abc      1  2.0 kB       0 B  -
phone   disconnected                bearer          0     0 B       0 B  -
"
    );
}

#[test]
fn empty_lists_say_so() {
    assert_eq!(paths(&[], PLAIN), "no paths\n");
    assert!(peers(&[], PLAIN).contains("tandem invite"));
    assert_eq!(reload(&ReloadReport::default()), "nothing has changed\n");
}

#[test]
fn what_a_wait_lacks_is_named() {
    let report = WaitReport {
        schema: SCHEMA,
        ready: false,
        state: State::Connected,
        reason: reason::ESTABLISHED.into(),
        wanted_paths: 2,
        usable_paths: 1,
        unusable: vec![unplugged()],
    };
    assert_eq!(missing(&report), "connected (established), 1 of 2 paths usable; eth0 is unused (no-carrier)");
}

#[test]
fn an_invitation_tells_its_end_and_not_its_token() {
    let response = InviteResponse {
        schema: SCHEMA,
        name: "laptop".into(),
        credential: Credential::Key,
        token: "topsecret".into(),
        expires_unix_us: Some(1_796_000_000_000_000),
    };
    assert_eq!(
        invitation(&response),
        "token for laptop, good for one `tandem join` until 2026-11-30T00:53:20Z\n"
    );
}

#[test]
fn numbers_never_round_up_to_a_thousand() {
    assert_eq!(bytes(0), "0 B");
    assert_eq!(bytes(999), "999 B");
    assert_eq!(bytes(1000), "1.0 kB");
    assert_eq!(bytes(999_949), "999.9 kB");
    assert_eq!(bytes(999_950), "1.0 MB");
    assert_eq!(rate(1_000_000_000), "1.0 Gbit/s");
    assert_eq!(bytes(u64::MAX), "18446744.0 TB");
}

#[test]
fn the_largest_moment_and_latency_are_shown() {
    assert_eq!(moment(u64::MAX), "9999-12-31T23:59:59Z");
    assert!(latency(u64::MAX).ends_with(" ms"));
    assert_eq!(elapsed(u64::MAX), Duration::ZERO);
}

fn flow() -> Flow {
    Flow {
        peer: None,
        protocol: "udp".into(),
        local: [10, 77, 0, 2].into(),
        local_port: Some(5000),
        remote: "2001:db8::1".parse().unwrap(),
        remote_port: Some(443),
        class: FlowClass::Realtime,
        decided_by: FlowBasis::Rule,
        rule: Some(2),
        tx_packets: 10,
        tx_bytes: 1500,
        rx_packets: 20,
        rx_bytes: 3000,
        tx_rate_bps: 64_000,
        rx_rate_bps: 128_000,
        age_us: 61_000_000,
        idle_us: 0,
    }
}

#[test]
fn flows_show_their_class_and_what_decided_it() {
    let ping = Flow {
        protocol: "icmp".into(),
        local_port: None,
        remote_port: None,
        class: FlowClass::Interactive,
        decided_by: FlowBasis::Default,
        rule: None,
        ..flow()
    };
    let list = FlowList { schema: SCHEMA, flows: vec![flow(), ping], total: 9 };
    assert_eq!(
        flows(&list, PLAIN),
        "\
PROTOCOL  LOCAL           REMOTE             CLASS        BY                UP          DOWN    SENT  RECEIVED    AGE
udp       10.77.0.2:5000  [2001:db8::1]:443  realtime     rule 2   64.0 kbit/s  128.0 kbit/s  1.5 kB    3.0 kB  1m 1s
icmp      10.77.0.2       2001:db8::1        interactive  default  64.0 kbit/s  128.0 kbit/s  1.5 kB    3.0 kB  1m 1s
and 7 more; --limit shows them
"
    );
}

#[test]
fn a_gateways_flows_show_their_peers() {
    let flow = Flow { peer: Some("laptop".into()), ..flow() };
    let text = flows(&FlowList { schema: SCHEMA, flows: vec![flow], total: 1 }, PLAIN);
    assert!(text.starts_with("PEER    PROTOCOL"), "{text}");
    assert!(text.contains("\nlaptop  udp "), "{text}");
    assert!(!text.contains("more"), "{text}");
}
