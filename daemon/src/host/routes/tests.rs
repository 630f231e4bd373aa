use std::num::NonZeroU8;

use futures_util::TryStreamExt;
use noq_udp::Transmit;
use rtnetlink::IpVersion;

use super::*;
use crate::host::{
    sysctl::Sysctl,
    testing::{Namespace, add_route, drop_network_rights, index, patiently},
    tun::{TunConfig, TunDevice},
    udp::{Family, LinkSocket, RecvBatch},
};

const MARK: u32 = 29793;

fn prefixes(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A laptop on `wlan0` with a default route in both families, and the internet behind it.
fn laptop() -> Option<(Namespace, Namespace)> {
    let (laptop, internet) = (Namespace::new()?, Namespace::new()?);
    laptop.join("wlan0", &["10.1.0.2/24", "fd01::2/64"], &internet, "isp", &["10.1.0.1/24", "fd01::1/64"]);
    laptop.run(|| async {
        let netlink = Netlink::connect().unwrap();
        add_route(&netlink, "0.0.0.0/0", Some("10.1.0.1"), "wlan0", 600).await;
        add_route(&netlink, "::/0", Some("fd01::1"), "wlan0", 600).await;
    });
    Some((laptop, internet))
}

/// A laptop's tunnel, in the laptop's namespace.
struct Tunnel {
    netlink: Netlink,
    journal: Journal,
    state: tempfile::TempDir,
    tun: TunDevice,
}

impl Tunnel {
    async fn new() -> Self {
        let netlink = Netlink::connect().unwrap();
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path()).unwrap();
        let addresses = prefixes(&["10.77.0.2/24", "fd77::2/64"]);
        let config = TunConfig { name: "tandem0".to_owned(), mtu: 1420, addresses, queues: NonZeroU8::MIN };
        let tun = TunDevice::create(&netlink, &config).await.unwrap();
        Self { netlink, journal, state, tun }
    }

    fn config(&self, texts: &[&str]) -> RouteConfig {
        let (tun, prefixes) = (self.tun.ifindex(), prefixes(texts));
        RouteConfig { table: 29793, mark: MARK, priority: 29793, tun, prefixes }
    }

    async fn install(&mut self, texts: &[&str]) {
        let config = self.config(texts);
        install(&self.netlink, &mut self.journal, &config).await.unwrap();
    }
}

/// The source address that the kernel would use towards a destination tells the interface.
fn source_towards(destination: &str) -> String {
    let any = if destination.contains(':') { "[::]:0" } else { "0.0.0.0:0" };
    let socket = std::net::UdpSocket::bind(any).unwrap();
    socket.connect((destination, 9)).unwrap();
    socket.local_addr().unwrap().ip().to_string()
}

async fn rules_and_routes(netlink: &Netlink) -> (usize, usize) {
    let (mut rules, mut routes) = (0, 0);
    for version in [IpVersion::V4, IpVersion::V6] {
        rules += netlink.handle().rule().get(version).execute().try_collect::<Vec<_>>().await.unwrap().len();
    }
    for message in [
        RouteMessageBuilder::<std::net::Ipv4Addr>::new().build(),
        RouteMessageBuilder::<std::net::Ipv6Addr>::new().build(),
    ] {
        let all: Vec<_> = netlink.handle().route().get(message).execute().try_collect().await.unwrap();
        routes += all.iter().filter(|route| route.header.protocol == RouteProtocol::from(PROTOCOL)).count();
    }
    (rules, routes)
}

#[test]
fn a_full_tunnel_takes_both_families_and_leaves_the_local_network() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        tunnel.install(&["0.0.0.0/0", "::/0"]).await;
        assert_eq!(source_towards("192.0.2.1"), "10.77.0.2");
        assert_eq!(source_towards("2001:db8::1"), "fd77::2");
        assert_eq!(source_towards("10.1.0.1"), "10.1.0.2");
        assert_eq!(source_towards("fd01::1"), "fd01::2");
    });
}

#[test]
fn the_tunnels_own_packets_do_not_enter_the_tunnel() {
    let Some((laptop, internet)) = laptop() else { return };
    let gateway = internet.run(|| async { std::net::UdpSocket::bind("10.1.0.1:4433").unwrap() });
    gateway.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        // The most hostile case: even the gateway's own address is routed into the tunnel.
        tunnel.install(&["0.0.0.0/0", "10.1.0.1/32"]).await;
        assert_eq!(source_towards("10.1.0.1"), "10.77.0.2");
        let socket = LinkSocket::bind("wlan0", Family::V4, MARK, 1500).unwrap();
        let destination = "10.1.0.1:4433".parse().unwrap();
        let transmit =
            Transmit { destination, ecn: None, contents: b"outer", segment_size: None, src_ip: None };
        socket.try_send(&transmit).unwrap();
        let (_, source) = gateway.recv_from(&mut [0; 8]).unwrap();
        assert_eq!(source.ip().to_string(), "10.1.0.2");
    });
}

#[test]
fn answers_to_the_tunnels_own_packets_pass_the_reverse_path_filter_of_a_full_tunnel() {
    let Some((laptop, internet)) = laptop() else { return };
    let gateway = internet.run(|| async { std::net::UdpSocket::bind("10.1.0.1:4433").unwrap() });
    internet.run(|| async {
        let netlink = Netlink::connect().unwrap();
        netlink.add_address(index(&netlink, "isp").await, "10.99.0.1/32".parse().unwrap()).await.unwrap();
    });
    let far = internet.run(|| async { std::net::UdpSocket::bind("10.99.0.1:4433").unwrap() });
    laptop.run(|| async {
        std::fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "1").unwrap();
        let mut tunnel = Tunnel::new().await;
        tunnel.install(&["0.0.0.0/0"]).await;
        Sysctl::default().loosen_rp_filter(&mut tunnel.journal, "wlan0").unwrap();
        let socket = LinkSocket::bind("wlan0", Family::V4, MARK, 1500).unwrap();
        let port = socket.local_addr().unwrap().port();
        for (server, payload) in [(&gateway, b"near"), (&far, b"far!")] {
            server.send_to(payload, ("10.1.0.2", port)).unwrap();
            let mut batch = RecvBatch::new();
            let received = std::future::poll_fn(|context| socket.poll_recv(context, &mut batch));
            patiently("the answer", received).await.unwrap();
            assert_eq!(batch.datagrams().next().unwrap().payload, payload);
        }
    });
}

#[test]
fn listed_prefixes_alone_enter_the_tunnel() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        tunnel.install(&["192.0.2.0/24", "10.0.0.0/8"]).await;
        assert_eq!(source_towards("192.0.2.1"), "10.77.0.2");
        assert_eq!(source_towards("10.9.9.9"), "10.77.0.2");
        assert_eq!(source_towards("10.1.0.1"), "10.1.0.2", "the local network is more specific");
        assert_eq!(source_towards("198.51.100.1"), "10.1.0.2");
        assert_eq!(source_towards("2001:db8::1"), "fd01::2");
    });
}

#[test]
fn rules_that_would_come_after_the_main_tables_are_refused() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        for priority in [MAIN_PRIORITY - 3, u32::MAX] {
            let config = RouteConfig { priority, ..tunnel.config(&["0.0.0.0/0"]) };
            let refused = install(&tunnel.netlink, &mut tunnel.journal, &config).await;
            assert!(matches!(refused, Err(RouteError::NoRoom)), "{priority}");
        }
        assert_eq!(tunnel.journal.changes().count(), 0);
    });
}

#[test]
fn other_prefixes_replace_the_former_ones() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        tunnel.install(&["0.0.0.0/0", "::/0"]).await;
        tunnel.install(&["192.0.2.0/24"]).await;
        assert_eq!(source_towards("192.0.2.1"), "10.77.0.2");
        assert_eq!(source_towards("198.51.100.1"), "10.1.0.2");
        assert_eq!(source_towards("2001:db8::1"), "fd01::2");
    });
}

#[test]
fn nothing_is_left_behind_after_a_stop() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        let before = rules_and_routes(&tunnel.netlink).await;
        tunnel.install(&["0.0.0.0/0", "::/0", "192.0.2.0/24"]).await;
        assert_ne!(rules_and_routes(&tunnel.netlink).await, before);
        tunnel.journal.undo_all(&tunnel.netlink).await.unwrap();
        assert_eq!(rules_and_routes(&tunnel.netlink).await, before);
        assert_eq!(source_towards("192.0.2.1"), "10.1.0.2");
    });
}

#[test]
fn the_start_after_a_kill_removes_what_was_left_behind() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        let before = rules_and_routes(&tunnel.netlink).await;
        tunnel.install(&["0.0.0.0/0", "::/0"]).await;
        let Tunnel { netlink, journal, state, tun } = tunnel;
        // As a kill does: the kernel closes the device and the lock, nobody undoes anything.
        drop((journal, tun));
        let mut journal = Journal::open(state.path()).unwrap();
        journal.undo_all(&netlink).await.unwrap();
        assert_eq!(rules_and_routes(&netlink).await, before);
    });
}

#[test]
fn what_was_recorded_but_never_done_is_no_obstacle_to_undoing() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        let config = tunnel.config(&["0.0.0.0/0"]);
        let rules = rules(&config);
        rules[0].add(&tunnel.netlink).await.unwrap();
        tunnel.journal.record(&rules.into_iter().map(Change::Rule).collect::<Vec<_>>()).unwrap();
        tunnel.journal.undo_all(&tunnel.netlink).await.unwrap();
        assert_eq!(tunnel.journal.changes().count(), 0);
    });
}

#[test]
fn somebody_elses_rule_and_route_survive() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        let rules = tunnel.netlink.handle().rule();
        rules.add().v4().table_id(100).priority(29793).action(RuleAction::ToTable).execute().await.unwrap();
        let theirs = RouteMessageBuilder::<std::net::Ipv4Addr>::new()
            .destination_prefix("203.0.113.0".parse().unwrap(), 24)
            .output_interface(index(&tunnel.netlink, "wlan0").await)
            .table_id(29793)
            .build();
        let routes = tunnel.netlink.handle().route();
        routes.add(theirs.clone()).execute().await.unwrap();
        let before = rules_and_routes(&tunnel.netlink).await;
        tunnel.install(&["0.0.0.0/0", "::/0"]).await;
        tunnel.journal.undo_all(&tunnel.netlink).await.unwrap();
        assert_eq!(rules_and_routes(&tunnel.netlink).await, before);
        // Deleting it would fail if it were gone.
        routes.del(theirs).execute().await.unwrap();
    });
}

#[test]
fn a_missing_permission_is_told_and_leaves_nothing_behind() {
    let Some((laptop, _internet)) = laptop() else { return };
    laptop.run(|| async {
        let mut tunnel = Tunnel::new().await;
        let config = tunnel.config(&["0.0.0.0/0"]);
        let before = rules_and_routes(&tunnel.netlink).await;
        drop_network_rights();
        let error = install(&tunnel.netlink, &mut tunnel.journal, &config).await.unwrap_err();
        assert!(matches!(error, RouteError::Denied), "{error}");
        assert_eq!(rules_and_routes(&tunnel.netlink).await, before);
    });
}
