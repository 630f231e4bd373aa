//! Who gets a tunnel, who does not, how each learns why, and how it outlives silence.

use std::time::Duration;

use bytes::Bytes;
use tandem_engine::client::ClientEvent;
use tandem_engine::error::CloseReason;
use tandem_engine::gateway::ENROL_PATH;
use tandem_engine::identity::Identity;
use tandem_engine::link::Tier;
use tandem_sim::host::udp;
use tandem_sim::profile::Way;
use tandem_sim::world::server_inner;
use tandem_sim::{World, WorldOptions};

use crate::common::{connected, ms, numbers, one_link, stream, two_links, upward, world};

fn event(world: &mut World, matches: impl Fn(&ClientEvent) -> bool) -> ClientEvent {
    world.run_until(ms(15_000), |world| world.client_events.iter().any(&matches));
    world.client_events.iter().find(|event| matches(event)).cloned().expect("it was waited for")
}

/// The gateway knows nothing of the connection any more: the next packet has it made anew.
fn joins_again_at_once(world: &mut World) {
    world.client_events.clear();
    let began = world.now();
    world.laptop_sends(upward(500, 1));
    let down = event(world, |event| matches!(event, ClientEvent::Down { .. }));
    assert_eq!(down, ClientEvent::Down { reason: CloseReason::Reset });
    world.run_until(ms(5000), |world| world.client.is_up());
    assert!(world.now() - began < ms(1000), "{:?}", world.now() - began);
}

#[test]
fn a_gateway_with_another_key_is_not_spoken_to() {
    let other = Identity::generate().unwrap().pin();
    let mut world =
        World::new(&one_link(), WorldOptions { wrong_pin: Some(other), ..WorldOptions::default() });
    world.start_connecting();
    let event = event(&mut world, |event| matches!(event, ClientEvent::Down { .. }));
    let ClientEvent::Down { reason: CloseReason::WrongPin(mismatch) } = event else { panic!("{event:?}") };
    assert_eq!(mismatch.expected, other);
    assert_ne!(mismatch.shown, other);
    assert!(world.gateway_log.is_empty());
}

#[test]
fn a_key_that_the_gateway_does_not_know_is_refused_with_a_reason() {
    let mut world = world(&one_link());
    world.welcome.clear();
    world.start_connecting();
    let event = event(&mut world, |event| matches!(event, ClientEvent::Refused(_)));
    let ClientEvent::Refused(refusal) = event else { panic!("{event:?}") };
    assert_eq!(refusal.status, 403);
    assert!(refusal.body.starts_with(br#"{"type":"unknown-peer""#), "{refusal:?}");
}

#[test]
fn a_refused_client_keeps_trying_and_is_let_in_once_it_is_known() {
    let mut world = world(&one_link());
    let known = std::mem::take(&mut world.welcome);
    world.start_connecting();
    event(&mut world, |event| matches!(event, ClientEvent::Refused(_)));
    world.welcome = known;
    world.run_until(ms(10_000), |world| world.client.is_up());
}

#[test]
fn a_removed_peer_is_told_so() {
    let mut world = connected(&one_link());
    let now = world.now();
    assert!(world.gateway.remove_peer(now, "laptop"));
    world.welcome.clear();
    let event = event(&mut world, |event| matches!(event, ClientEvent::Down { .. }));
    let ClientEvent::Down { reason } = event else { panic!("{event:?}") };
    assert_eq!(reason.label(), "peer-removed");
    assert!(world.gateway_log.contains(&"down laptop closed".to_owned()), "{:?}", world.gateway_log);
}

#[test]
fn an_enrolment_reaches_the_gateway_and_its_answer_the_client() {
    let mut world = world(&one_link());
    world.link_up(0);
    world.client.post(world.now(), ENROL_PATH, "the-secret", Bytes::from_static(b"{}"));
    let event = event(&mut world, |event| matches!(event, ClientEvent::Answered { .. }));
    assert_eq!(event, ClientEvent::Answered { status: 200, body: Bytes::from_static(br#"{"ok":true}"#) });
    assert_eq!(world.gateway_log, [r#"enrolment Some("the-secret") b"{}""#]);
    world.run_until(ms(5000), |world| world.client.is_drained());
}

#[test]
fn a_gateway_that_was_restarted_is_joined_again_at_once() {
    let mut world = connected(&two_links());
    stream(&mut world, 5, ms(300), true);
    world.restart_gateway();
    joins_again_at_once(&mut world);
}

#[test]
fn a_packet_from_an_address_that_is_not_leased_goes_no_further() {
    let mut world = connected(&one_link());
    world.laptop_sends(udp::datagram(("10.77.0.3".parse().unwrap(), 1), (server_inner(), 9), 100, 1));
    world.laptop_sends(upward(100, 2));
    world.run_for(ms(200));
    assert_eq!(numbers(&world.server_got), [2]);
}

#[test]
fn a_packet_that_is_not_for_the_client_does_not_enter_its_host() {
    let mut world = connected(&one_link());
    // The gateway's host could forward anything; what has no lease is answered, what is not ours is dropped.
    world.server_sends(udp::datagram((server_inner(), 1), ("10.77.0.9".parse().unwrap(), 9), 100, 1));
    world.run_for(ms(200));
    assert!(world.laptop_got.is_empty());
    assert_eq!(world.server_got[0].packet[20..22], [3, 1], "host unreachable (RFC 792)");
}

#[test]
fn a_packet_too_long_for_the_tunnel_is_answered_with_the_size_that_fits() {
    let mut world = connected(&one_link());
    world.laptop_sends(upward(1421, 1));
    world.run_for(ms(100));
    assert!(world.server_got.is_empty());
    let answer = &world.laptop_got[0].packet;
    assert_eq!(answer[20..22], [3, 4], "fragmentation needed (RFC 792)");
    assert_eq!(u16::from_be_bytes([answer[26], answer[27]]), 1420, "next-hop MTU (RFC 1191)");
}

#[test]
fn a_backup_link_carries_nothing_in_either_direction_until_the_other_dies() {
    let mut world = world(&two_links());
    world.link_mut(1).tier = Tier::Backup;
    world.connect();
    let before = (world.links()[1].up.passed, world.links()[1].down.passed);
    for upward in [true, false] {
        stream(&mut world, 10, ms(1000), upward);
    }
    let used = (world.links()[1].up.passed - before.0, world.links()[1].down.passed - before.1);
    assert!(used.0 < 20_000 && used.1 < 20_000, "{used:?} of 2.5 MB");
    world.link_down(0);
    for upward in [true, false] {
        // The path is cold: its congestion controller first has to find out what it carries.
        let (sent, got) = stream(&mut world, 10, ms(1000), upward);
        assert!(got.len() as u64 > sent / 2, "cold: {} of {sent}, upward {upward}", got.len());
        let (sent, got) = stream(&mut world, 10, ms(1000), upward);
        assert!(got.len() as u64 > sent * 9 / 10, "warm: {} of {sent}, upward {upward}", got.len());
    }
}

#[test]
fn a_link_that_is_never_to_be_used_gets_no_packet_at_all() {
    let mut world = world(&two_links());
    world.link_mut(1).tier = Tier::Never;
    world.start_connecting();
    world.run_until(ms(5000), |world| world.client.is_up());
    stream(&mut world, 10, ms(500), true);
    assert_eq!(world.links()[1].up.passed, 0);
    assert_eq!(world.client.idle_links()[0].reason, "tier-never");
}

#[test]
fn every_link_has_a_path_or_a_reason() {
    let mut world = world(&two_links());
    assert!(world.client.idle_links().is_empty());
    world.link_up(0);
    assert_eq!(world.client.idle_links()[0].reason, "disconnected");
    world.blackhole(1, true);
    world.link_up(1);
    world.client.connect(world.now());
    world.run_until(ms(5000), |world| world.client.is_up());
    world.run_for(ms(4000));
    let reasons: Vec<&str> = world.client.idle_links().iter().map(|link| link.reason).collect();
    let now = world.now();
    let states: Vec<&str> = world.client.paths(now).iter().map(|path| path.state.reason()).collect();
    assert!(reasons == ["unreachable"] || states.contains(&"validating"), "{reasons:?} {states:?}");
}

#[test]
fn an_idle_tunnel_wakes_less_than_once_a_second() {
    let mut world = connected(&two_links());
    world.run_for(ms(30_000));
    let end = world.now() + ms(120_000);
    let mut wakeups = 0;
    while world.now() < end {
        world.step(end);
        wakeups += 1;
    }
    // Both ends share the count: timers, keep-alives and their acknowledgements.
    assert!(wakeups < 120, "{wakeups} in 120 s");
    assert!(world.client.is_up());
}

#[test]
fn a_packet_too_long_for_the_tunnel_that_may_be_cut_is_cut() {
    let mut world = connected(&one_link());
    let mut packet = upward(2000, 1);
    packet[6] = 0;
    world.laptop_sends(packet);
    world.run_for(ms(100));
    let lengths: Vec<usize> = world.server_got.iter().map(|got| got.packet.len()).collect();
    assert_eq!(lengths.len(), 2, "{lengths:?}");
    assert_eq!(lengths.iter().sum::<usize>(), 2000 + 20);
    assert!(lengths.iter().all(|len| *len <= 1420), "{lengths:?}");
}

#[test]
fn a_laptop_that_slept_for_ten_minutes_is_back_at_once() {
    let mut world = connected(&two_links());
    stream(&mut world, 5, ms(300), true);
    world.suspend(Duration::from_secs(600));
    joins_again_at_once(&mut world);
    // Its packets get through with the address that they had before.
    let (sent, got) = stream(&mut world, 5, ms(300), true);
    assert!(sent > 0 && got.len() as u64 >= sent, "{} of {sent}", got.len());
}

#[test]
fn a_laptop_that_slept_for_ten_seconds_goes_on_with_its_connection() {
    let mut world = connected(&two_links());
    stream(&mut world, 5, ms(300), true);
    world.suspend(Duration::from_secs(10));
    world.client_events.clear();
    let (sent, got) = stream(&mut world, 5, ms(2000), true);
    assert!(!world.client_events.iter().any(|event| matches!(event, ClientEvent::Down { .. })));
    // What left before the first answer may have been sent to a path that was taken for dead.
    assert!(got.len() as u64 * 10 >= sent * 9, "{} of {sent}", got.len());
}

#[test]
fn an_idle_tunnel_sends_few_packets() {
    let mut world = connected(&two_links());
    world.run_for(Duration::from_secs(10));
    let packets = |world: &World| -> u64 {
        world.links().iter().map(|link| link.pipe(Way::Up).packets + link.pipe(Way::Down).packets).sum()
    };
    let before = packets(&world);
    world.run_for(Duration::from_secs(300));
    let each_minute = (packets(&world) - before) as f64 / 5.0 / 2.0;
    println!("{each_minute:.1} packets a minute on each path, both directions together");
    assert!(each_minute <= 15.0, "{each_minute:.1} packets a minute on each path");
}
