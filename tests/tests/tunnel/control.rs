//! Commands and signals to a daemon that runs.

use rustix::process::Signal;
use tandem_lab::netns::Namespace;
use tandem_lab::traffic::udp::{EchoClient, EchoServer};
use tandem_lab::wait_until;
use tandem_lab::world::{World, WorldSpec};

use crate::cleanup::{assert_same, traces_but_tun};
use crate::common::{SECOND, fail, sure, tunnel};

fn laptop(world: &World) -> &Namespace {
    world.laptop().unwrap().namespace()
}

/// Runs `tandem` on the laptop; it has to succeed.
fn tandem(world: &World, args: &[&str]) -> String {
    let outcome = sure(world, world.laptop().unwrap().node().tandem(laptop(world), args));
    sure(world, outcome.expect_success(&args.join(" ")).map(str::to_owned))
}

fn reaches_web(world: &World) -> bool {
    let server = EchoServer::start(world.web()).unwrap();
    let Ok(client) = EchoClient::new(laptop(world), server.addr(), None) else { return false };
    (0..3).any(|_| client.exchange(100, SECOND).unwrap().is_some())
}

/// Replaces text in the laptop's configuration.
fn rewrite(world: &World, from: &str, to: &str) {
    let config = world.laptop().unwrap().node().config();
    let text = std::fs::read_to_string(config).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(config, text.replace(from, to)).unwrap();
}

fn state_of_path(world: &World, interface: &str) -> String {
    let status = sure(world, world.laptop().unwrap().status());
    let paths = status["paths"].as_array().unwrap();
    let path = paths.iter().find(|path| path["interface"].as_str() == Some(interface));
    path.map_or_else(String::new, |path| format!("{} ({})", path["state"], path["reason"]).replace('"', ""))
}

#[test]
fn down_removes_all_that_leads_into_the_tunnel_and_up_brings_it_back() {
    let Some(mut world) = World::for_test(WorldSpec::default()).unwrap() else { return };
    let before = traces_but_tun(laptop(&world));
    let started = world.start_tandem();
    sure(&world, started);
    assert!(reaches_web(&world));
    tandem(&world, &["down"]);
    assert_same(&world, "the laptop", &before, || traces_but_tun(laptop(&world)));
    let status = sure(&world, world.laptop().unwrap().status());
    assert_eq!(
        (status["state"].as_str(), status["reason"].as_str()),
        (Some("disconnected"), Some("command"))
    );
    tandem(&world, &["up"]);
    sure(&world, world.laptop().unwrap().wait_for_paths(2, 20 * SECOND));
    assert!(reaches_web(&world));
}

#[test]
fn a_gateway_that_goes_away_for_good_gives_the_host_its_routes_back() {
    let Some(mut world) = World::for_test(WorldSpec::default()).unwrap() else { return };
    let before = traces_but_tun(laptop(&world));
    let started = world.start_tandem();
    sure(&world, started);
    world.gateway_node_mut().daemon().unwrap().stop().unwrap();
    let gone = wait_until(40 * SECOND, || traces_but_tun(laptop(&world)) == before);
    if !gone {
        fail(&world, &format!("routes were left:\n{}", traces_but_tun(laptop(&world))));
    }
    let restarted = world.restart_gateway();
    sure(&world, restarted);
    sure(&world, world.laptop().unwrap().wait_for_paths(2, 40 * SECOND));
    assert!(reaches_web(&world));
}

#[test]
fn a_reload_changes_links_without_dropping_the_tunnel() {
    let Some(mut world) = tunnel(WorldSpec::default()) else { return };
    let since = sure(&world, world.laptop().unwrap().status())["since_unix_us"].clone();
    rewrite(&world, "[links]", "[link.wwan0]\ntier = \"never\"\n\n[links]");
    let said = tandem(&world, &["config", "reload"]);
    assert!(said.contains("link"), "{said}");
    assert!(wait_until(5 * SECOND, || state_of_path(&world, "wwan0") == "unused (tier-never)"));
    rewrite(&world, "tier = \"never\"", "tier = \"backup\"");
    world.laptop_mut().unwrap().node_mut().daemon().unwrap().signal(Signal::HUP).unwrap();
    if !wait_until(5 * SECOND, || state_of_path(&world, "wwan0") == "standby (tier-backup)") {
        fail(&world, &state_of_path(&world, "wwan0"));
    }
    assert!(reaches_web(&world));
    let status = sure(&world, world.laptop().unwrap().status());
    assert_eq!(status["since_unix_us"], since, "the tunnel stayed up");
}

#[test]
fn what_is_set_is_in_force_at_once_and_kept_in_the_file_beside_its_comments() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let config = || std::fs::read_to_string(world.laptop().unwrap().node().config()).unwrap();
    let before = config();
    let said = tandem(&world, &["set", "link", "wwan0", "tier=never"]);
    assert!(said.contains("applied: link"), "{said}");
    assert!(wait_until(5 * SECOND, || state_of_path(&world, "wwan0") == "unused (tier-never)"));
    let after = config();
    assert!(after.contains("[link.wwan0]\ntier = \"never\""), "{after}");
    let kept = before.lines().filter(|line| line.starts_with('#'));
    kept.for_each(|comment| assert!(after.contains(comment), "{comment} is gone from\n{after}"));
    assert!(reaches_web(&world));
}

#[test]
fn what_is_set_for_now_ends_with_the_next_reload_and_is_in_no_file() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let config = || std::fs::read_to_string(world.laptop().unwrap().node().config()).unwrap();
    let before = config();
    tandem(&world, &["set", "link", "wwan0", "tier=backup", "--runtime"]);
    // A second one does not end the first.
    tandem(&world, &["set", "policy", "bulk", "protocol=tcp", "--runtime"]);
    assert!(wait_until(5 * SECOND, || state_of_path(&world, "wwan0") == "standby (tier-backup)"));
    assert_eq!(config(), before);
    let laptop = world.laptop().unwrap();
    let late = ["set", "key", "tun.mtu=1400", "--runtime"];
    let refused = sure(&world, laptop.node().tandem(laptop.namespace(), &late));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("tun.mtu takes a restart"), "{refused:?}");
    tandem(&world, &["config", "reload"]);
    assert!(wait_until(5 * SECOND, || state_of_path(&world, "wwan0") == "up (in-use)"));
}

#[test]
fn a_reload_of_a_bad_file_changes_nothing() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    rewrite(&world, "[links]", "[links]\ncolour = 7");
    let laptop = world.laptop().unwrap();
    let refused = sure(&world, laptop.node().tandem(laptop.namespace(), &["config", "reload"]));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("colour"), "{refused:?}");
    assert!(reaches_web(&world));
}

#[test]
fn another_congestion_control_takes_a_new_connection() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    rewrite(&world, "congestion = \"bbr\"", "congestion = \"cubic\"");
    let said = tandem(&world, &["config", "reload"]);
    assert!(said.contains("path.congestion"), "{said}");
    sure(&world, world.laptop().unwrap().wait_for_paths(2, 20 * SECOND));
    assert!(reaches_web(&world));
}
