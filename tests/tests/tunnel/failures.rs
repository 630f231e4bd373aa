//! What goes wrong is told: what failed, on what, and what to do; and nothing is left behind.

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;

use tandem_lab::netns::Namespace;
use tandem_lab::wait_until;
use tandem_lab::world::{LinkSpec, Node, Process, World, WorldSpec};

use crate::cleanup::{assert_same, traces, traces_but_tun};
use crate::common::{SECOND, fail, host_tool, sure};

/// A small pool: one address for the gateway, one for a laptop.
const SMALL_POOL: &str = "10.77.0.0/30";

fn world(spec: WorldSpec) -> Option<World> {
    World::for_test(spec).unwrap()
}

/// A world with a laptop that has joined, and whose daemon does not run yet; the gateway's does.
fn joined(spec: WorldSpec) -> Option<World> {
    let mut world = world(spec)?;
    let started = world.start_gateway();
    sure(&world, started);
    sure(&world, world.enroll(0));
    Some(world)
}

/// Starts a node's daemon as the last argument of `wrapper`, waits until it has ended, and gives exit code and output.
fn run_to_end(world: &World, namespace: &Namespace, node: &Node, wrapper: &[&str]) -> (Option<i32>, String) {
    let tandemd = node.binaries().tandemd.to_str().unwrap();
    let config = node.config().to_str().unwrap();
    let words: Vec<&str> = wrapper.iter().copied().chain([tandemd, "--config", config]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    let mut process = sure(world, Process::start(namespace, command, &world.file("failure.log")));
    if !wait_until(20 * SECOND, || process.exited().unwrap().is_some()) {
        fail(world, &format!("the daemon runs although it cannot:\n{}", process.log()));
    }
    (process.exited().unwrap().and_then(|status| status.code()), process.log())
}

/// The daemon ends with this code, says these words, and leaves its host as it was.
fn ends(world: &World, namespace: &Namespace, node: &Node, wrapper: &[&str], code: i32, words: &[&str]) {
    let before = traces(namespace);
    let (ended, said) = run_to_end(world, namespace, node, wrapper);
    if ended != Some(code) || words.iter().any(|word| !said.contains(word)) {
        fail(world, &format!("expected exit code {code} and {words:?}, but it was {ended:?}: {said}"));
    }
    assert_same(world, namespace.name(), &before, || traces(namespace));
    assert!(!node.socket().exists(), "the control socket was left behind");
}

fn gateway_ends(world: &World, wrapper: &[&str], code: i32, words: &[&str]) {
    ends(world, world.gateway(), world.gateway_node(), wrapper, code, words);
}

fn laptop_ends(world: &World, wrapper: &[&str], code: i32, words: &[&str]) {
    let laptop = world.laptop().unwrap();
    ends(world, laptop.namespace(), laptop.node(), wrapper, code, words);
}

fn stop_gateway(world: &mut World) {
    world.gateway_node_mut().daemon().unwrap().stop().unwrap();
}

/// The folder of a node's key and store, which is that of its configuration.
fn state(node: &Node) -> &Path {
    node.config().parent().unwrap()
}

/// Replaces text in the laptop's configuration.
fn rewrite(node: &Node, from: &str, to: &str) {
    let text = std::fs::read_to_string(node.config()).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(node.config(), text.replace(from, to)).unwrap();
}

#[test]
fn a_malformed_configuration_is_refused_with_line_and_key() {
    let Some(world) = joined(WorldSpec::default()) else { return };
    rewrite(world.laptop().unwrap().node(), "role = \"client\"", "role = \"client\"\ncolour = 7");
    laptop_ends(&world, &["env"], 2, &["colour", "tandem.toml:"]);
}

#[test]
fn a_port_in_use_is_named() {
    let spec = WorldSpec { gateway_nat: true, ..WorldSpec::default() };
    let Some(mut world) = joined(spec) else { return };
    stop_gateway(&mut world);
    let taken = world.gateway().run(|| Ok(UdpSocket::bind("0.0.0.0:443")?)).unwrap();
    gateway_ends(&world, &["env"], 1, &["0.0.0.0:443", "already in use", "ss -lunp"]);
    drop(taken);
}

#[test]
fn a_second_daemon_leaves_the_first_alone() {
    let Some(world) = joined(WorldSpec::default()) else { return };
    let before = traces(world.gateway());
    let (code, said) = run_to_end(&world, world.gateway(), world.gateway_node(), &["env"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("already running"), "{said}");
    assert_same(&world, "the gateway", &before, || traces(world.gateway()));
    sure(&world, world.gateway_node().status(world.gateway()));
}

#[test]
fn a_host_without_the_tun_driver_is_told_how_to_get_it() {
    let Some(world) = joined(WorldSpec::default()) else { return };
    let hide = "mount -t tmpfs none /dev/net && exec \"$@\"";
    laptop_ends(
        &world,
        &["unshare", "--mount", "sh", "-c", hide, "sh"],
        1,
        &["/dev/net/tun", "modprobe tun"],
    );
}

#[test]
fn a_daemon_without_rights_says_which_it_needs() {
    let Some(world) = joined(WorldSpec::default()) else { return };
    let without = "--bounding-set=-net_admin";
    laptop_ends(&world, &["setpriv", without, "--inh-caps=-net_admin"], 1, &["tandem0", "CAP_NET_ADMIN"]);
}

#[test]
fn a_damaged_store_is_named() {
    let Some(mut world) = joined(WorldSpec { gateway_nat: true, ..WorldSpec::default() }) else { return };
    stop_gateway(&mut world);
    std::fs::write(state(world.gateway_node()).join("peers.redb"), b"not what was written").unwrap();
    gateway_ends(&world, &["env"], 1, &["peers.redb", "damaged"]);
}

#[test]
fn a_gateway_that_does_not_answer_is_waited_for_and_changes_nothing() {
    let Some(mut world) = joined(WorldSpec::default()) else { return };
    stop_gateway(&mut world);
    let before = traces_but_tun(world.laptop().unwrap().namespace());
    world.start_laptop().unwrap();
    let laptop = world.laptop().unwrap();
    let waited = laptop.node().tandem(laptop.namespace(), &["wait", "--timeout", "12s"]).unwrap();
    assert_eq!(waited.code, Some(4), "{waited:?}");
    let status = sure(&world, laptop.status());
    assert_eq!(
        (status["state"].as_str(), status["reason"].as_str()),
        (Some("connecting"), Some("gateway-unreachable"))
    );
    assert_eq!(traces_but_tun(laptop.namespace()), before, "a tunnel that is not up has no routes");
    let restarted = world.restart_gateway();
    sure(&world, restarted);
    sure(&world, world.laptop().unwrap().wait_for_paths(2, 40 * SECOND));
}

#[test]
fn a_name_that_does_not_resolve_is_told_and_tried_again() {
    let endpoints = vec!["gateway.invalid:443".to_owned()];
    let Some(mut world) = world(WorldSpec { endpoints, ..WorldSpec::default() }) else { return };
    let started = world.start_gateway();
    sure(&world, started);
    let token = sure(&world, world.invite("laptop"));
    let joined = sure(&world, world.laptop().unwrap().try_join(&token));
    assert_eq!(joined.code, Some(1), "{joined:?}");
    assert!(joined.stderr.contains("gateway.invalid"), "{joined:?}");
    let laptop = world.laptop().unwrap().node();
    assert!(!laptop.config().exists() && !state(laptop).join("key.pem").exists(), "files were left behind");
}

#[test]
fn a_daemon_whose_gateway_has_no_address_says_so() {
    let Some(mut world) = joined(WorldSpec::default()) else { return };
    rewrite(world.laptop().unwrap().node(), "10.99.0.1:443", "gateway.invalid:443");
    world.start_laptop().unwrap();
    let laptop = world.laptop().unwrap();
    let told = wait_until(15 * SECOND, || {
        laptop.status().is_ok_and(|status| status["reason"].as_str() == Some("resolve-failed"))
    });
    if !told {
        fail(&world, &format!("{}", sure(&world, laptop.status())));
    }
}

#[test]
fn a_gateway_with_another_key_gets_no_tunnel() {
    let Some(mut world) = joined(WorldSpec::default()) else { return };
    let node = world.laptop().unwrap().node();
    let text = std::fs::read_to_string(node.config()).unwrap();
    let pin =
        text.lines().find_map(|line| line.strip_prefix("pin = \"sha256:")).unwrap().trim_end_matches('"');
    rewrite(node, pin, &"A".repeat(pin.len()));
    world.start_laptop().unwrap();
    let laptop = world.laptop().unwrap();
    let told = wait_until(15 * SECOND, || {
        laptop.status().is_ok_and(|status| status["reason"].as_str() == Some("wrong-pin"))
    });
    if !told {
        fail(&world, &format!("{}", sure(&world, laptop.status())));
    }
}

#[test]
fn a_device_that_is_deleted_ends_the_daemon_cleanly() {
    let Some(mut world) = World::for_test(WorldSpec::default()).unwrap() else { return };
    let before = traces(world.laptop().unwrap().namespace());
    let started = world.start_tandem();
    sure(&world, started);
    let laptop = world.laptop().unwrap();
    if host_tool(laptop.namespace(), "ip", &["link", "delete", "tandem0"]).is_none() {
        return;
    }
    let daemon = world.laptop_mut().unwrap().node_mut().daemon().unwrap();
    let ended = wait_until(10 * SECOND, || daemon.exited().unwrap().is_some());
    let (code, said) = (daemon.exited().unwrap().and_then(|status| status.code()), daemon.log());
    assert!(ended && code == Some(1), "{code:?}: {said}");
    assert!(said.contains("the TUN device failed"), "{said}");
    let laptop = world.laptop().unwrap();
    assert_same(&world, "the laptop", &before, || traces(laptop.namespace()));
}

#[test]
fn an_exhausted_pool_refuses_the_next_laptop() {
    let links = || vec![LinkSpec::wifi()];
    let mut spec = WorldSpec::with_links(links());
    let mut second = spec.laptops[0].clone();
    second.name = "second".to_owned();
    spec.laptops.push(second);
    let Some(mut world) = world(spec) else { return };
    let options =
        ["--listen", "0.0.0.0:443", "--endpoint", "10.99.0.1:443", "--pool", SMALL_POOL, "--no-nat"];
    sure(&world, world.gateway_node().init_gateway(world.gateway(), &options));
    let started = world.restart_gateway();
    sure(&world, started);
    sure(&world, world.enroll(0));
    let token = sure(&world, world.invite("second"));
    let refused = sure(&world, world.laptops()[1].try_join(&token));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("no address left"), "{refused:?}");
    assert!(!world.laptops()[1].node().config().exists(), "a refused laptop has no configuration");
}

/// Lets the gateway's daemon run with its state on a small disk of its own, and gives the path of that disk.
fn start_on_small_disk(world: &mut World) -> (Process, PathBuf) {
    let node = world.gateway_node();
    let state = state(node).to_str().unwrap().to_owned();
    let script = "cp -a \"$0\" \"$0.copy\" && mount -t tmpfs -o size=16m,mode=700 none \"$0\" && \
                  cp -a \"$0.copy/.\" \"$0\" && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, &state]);
    command.arg(&node.binaries().tandemd).arg("--config").arg(node.config());
    let process = sure(world, Process::start(world.gateway(), command, &world.file("small-disk.log")));
    let disk = PathBuf::from(format!("/proc/{}/root{state}", process.id()));
    (process, disk)
}

#[test]
fn a_full_disk_refuses_what_cannot_be_kept_and_nothing_else() {
    let Some(mut world) = joined(WorldSpec::default()) else { return };
    stop_gateway(&mut world);
    let (mut process, disk) = start_on_small_disk(&mut world);
    let socket = disk.join("ctl.sock");
    let tandem = world.gateway_node().binaries().tandem.clone();
    let ask = |args: &[&str]| {
        let mut command = Command::new(&tandem);
        command.arg("--socket").arg(&socket).args(args);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let output = world.gateway().spawn(command).unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    if !wait_until(20 * SECOND, || ask(&["status"]).0 == Some(0)) {
        fail(&world, &format!("the gateway does not answer:\n{}", process.log()));
    }
    let mut filler = std::fs::File::create(disk.join("filler")).unwrap();
    while std::io::Write::write_all(&mut filler, &[1; 4096]).is_ok() {}
    // The store's file has some room inside it.
    let refused =
        (0..200).map(|number| ask(&["invite", &format!("guest{number}")])).find(|(code, _)| *code != Some(0));
    let Some((code, said)) = refused else { fail(&world, "200 invitations were kept on a full disk") };
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no space left"), "{said}");
    assert_eq!(ask(&["status"]).0, Some(0), "the gateway goes on");
    drop(filler);
    std::fs::remove_file(disk.join("filler")).unwrap();
    assert_eq!(ask(&["invite", "late"]).0, Some(0), "with room on the disk all is well again");
    process.stop().unwrap();
}
