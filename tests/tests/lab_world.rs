//! The world is wired as its picture says, before tandem enters it.

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed the test")]

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tandem_lab::traffic::bulk::Bulk;
use tandem_lab::traffic::http::{WebServer, download};
use tandem_lab::traffic::meter::Meter;
use tandem_lab::traffic::udp::{EchoClient, EchoServer};
use tandem_lab::traffic::{Connect, Place};
use tandem_lab::world::{LinkSpec, WEB_DIRECT_V6, World, WorldSpec};

const PATIENCE: Duration = Duration::from_secs(5);

fn world(spec: WorldSpec) -> Option<World> {
    World::for_test(spec).unwrap()
}

fn reaches_web(world: &World, interface: &str) -> bool {
    let server = EchoServer::start(world.web_direct()).unwrap();
    let client =
        EchoClient::new(world.laptop().unwrap().namespace(), server.addr(), Some(interface)).unwrap();
    client.exchange(200, PATIENCE).unwrap().is_some()
}

#[test]
fn each_link_reaches_the_web_at_its_own_speed() {
    let Some(world) = world(WorldSpec::default()) else { return };
    let laptop = world.laptop().unwrap();
    let seconds = Duration::from_secs(2);
    let wifi = Bulk::download(2, seconds).over("wlan0").run(laptop.namespace(), world.web_direct()).unwrap();
    let cellular =
        Bulk::download(2, seconds).over("wwan0").run(laptop.namespace(), world.web_direct()).unwrap();
    assert!((30.0..49.0).contains(&wifi.mbps()), "{:.1}", wifi.mbps());
    assert!((8.0..20.0).contains(&cellular.mbps()), "{:.1}", cellular.mbps());
}

#[test]
fn a_link_without_nat_carries_ipv6_too() {
    let Some(world) = world(WorldSpec::default()) else { return };
    let web = Place { addr: WEB_DIRECT_V6.into(), ..world.web_direct() };
    let server = EchoServer::start(web).unwrap();
    for interface in ["wlan0", "wwan0"] {
        let client =
            EchoClient::new(world.laptop().unwrap().namespace(), server.addr(), Some(interface)).unwrap();
        let rtt = client.exchange(200, PATIENCE).unwrap();
        assert!(rtt.is_some_and(|rtt| rtt >= Duration::from_millis(15)), "{interface} {rtt:?}");
    }
}

#[test]
fn two_links_may_have_the_same_address() {
    let phone = |name: &str, interface: &str, metric: u32| {
        let mut link = LinkSpec::cellular();
        (link.name, link.interface) = (name.to_owned(), interface.to_owned());
        (link.metric, link.ipv6) = (metric, false);
        link.subnet = Some([172, 20, 10]);
        link
    };
    let spec = WorldSpec::with_links(vec![phone("one", "usb0", 700), phone("two", "usb1", 701)]);
    let Some(world) = world(spec) else { return };
    assert!(reaches_web(&world, "usb0"));
    assert!(reaches_web(&world, "usb1"));
}

#[test]
fn an_interface_comes_and_goes() {
    let spec = WorldSpec::with_links(vec![LinkSpec::wifi(), LinkSpec::cellular().absent()]);
    let Some(mut world) = world(spec) else { return };
    assert!(world.laptop().unwrap().link("cellular").is_err());
    world.attach("cellular").unwrap();
    assert!(reaches_web(&world, "wwan0"));
    world.detach("cellular").unwrap();
    assert!(world.laptop().unwrap().link("cellular").is_err());
    world.attach("cellular").unwrap();
    assert!(reaches_web(&world, "wwan0"));
}

#[test]
fn the_web_server_serves_downloads() {
    let Some(world) = world(WorldSpec::default()) else { return };
    let server = WebServer::start(world.web_direct(), 80).unwrap();
    let meter = Meter::new(Duration::from_secs(10));
    let laptop = world.laptop().unwrap().namespace();
    let bytes =
        download(laptop, server.addr(), &Connect::default(), 1_000_000, &meter, &AtomicBool::new(false))
            .unwrap();
    assert_eq!((bytes, meter.total()), (1_000_000, 1_000_000));
}

#[test]
fn nothing_is_left_when_the_world_is_gone() {
    let Some(world) = world(WorldSpec::default()) else { return };
    let directory = world.directory().to_owned();
    assert!(directory.is_dir());
    drop(world);
    assert!(!directory.exists());
}
