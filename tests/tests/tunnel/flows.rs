//! Flows, as `tandem flow list` shows them, and rules for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tandem_lab::netns::Namespace;
use tandem_lab::traffic::Direction;
use tandem_lab::traffic::bulk::Bulk;
use tandem_lab::traffic::flood::Flood;
use tandem_lab::traffic::udp::{EchoClient, EchoServer};
use tandem_lab::wait_until;
use tandem_lab::world::{Node, World, WorldSpec};

use crate::common::{MS, SECOND, fail, sure, tunnel};

/// Class of the first flow of a protocol, and what decided it, for instance `bulk (peer)`.
fn class_of(world: &World, node: &Node, namespace: &Namespace, protocol: &str) -> String {
    let outcome = sure(world, node.tandem(namespace, &["--json", "flow", "list"]));
    let text = sure(world, outcome.expect_success("flow list").map(str::to_owned));
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["schema"], 1);
    let flows = list["flows"].as_array().unwrap();
    let flow = flows.iter().find(|flow| flow["protocol"] == protocol);
    flow.map_or_else(String::new, |flow| {
        format!("{} ({})", flow["class"], flow["decided_by"]).replace('"', "")
    })
}

fn at_laptop(world: &World, protocol: &str) -> String {
    let laptop = world.laptop().unwrap();
    class_of(world, laptop.node(), laptop.namespace(), protocol)
}

fn at_gateway(world: &World, protocol: &str) -> String {
    class_of(world, world.gateway_node(), world.gateway(), protocol)
}

fn expect(world: &World, what: &str, expected: &str, actual: impl Fn() -> String) {
    if !wait_until(20 * SECOND, || actual() == expected) {
        fail(world, &format!("{what} is {:?}, not {expected:?}", actual()));
    }
}

/// Sends 50 small datagrams a second until told to stop, and lets them come back.
fn talk(client: &EchoClient, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        let begun = Instant::now();
        let _ = client.exchange(120, 20 * MS);
        thread::sleep((20 * MS).saturating_sub(begun.elapsed()));
    }
}

#[test]
fn a_call_and_a_transfer_are_listed_with_their_classes_and_rules_change_them_at_once() {
    let Some(mut world) = tunnel(WorldSpec::default()) else { return };
    let server = EchoServer::start(world.web()).unwrap();
    let client = EchoClient::new(world.laptop().unwrap().namespace(), server.addr(), None).unwrap();
    let namespace = world.laptop().unwrap().shared_namespace();
    let transfer = Bulk::download(1, Duration::from_secs(120)).start(&namespace, world.web()).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| talk(&client, &stop));
        expect(&world, "the call", "realtime (call)", || at_laptop(&world, "udp"));
        expect(&world, "the transfer", "bulk (bulk)", || at_laptop(&world, "tcp"));
        expect(&world, "the call at the gateway", "realtime (peer)", || at_gateway(&world, "udp"));
        expect(&world, "the transfer at the gateway", "bulk (peer)", || at_gateway(&world, "tcp"));
        let config = world.laptop().unwrap().node().config().to_owned();
        let text = std::fs::read_to_string(&config).unwrap();
        let rule = "\n[[rule]]\nclass = \"background\"\nprotocol = \"udp\"\n";
        std::fs::write(&config, text + rule).unwrap();
        world.laptop_mut().unwrap().node_mut().daemon().unwrap().signal(Signal::HUP).unwrap();
        expect(&world, "the call", "background (rule)", || at_laptop(&world, "udp"));
        expect(&world, "the call at the gateway", "background (peer)", || at_gateway(&world, "udp"));
        stop.store(true, Ordering::Release);
    });
    transfer.stop();
}

#[test]
fn flows_of_a_stranger_are_refused_and_of_a_peer_without_any_are_none() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let gateway = |args: &[&str]| sure(&world, world.gateway_node().tandem(world.gateway(), args));
    let refused = gateway(&["flow", "list", "--peer", "stranger"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("stranger"), "{refused:?}");
    let laptop = world.laptop().unwrap();
    assert_eq!(gateway(&["flow", "list", "--peer", laptop.name()]).code, Some(0));
    let wrong =
        sure(&world, laptop.node().tandem(laptop.namespace(), &["flow", "list", "--peer", laptop.name()]));
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
}

#[test]
fn a_flood_of_small_packets_fills_the_tunnel_and_does_not_stop_it() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let laptop = world.laptop().unwrap().namespace();
    for direction in [Direction::Upload, Direction::Download] {
        let flood = Flood { direction, payload: 64, warm_up: SECOND, length: 2 * SECOND };
        let report = sure(&world, flood.run(laptop, world.web()));
        // Both links together have room for some 50,000 a second.
        assert!(report.received_per_second > 1000.0, "{direction:?}: {report:?}");
    }
}
