//! Tests of opening.

use super::*;

fn config(open: Open, start: Instant) -> TcpConfig {
    let (a, b) = ("10.0.0.1:40000".parse().unwrap(), "10.0.0.2:80".parse().unwrap());
    match open {
        Open::Active => TcpConfig::new(a, b, open, start),
        Open::Passive => TcpConfig::new(b, a, open, start),
    }
}

/// Both ends, the active one's SYN due.
fn pair(start: Instant, change: impl Fn(&mut TcpConfig)) -> (Handshake, Handshake) {
    let [mut active, passive] = [Open::Active, Open::Passive].map(|open| {
        let mut config = config(open, start);
        change(&mut config);
        Handshake::new(config)
    });
    active.handle_timeout(start);
    (active, passive)
}

#[test]
fn both_ends_agree_on_the_lesser_mss_and_on_the_sequence() {
    let start = Instant::now();
    let (mut active, mut passive) = pair(start, |config| {
        if config.open == Open::Active {
            config.mtu = 1420;
        }
    });
    let later = start + Duration::from_millis(30);
    let syn = active.poll(start).unwrap();
    assert!(passive.handle(start, &syn).is_none());
    let answer = passive.poll(start).unwrap();
    let client = active.handle(later, &answer).unwrap();
    let server = passive.handle(later, &active.poll(later).unwrap()).unwrap();
    assert_eq!((client.mss, server.mss), (1420 - 52, 1420 - 52));
    assert_eq!(client.remote.wire(0), server.local.wire(0));
    assert_eq!(client.rtt, Some(Duration::from_millis(30)));
    assert!(!client.ecn && !server.ecn);
}

#[test]
fn ecn_is_used_if_both_want_it() {
    let start = Instant::now();
    for (ours, theirs) in [(true, true), (true, false), (false, true)] {
        let (mut active, mut passive) =
            pair(start, |config| config.ecn = if config.open == Open::Active { ours } else { theirs });
        passive.handle(start, &active.poll(start).unwrap());
        let client = active.handle(start, &passive.poll(start).unwrap()).unwrap();
        let server = passive.handle(start, &active.poll(start).unwrap()).unwrap();
        assert_eq!((client.ecn, server.ecn), (ours && theirs, ours && theirs));
    }
}

#[test]
fn a_lost_syn_is_repeated_and_gives_no_round_trip() {
    let start = Instant::now();
    let (mut active, mut passive) = pair(start, |_| {});
    assert!(active.poll(start).is_some());
    let again = active.poll_timeout().unwrap();
    assert_eq!(again, start + INITIAL_TIMEOUT);
    active.handle_timeout(again);
    passive.handle(again, &active.poll(again).unwrap());
    let agreed = active.handle(again, &passive.poll(again).unwrap()).unwrap();
    assert_eq!(agreed.rtt, None);
}

#[test]
fn a_lost_third_packet_is_made_good_by_the_repeated_syn_ack() {
    let start = Instant::now();
    let (mut active, mut passive) = pair(start, |_| {});
    passive.handle(start, &active.poll(start).unwrap());
    active.handle(start, &passive.poll(start).unwrap()).unwrap();
    assert!(active.poll(start).is_some(), "this one is lost");
    let again = passive.poll_timeout().unwrap();
    passive.handle_timeout(again);
    assert!(active.handle(again, &passive.poll(again).unwrap()).is_none());
    assert!(passive.handle(again, &active.poll(again).unwrap()).is_some());
}
