//! A daemon that ends, in whatever way, leaves its host as it found it.

use tandem_lab::netns::Namespace;
use tandem_lab::wait_until;
use tandem_lab::world::{Process, World, WorldSpec};

use crate::common::{SECOND, fail, host_tool, sure};

/// What a daemon changes on its host, as text to be compared.
pub(crate) fn traces(namespace: &Namespace) -> String {
    let devices = namespace.run(|| Ok(std::fs::read_to_string("/proc/thread-self/net/dev")?)).unwrap();
    let names = devices.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    let mut text = format!("devices: {}\n", names.collect::<Vec<_>>().join(" "));
    for key in ["ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/all/rp_filter"] {
        text.push_str(&format!("{key}: {}\n", namespace.read_sysctl(&format!("net/{key}")).unwrap()));
    }
    let commands: [(&str, &[&str]); 5] = [
        ("ip", &["-4", "rule"]),
        ("ip", &["-6", "rule"]),
        ("ip", &["-4", "route", "show", "table", "all"]),
        ("ip", &["-6", "route", "show", "table", "all"]),
        ("nft", &["list", "ruleset"]),
    ];
    for (program, args) in commands {
        if let Some((_, said)) = host_tool(namespace, program, args) {
            let mut lines: Vec<&str> = said.lines().collect();
            lines.sort_unstable();
            text.push_str(&format!("{program} {}:\n{}\n", args.join(" "), lines.join("\n")));
        }
    }
    text
}

/// The traces without those of the TUN device, which is there as long as its daemon.
pub(crate) fn traces_but_tun(namespace: &Namespace) -> String {
    let traces = traces(namespace).replace(" tandem0\n", "\n");
    traces.lines().filter(|line| !line.contains("dev tandem0")).fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    })
}

/// A world with the traces that its two hosts had before tandem ran.
fn running(spec: WorldSpec) -> Option<(World, [String; 2])> {
    let mut world = World::for_test(spec).unwrap()?;
    let before = [traces(world.laptop().unwrap().namespace()), traces(world.gateway())];
    let started = world.start_tandem();
    sure(&world, started);
    Some((world, before))
}

fn laptop_daemon(world: &mut World) -> &mut Process {
    world.laptop_mut().unwrap().node_mut().daemon().unwrap()
}

pub(crate) fn assert_same(world: &World, what: &str, before: &str, after: impl Fn() -> String) {
    // The kernel takes its time with devices and routes that go.
    if !wait_until(5 * SECOND, || after() == before) {
        fail(world, &format!("{what} was left changed.\nBefore:\n{before}\nAfter:\n{}", after()));
    }
}

fn assert_laptop_clean(world: &World, before: &str) {
    assert_same(world, "the laptop", before, || traces(world.laptop().unwrap().namespace()));
}

#[test]
fn daemons_that_are_stopped_put_everything_back() {
    let spec = WorldSpec { rp_filter: 1, gateway_nat: true, ..WorldSpec::default() };
    let Some((mut world, [laptop, gateway])) = running(spec) else { return };
    let status = laptop_daemon(&mut world).stop().unwrap();
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    assert_laptop_clean(&world, &laptop);
    assert!(!world.laptop().unwrap().node().socket().exists(), "the socket is gone");
    let status = world.gateway_node_mut().daemon().unwrap().stop().unwrap();
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    assert_same(&world, "the gateway", &gateway, || traces(world.gateway()));
}

#[test]
fn a_killed_daemon_is_cleaned_up_after_by_its_successor() {
    let Some((mut world, [laptop, _])) = running(WorldSpec { rp_filter: 1, ..WorldSpec::default() }) else {
        return;
    };
    laptop_daemon(&mut world).kill().unwrap();
    world.start_laptop().unwrap();
    sure(&world, world.laptop().unwrap().wait_for_paths(2, 20 * SECOND));
    laptop_daemon(&mut world).stop().unwrap();
    assert_laptop_clean(&world, &laptop);
}

#[test]
fn secrets_are_not_logged() {
    let Some(mut world) = World::for_test(WorldSpec::default()).unwrap() else { return };
    let started = world.start_gateway();
    sure(&world, started);
    let token = sure(&world, world.invite("laptop"));
    sure(&world, world.laptop().unwrap().join(&token));
    world.start_laptop().unwrap();
    sure(&world, world.laptop().unwrap().wait_for_paths(2, 20 * SECOND));
    let logs = [laptop_daemon(&mut world).log(), world.gateway_node_mut().daemon().unwrap().log()].concat();
    assert!(!logs.contains(&token), "the token is in a log");
    assert!(!logs.contains("10.99.0.1"), "an address is in a log at INFO");
}
