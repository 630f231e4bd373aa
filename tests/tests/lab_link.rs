//! The emulated link does to real packets what it promises. Bounds are wide, since the machine may be busy; the
//! exact figures come from `tandem-lab selftest`.

#![expect(clippy::unwrap_used, reason = "a helper that fails has failed the test")]

use std::net::IpAddr;
use std::time::Duration;

use tandem_lab::exclusive::Exclusive;
use tandem_lab::link::{End, Link, LinkConfig, NatConfig};
use tandem_lab::netif::{self, Net, Route};
use tandem_lab::netns::Namespace;
use tandem_lab::traffic::bulk::Bulk;
use tandem_lab::traffic::flood::Flood;
use tandem_lab::traffic::udp::{EchoClient, EchoServer, Stream};
use tandem_lab::traffic::{Direction, Place};

const MS: Duration = Duration::from_millis(1);

/// Two hosts and a link between them: 10.0.0.1 here, 10.0.0.2 there.
struct Pair {
    link: Link,
    here: Namespace,
    there: Namespace,
    _lab: Exclusive,
}

const THERE: [u8; 4] = [10, 0, 0, 2];

impl Pair {
    fn new(config: LinkConfig) -> Option<Self> {
        Self::with_nat(config, None)
    }

    fn with_nat(config: LinkConfig, nat: Option<NatConfig>) -> Option<Self> {
        let lab = Exclusive::for_test()?;
        let (here, there) = (Namespace::new("here").unwrap(), Namespace::new("there").unwrap());
        let ends =
            [End { namespace: &here, interface: "left0" }, End { namespace: &there, interface: "right0" }];
        let link = Link::new("test", ends, config, nat, 1).unwrap();
        here.run(|| netif::add_address("left0", Net::new([10, 0, 0, 1], 24))).unwrap();
        there.run(|| netif::add_address("right0", Net::new(THERE, 24))).unwrap();
        Some(Self { link, here, there, _lab: lab })
    }

    fn far_end(&self) -> Place<'_> {
        Place { namespace: &self.there, addr: IpAddr::from(THERE) }
    }

    fn stream(&self, count: u32, interval: Duration) -> tandem_lab::traffic::udp::StreamReport {
        let stream = Stream {
            direction: Direction::Upload,
            payload: 200,
            interval,
            duration: interval * count,
            lead: Duration::ZERO,
            is_call: false,
            interface: None,
        };
        stream.run(&self.here, self.far_end()).unwrap()
    }

    fn echo(&self) -> (EchoServer, EchoClient) {
        let server = EchoServer::start(self.far_end()).unwrap();
        let client = EchoClient::new(&self.here, server.addr(), None).unwrap();
        (server, client)
    }
}

#[test]
fn a_call_goes_both_ways_and_is_measured_after_its_lead() {
    for direction in [Direction::Upload, Direction::Download] {
        let Some(pair) = Pair::new(LinkConfig::symmetric(50_000_000, 5 * MS)) else { return };
        let call = Stream {
            direction,
            payload: 172,
            interval: 10 * MS,
            duration: 500 * MS,
            lead: 200 * MS,
            is_call: true,
            interface: None,
        };
        let report = call.run(&pair.here, pair.far_end()).unwrap();
        assert_eq!((report.sent, report.received, report.delays.len()), (30, 30, 30));
        assert_eq!((report.lost_among(0..20), report.lost_among(0..100)), (0, 0));
        let [up, down] = pair.link.counts();
        assert!(up.frames >= 50 && down.frames >= 50, "{up:?} {down:?}");
    }
}

#[test]
fn a_flood_fills_the_link_and_what_is_too_much_does_not_arrive() {
    for direction in [Direction::Upload, Direction::Download] {
        let Some(pair) = Pair::new(LinkConfig::symmetric(5_000_000, 5 * MS)) else { return };
        let flood = Flood { direction, payload: 958, warm_up: 500 * MS, length: 1000 * MS };
        let report = flood.run(&pair.here, pair.far_end()).unwrap();
        // Of 1000 bytes with their headers, 625 in a second.
        assert!((500.0..700.0).contains(&report.received_per_second), "{report:?}");
        assert!(report.sent_per_second > 2.0 * report.received_per_second, "{report:?}");
    }
}

#[test]
fn tcp_gets_the_rate_of_the_link() {
    let Some(pair) = Pair::new(LinkConfig::symmetric(50_000_000, 5 * MS)) else { return };
    for bulk in [Bulk::download(2, 3 * Duration::from_secs(1)), Bulk::upload(2, 3 * Duration::from_secs(1))] {
        let report = bulk.run(&pair.here, pair.far_end()).unwrap();
        // 1448 of 1514 bytes are payload: 47.8 Mbit/s at best.
        assert!((40.0..49.0).contains(&report.mbps()), "{:?} {:.1} Mbit/s", bulk.direction, report.mbps());
    }
}

#[test]
fn what_is_under_way_when_a_transfer_is_drained_still_arrives() {
    const LONGEST: Duration = Duration::from_secs(60);
    let Some(pair) = Pair::new(LinkConfig::symmetric(20_000_000, 20 * MS)) else { return };
    let transfer = Bulk::upload(2, LONGEST).start(&pair.here, pair.far_end()).unwrap();
    std::thread::sleep(1_000 * MS);
    let (start, before) = (transfer.meter().start(), transfer.meter().total());
    transfer.drain();
    let report = transfer.finish().unwrap();
    assert!(start.elapsed() < LONGEST, "it ends when all has arrived");
    assert!(report.bytes > before, "{} and {before}", report.bytes);
    // All that the link carried has been counted, but for headers and what was sent twice.
    let carried = pair.link.counts()[0].bytes;
    assert!((report.bytes..report.bytes * 3 / 2).contains(&carried), "{} of {carried}", report.bytes);
}

#[test]
fn the_rate_changes_while_traffic_flows() {
    let Some(pair) = Pair::new(LinkConfig::symmetric(50_000_000, 5 * MS)) else { return };
    let transfer = Bulk::download(2, Duration::from_secs(4)).start(&pair.here, pair.far_end()).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    pair.link.set("rate", "5mbit").unwrap();
    std::thread::sleep(Duration::from_millis(1_950));
    let (second, meter) = (Duration::from_secs(1), transfer.meter());
    let before = meter.rate_bps(second, 2 * second) / 1e6;
    let after = meter.rate_bps(3 * second, Duration::from_millis(3_900)) / 1e6;
    transfer.finish().unwrap();
    assert!(before > 35.0 && (2.0..7.0).contains(&after), "{before:.1} then {after:.1} Mbit/s");
}

#[test]
fn a_datagram_takes_the_delay() {
    let Some(pair) = Pair::new(LinkConfig::symmetric(100_000_000, 20 * MS)) else { return };
    let report = pair.stream(100, 5 * MS);
    let median = report.delay_quantile(0.5).unwrap();
    assert_eq!(report.received, report.sent);
    assert!((20 * MS..25 * MS).contains(&median), "{median:?}");
}

#[test]
fn loss_hits_only_its_direction() {
    let mut config = LinkConfig::default();
    config.set("up.loss", "20%").unwrap();
    let Some(pair) = Pair::new(config) else { return };
    let report = pair.stream(1_000, MS);
    assert!((0.14..0.26).contains(&report.loss_ratio()), "{}", report.loss_ratio());
    let [up, down] = pair.link.counts();
    assert!(up.lost > 0 && down.lost == 0, "{up:?} {down:?}");
}

#[test]
fn a_small_queue_drops_and_bounds_the_delay() {
    let mut config = LinkConfig::symmetric(1_000_000, Duration::ZERO);
    config.set("queue", "10000").unwrap();
    let Some(pair) = Pair::new(config) else { return };
    // About 1.9 Mbit/s of frames into 1 Mbit/s.
    let report = pair.stream(1_000, MS);
    let slowest = report.delay_quantile(1.0).unwrap();
    assert!((0.3..0.6).contains(&report.loss_ratio()), "{}", report.loss_ratio());
    assert!((75 * MS..110 * MS).contains(&slowest), "10 kB take 80 ms, not {slowest:?}");
    assert!(pair.link.counts()[0].queue_drops > 0);
}

#[test]
fn a_blackhole_swallows_and_gives_nothing_back() {
    let Some(pair) = Pair::new(LinkConfig::default()) else { return };
    let (_server, client) = pair.echo();
    assert!(client.exchange(100, Duration::from_secs(1)).unwrap().is_some());
    pair.link.set_blackhole(true).unwrap();
    assert!(client.exchange(100, 300 * MS).unwrap().is_none());
    pair.link.set_blackhole(false).unwrap();
    assert!(client.exchange(100, Duration::from_secs(1)).unwrap().is_some());
}

#[test]
fn the_kernel_sees_the_carrier_go_and_come() {
    let Some(pair) = Pair::new(LinkConfig::default()) else { return };
    pair.here.sysctl("net/ipv4/conf/left0/ignore_routes_with_linkdown", "1").unwrap();
    let (server, client) = pair.echo();
    let routed = || EchoClient::new(&pair.here, server.addr(), None).is_ok();
    let patience = Duration::from_secs(5);
    assert!(client.exchange(100, patience).unwrap().is_some());
    pair.link.set_carrier(false).unwrap();
    assert!(tandem_lab::wait_until(patience, || !routed()));
    assert!(client.exchange(100, 300 * MS).unwrap().is_none());
    pair.link.set_carrier(true).unwrap();
    assert!(tandem_lab::wait_until(patience, routed));
    assert!(client.exchange(100, patience).unwrap().is_some());
}

#[test]
fn packets_above_the_mtu_vanish() {
    let mut config = LinkConfig::default();
    config.set("mtu", "1400").unwrap();
    let Some(pair) = Pair::new(config) else { return };
    let (_server, client) = pair.echo();
    assert!(client.exchange(1_372, Duration::from_secs(1)).unwrap().is_some(), "1400 bytes of IP");
    assert!(client.exchange(1_373, 300 * MS).unwrap().is_none(), "1401 bytes of IP");
}

#[test]
fn blocked_udp_leaves_tcp_alone() {
    let Some(pair) = Pair::new(LinkConfig::symmetric(50_000_000, MS)) else { return };
    let (_server, client) = pair.echo();
    pair.link.set("udp", "blocked").unwrap();
    assert!(client.exchange(100, 300 * MS).unwrap().is_none());
    let report = Bulk::upload(1, Duration::from_secs(1)).run(&pair.here, pair.far_end()).unwrap();
    assert!(report.mbps() > 10.0, "{:.1} Mbit/s", report.mbps());
}

fn behind_nat(timeout: Duration) -> Option<Pair> {
    let external = vec![[198, 18, 0, 1].into(), [198, 18, 0, 2].into()];
    let pair = Pair::with_nat(LinkConfig::default(), Some(NatConfig { external, timeout }))?;
    let back = Route { to: Net::new([198, 18, 0, 0], 24), via: IpAddr::from([10, 0, 0, 1]), metric: 0 };
    pair.there.run(|| netif::add_route("right0", back)).unwrap();
    Some(pair)
}

#[test]
fn a_nat_shows_its_own_address_and_another_after_rebinding() {
    let Some(pair) = behind_nat(Duration::from_secs(60)) else { return };
    let server = pair.there.run(|| Ok(std::net::UdpSocket::bind("10.0.0.2:0")?)).unwrap();
    server.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let client = pair.here.run(|| Ok(std::net::UdpSocket::bind("10.0.0.1:0")?)).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let mut buffer = [0; 64];
    let mut seen = Vec::new();
    for _ in 0..2 {
        client.send_to(b"hello", server.local_addr().unwrap()).unwrap();
        let (_, from) = server.recv_from(&mut buffer).unwrap();
        server.send_to(b"back", from).unwrap();
        let (length, _) = client.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"back");
        seen.push(from);
        pair.link.rebind().unwrap();
    }
    assert_eq!(seen[0].ip(), IpAddr::from([198, 18, 0, 1]));
    assert_eq!(seen[1].ip(), IpAddr::from([198, 18, 0, 2]));
    assert_ne!(seen[0].port(), seen[1].port());
    server.send_to(b"late", seen[0]).unwrap();
    client.set_read_timeout(Some(300 * MS)).unwrap();
    assert!(client.recv_from(&mut buffer).is_err(), "the old mapping is gone");
}

#[test]
fn tcp_works_through_the_nat() {
    let Some(pair) = behind_nat(Duration::from_secs(60)) else { return };
    pair.link.set("rate", "50mbit").unwrap();
    let report = Bulk::download(2, Duration::from_secs(1)).run(&pair.here, pair.far_end()).unwrap();
    assert!(report.mbps() > 20.0, "{:.1} Mbit/s", report.mbps());
}

#[test]
fn dropping_the_link_removes_its_interfaces() {
    let Some(pair) = Pair::new(LinkConfig::default()) else { return };
    let Pair { link, here, .. } = pair;
    let devices = || here.run(|| Ok(std::fs::read_to_string("/proc/thread-self/net/dev")?)).unwrap();
    assert!(devices().contains("left0"));
    drop(link);
    assert!(!devices().contains("left0"));
}
