//! Unmodified programs through the tunnel: web, ping, DNS, datagrams of all sizes, over links of any MTU.

use std::net::Ipv4Addr;
use std::time::Duration;

use tandem_lab::traffic::bulk::Bulk;
use tandem_lab::traffic::dns::{DnsServer, resolve};
use tandem_lab::traffic::http::WebServer;
use tandem_lab::traffic::udp::{EchoClient, EchoServer};
use tandem_lab::world::{LinkSpec, WEB, WEB_V6, World, WorldSpec};

use crate::common::{MS, SECOND, fail, host_tool, sure, tunnel};

/// The laptop's address inside the tunnel: the first one that is not the gateway's.
const LAPTOP_INSIDE: &str = "10.77.0.2";

/// Exchanges datagrams of these sizes with the web server; small loss of a link is forgiven by trying three times.
fn exchanges(world: &World, v6: bool, sizes: &[usize]) {
    let place = if v6 { world.web_v6() } else { world.web() };
    let server = EchoServer::start(place).unwrap();
    let laptop = world.laptop().unwrap().namespace();
    let client = sure(world, EchoClient::new(laptop, server.addr(), None));
    for size in sizes {
        let answered = (0..3).any(|_| client.exchange(*size, SECOND).unwrap().is_some());
        if !answered {
            fail(world, &format!("{size} bytes of UDP payload get no answer (IPv6: {v6})"));
        }
    }
}

#[test]
fn datagrams_of_every_size_pass() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    // HTTP/3 begins with 1200; 1392 fills the inner MTU of 1420; the rest is fragmented by the sender.
    exchanges(&world, false, &[0, 1, 100, 1_200, 1_350, 1_392, 1_393, 3_000, 8_000]);
    exchanges(&world, true, &[0, 1, 100, 1_200, 1_350, 1_372, 1_373, 3_000, 8_000]);
}

#[test]
fn dns_over_udp_is_answered() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let server = DnsServer::start(world.web(), WEB).unwrap();
    let laptop = world.laptop().unwrap().namespace();
    let address = sure(&world, resolve(laptop, server.addr(), "web.example", 3 * SECOND));
    assert_eq!(address, Ipv4Addr::new(10, 98, 0, 2));
}

#[test]
fn curl_and_ping_work() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let _v4 = WebServer::start(world.web(), 80).unwrap();
    let _v6 = WebServer::start(world.web_v6(), 80).unwrap();
    let laptop = world.laptop().unwrap().namespace();
    let (v4, v6) = (WEB.to_string(), WEB_V6.to_string());
    let (url, url_v6) = (format!("http://{v4}/"), format!("http://[{v6}]/"));
    let commands: [(&str, Vec<&str>); 4] = [
        ("curl", vec!["--silent", "--show-error", "--fail", "--max-time", "5", &url]),
        ("curl", vec!["--silent", "--show-error", "--fail", "--max-time", "5", &url_v6]),
        ("ping", vec!["-n", "-c", "3", "-i", "0.2", "-W", "2", &v4]),
        ("ping", vec!["-6", "-n", "-c", "3", "-i", "0.2", "-W", "2", &v6]),
    ];
    for (program, args) in commands {
        if let Some((false, text)) = host_tool(laptop, program, &args) {
            fail(&world, &format!("{program} {} failed: {text}", args.join(" ")));
        }
    }
}

#[test]
fn packets_of_1500_bytes_meet_path_mtu_discovery() {
    let Some(world) = tunnel(WorldSpec::default()) else { return };
    let web = WEB.to_string();
    let too_large = ["-n", "-c", "2", "-i", "0.5", "-W", "1", "-M", "do", "-s", "1472"];
    let from_laptop = [&too_large[..], &[web.as_str()]].concat();
    let from_web = [&too_large[..], &[LAPTOP_INSIDE]].concat();
    let laptop = world.laptop().unwrap().namespace();
    for (namespace, args) in [(laptop, from_laptop), (world.web().namespace, from_web)] {
        let Some((success, text)) = host_tool(namespace, "ping", &args) else { return };
        let told = text.contains("mtu = 1420") || text.contains("mtu=1420");
        if success || !told {
            fail(&world, &format!("ping from {} was not told the MTU: {text}", namespace.name()));
        }
    }
}

fn with_mtus(set: impl Fn(&mut LinkSpec, u32)) -> WorldSpec {
    let links = [("one", "eth1", 1_280), ("two", "eth2", 1_400), ("three", "eth3", 1_500)];
    let links = links.into_iter().enumerate().map(|(number, (name, interface, mtu))| {
        let mut link = LinkSpec::wifi();
        (link.name, link.interface) = (name.to_owned(), interface.to_owned());
        link.metric = 100 + number as u32;
        set(&mut link, mtu);
        link
    });
    WorldSpec::with_links(links.collect())
}

/// Datagrams and bulk traffic pass, and each link carries some of it.
fn works_over_all_links(spec: WorldSpec) {
    let Some(world) = tunnel(spec) else { return };
    exchanges(&world, false, &[100, 1_200, 1_392, 3_000]);
    exchanges(&world, true, &[100, 1_200, 1_372, 3_000]);
    let laptop = world.laptop().unwrap();
    let report = sure(&world, Bulk::download(4, 5 * SECOND).run(laptop.namespace(), world.web()));
    let carried: Vec<u64> = laptop.links().map(|link| link.counts()[1].bytes).collect();
    println!("{:.1} Mbit/s; the links carried {carried:?}", report.mbps());
    if report.mbps() < 60.0 || carried.iter().any(|bytes| *bytes < 1_000_000) {
        fail(&world, &format!("{:.1} Mbit/s; the links carried {carried:?}", report.mbps()));
    }
}

#[test]
fn links_of_different_mtu_work_together() {
    works_over_all_links(with_mtus(|link, mtu| link.device_mtu = mtu));
}

#[test]
fn paths_that_silently_drop_large_packets_work_together() {
    works_over_all_links(with_mtus(|link, mtu| link.config.set("mtu", &mtu.to_string()).unwrap()));
}

#[test]
fn strict_reverse_path_filters_do_no_harm() {
    let spec = WorldSpec { rp_filter: 1, ..WorldSpec::default() };
    let Some(world) = tunnel(spec) else { return };
    exchanges(&world, false, &[100, 1_200]);
    let laptop = world.laptop().unwrap();
    sure(&world, Bulk::download(4, 3 * SECOND).run(laptop.namespace(), world.web()));
    for link in laptop.links() {
        let bytes = link.counts()[1].bytes;
        if bytes < 500_000 {
            fail(&world, &format!("{} carried only {bytes} bytes", link.name()));
        }
    }
}

#[test]
fn two_links_with_the_same_address_are_both_used() {
    let phone = |name: &str, interface: &str, metric: u32| {
        let mut link = LinkSpec::wifi().behind_nat(Duration::from_secs(60));
        (link.name, link.interface) = (name.to_owned(), interface.to_owned());
        (link.metric, link.ipv6, link.subnet) = (metric, false, Some([172, 20, 10]));
        link
    };
    let spec = WorldSpec::with_links(vec![phone("one", "usb0", 700), phone("two", "usb1", 701)]);
    let Some(world) = tunnel(spec) else { return };
    let laptop = world.laptop().unwrap();
    sure(&world, Bulk::download(4, 3 * SECOND).run(laptop.namespace(), world.web()));
    for link in laptop.links() {
        let bytes = link.counts()[1].bytes;
        if bytes < 1_000_000 {
            fail(&world, &format!("{} carried only {bytes} bytes", link.name()));
        }
    }
}

#[test]
fn a_lossy_link_still_answers() {
    let mut cellular = LinkSpec::cellular();
    cellular.config.set("loss", "1%").unwrap();
    cellular.config.set("jitter", "8ms").unwrap();
    let Some(world) = tunnel(WorldSpec::with_links(vec![LinkSpec::wifi(), cellular])) else { return };
    let server = EchoServer::start(world.web()).unwrap();
    let laptop = world.laptop().unwrap().namespace();
    let client = sure(&world, EchoClient::new(laptop, server.addr(), None));
    let answered = (0..100).filter(|_| client.exchange(200, 500 * MS).unwrap().is_some()).count();
    assert!(answered >= 95, "{answered} of 100");
}
