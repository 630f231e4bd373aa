//! Many laptops at one gateway: each is let in once, by its own key, and sees neither the others' packets nor their
//! addresses.

use std::net::UdpSocket;
use std::time::Duration;

use tandem_lab::netif::{self, Net};
use tandem_lab::traffic::udp::{EchoClient, EchoServer};
use tandem_lab::world::{LaptopSpec, LinkSpec, Outcome, World, WorldSpec};

use crate::common::{SECOND, fail, sure, tunnel};

/// Two laptops with Wi-Fi each.
fn two_laptops() -> WorldSpec {
    let laptop = |name: &str| LaptopSpec { name: name.to_owned(), links: vec![LinkSpec::wifi()] };
    WorldSpec { laptops: vec![laptop("ada"), laptop("bob")], ..WorldSpec::default() }
}

/// A world with a running gateway, and a token for its first laptop.
fn gateway_with_token(spec: WorldSpec) -> Option<(World, String)> {
    let mut world = World::for_test(spec).unwrap()?;
    let started = world.start_gateway();
    sure(&world, started);
    let token = sure(&world, world.invite(world.laptop().unwrap().name()));
    Some((world, token))
}

fn assert_refused(world: &World, outcome: &Outcome, word: &str) {
    let said = format!("{}{}", outcome.stderr, outcome.stdout);
    if outcome.code != Some(1) || !said.to_lowercase().contains(word) {
        fail(world, &format!("expected exit code 1 and `{word}`, but it was {:?}: {said}", outcome.code));
    }
}

/// Asks the web server from inside the tunnel; whether it answered.
fn reaches_web(world: &World, laptop: usize) -> bool {
    let server = EchoServer::start(world.web()).unwrap();
    let namespace = world.laptops()[laptop].namespace();
    let Ok(client) = EchoClient::new(namespace, server.addr(), None) else { return false };
    (0..3).any(|_| client.exchange(100, SECOND).unwrap().is_some())
}

#[test]
fn two_laptops_have_their_own_addresses_and_both_reach_the_web() {
    let Some(world) = tunnel(two_laptops()) else { return };
    assert!(reaches_web(&world, 0));
    assert!(reaches_web(&world, 1));
}

#[test]
fn laptops_do_not_reach_each_other() {
    let Some(world) = tunnel(two_laptops()) else { return };
    let [ada, bob] = world.laptops() else { panic!("two laptops were asked for") };
    let listener = ada.namespace().run(|| Ok(UdpSocket::bind("0.0.0.0:7000")?)).unwrap();
    listener.set_read_timeout(Some(SECOND)).unwrap();
    let sent = bob.namespace().run(|| {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        // Leases are handed out in order, so ada has the first one. A refusal by the kernel is as good.
        let _ = socket.send_to(b"hello ada", "10.77.0.2:7000");
        Ok(())
    });
    sent.unwrap();
    if listener.recv(&mut [0; 64]).is_ok() {
        fail(&world, "bob's packet reached ada through the gateway");
    }
}

#[test]
fn a_laptop_cannot_use_the_address_of_another() {
    let Some(world) = tunnel(two_laptops()) else { return };
    let bob = &world.laptops()[1];
    let server = world.web().namespace.run(|| Ok(UdpSocket::bind("10.98.0.2:7000")?)).unwrap();
    server.set_read_timeout(Some(SECOND)).unwrap();
    let send = |source: &str| {
        bob.namespace().run(|| {
            let socket = UdpSocket::bind((source, 0))?;
            socket.send_to(source.as_bytes(), "10.98.0.2:7000")?;
            Ok(())
        })
    };
    bob.namespace().run(|| netif::add_address("tandem0", Net::new([10, 77, 0, 2], 32))).unwrap();
    sure(&world, send("10.77.0.2"));
    sure(&world, send("10.77.0.3"));
    let mut buffer = [0; 64];
    let length = sure(&world, server.recv(&mut buffer).map_err(Into::into));
    assert_eq!(&buffer[..length], b"10.77.0.3", "the first packet that arrives is the honest one");
}

#[test]
fn a_token_works_once() {
    let Some((world, token)) = gateway_with_token(two_laptops()) else { return };
    let [ada, bob] = world.laptops() else { panic!("two laptops were asked for") };
    sure(&world, ada.join(&token));
    let again = sure(&world, bob.try_join(&token));
    assert_refused(&world, &again, "used");
    assert!(!bob.node().config().exists(), "a refused laptop has no configuration");
}

#[test]
fn a_token_expires() {
    let Some((world, _)) = gateway_with_token(WorldSpec::default()) else { return };
    let args = ["invite", "late", "--expires", "1s"];
    let outcome = sure(&world, world.gateway_node().tandem(world.gateway(), &args));
    let token = outcome.expect_success("tandem invite").unwrap().trim().to_owned();
    std::thread::sleep(Duration::from_millis(2_100));
    let refused = sure(&world, world.laptop().unwrap().try_join(&token));
    assert_refused(&world, &refused, "expired");
}

#[test]
fn a_removed_peer_is_cut_off_and_refused() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    assert!(reaches_web(&world, 0));
    let args = ["peer", "remove", "laptop"];
    let removed = sure(&world, world.gateway_node().tandem(world.gateway(), &args));
    sure(&world, removed.expect_success("tandem peer remove"));
    if reaches_web(&world, 0) {
        fail(&world, "a removed peer still reaches the web");
    }
    let status = sure(&world, world.laptop().unwrap().status()).to_string();
    assert!(status.contains("unknown-peer"), "{status}");
}

#[test]
fn leases_survive_a_restart_of_the_gateway() {
    let Some(mut world) = tunnel(two_laptops()) else { return };
    let restarted = world.restart_gateway();
    sure(&world, restarted);
    for number in 0..2 {
        let laptop = &world.laptops()[number];
        sure(&world, laptop.wait_for_paths(1, 20 * SECOND));
        let back = tandem_lab::wait_until(10 * SECOND, || reaches_web(&world, number));
        if !back {
            fail(&world, &format!("{} does not reach the web after the gateway's restart", laptop.name()));
        }
    }
}
