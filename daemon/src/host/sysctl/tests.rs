use std::time::Duration;

use noq_udp::Transmit;

use super::*;
use crate::host::{
    netlink::Netlink,
    testing::{Namespace, add_route, patiently},
    udp::{Family, LinkSocket, RecvBatch},
};

const ALL: &str = "net/ipv4/conf/all/rp_filter";

fn read(key: &str) -> String {
    Sysctl::default().read(key).unwrap().unwrap()
}

fn write(key: &str, value: &str) {
    Sysctl::default().write(key, value).unwrap();
}

/// Sends to the gateway through a link.
fn ask(link: &LinkSocket) {
    let destination = "10.99.0.1:4433".parse().unwrap();
    let transmit = Transmit { destination, ecn: None, contents: b"hello", segment_size: None, src_ip: None };
    link.try_send(&transmit).unwrap();
}

/// Completes when a link has received an answer.
async fn answer(link: &LinkSocket) {
    let mut batch = RecvBatch::new();
    std::future::poll_fn(|context| link.poll_recv(context, &mut batch)).await.unwrap();
}

/// Two links to an internet that echoes at 10.99.0.1; the second has the worse metric.
fn two_links() -> Option<(Namespace, std::net::UdpSocket)> {
    let (client, internet) = (Namespace::new()?, Namespace::new()?);
    client.join("wlan0", &["10.1.0.2/24"], &internet, "isp1", &["10.1.0.1/24", "10.99.0.1/32"]);
    client.join("wwan0", &["10.2.0.2/24"], &internet, "isp2", &["10.2.0.1/24"]);
    client.run(|| async {
        let netlink = Netlink::connect().unwrap();
        add_route(&netlink, "0.0.0.0/0", Some("10.1.0.1"), "wlan0", 100).await;
        add_route(&netlink, "0.0.0.0/0", Some("10.2.0.1"), "wwan0", 700).await;
    });
    let echo = internet.run(|| async { std::net::UdpSocket::bind("10.99.0.1:4433").unwrap() });
    Some((client, echo))
}

fn echo(socket: std::net::UdpSocket) {
    let mut buffer = [0; 64];
    while let Ok((length, source)) = socket.recv_from(&mut buffer) {
        if length == 0 {
            return;
        }
        let _gone = socket.send_to(&buffer[..length], source);
    }
}

#[test]
fn a_strict_reverse_path_filter_drops_answers_on_the_second_link_and_the_loose_one_does_not() {
    let Some((client, socket)) = two_links() else { return };
    let stopper = socket.try_clone().unwrap();
    let echoing = std::thread::spawn(move || echo(socket));
    client.run(|| async {
        let state = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(state.path()).unwrap();
        for key in [ALL, "net/ipv4/conf/wlan0/rp_filter", "net/ipv4/conf/wwan0/rp_filter"] {
            write(key, STRICT);
        }
        let bind = |device| LinkSocket::bind(device, Family::V4, 29793, 1500).unwrap();
        let (best, worse) = (bind("wlan0"), bind("wwan0"));
        // One thread echoes in order: once the second is answered, the first has been.
        ask(&worse);
        ask(&best);
        patiently("the answer on the best link", answer(&best)).await;
        let dropped = tokio::time::timeout(Duration::from_millis(50), answer(&worse)).await;
        assert!(dropped.is_err(), "the strict filter has let the answer through");

        for link in [&best, &worse] {
            Sysctl::default().loosen_rp_filter(&mut journal, link.device()).unwrap();
        }
        ask(&worse);
        patiently("the answer on the worse link", answer(&worse)).await;

        journal.undo_all(&Netlink::connect().unwrap()).await.unwrap();
        assert_eq!(read("net/ipv4/conf/wwan0/rp_filter"), STRICT);
        assert_eq!(journal.changes().count(), 0);
    });
    // An empty datagram from the socket to itself ends the echo.
    stopper.send_to(&[], "10.99.0.1:4433").unwrap();
    echoing.join().unwrap();
}

#[test]
fn a_filter_that_is_off_or_loose_is_left_alone() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let state = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(state.path()).unwrap();
        for value in ["0", LOOSE] {
            write(ALL, value);
            write("net/ipv4/conf/lo/rp_filter", "0");
            Sysctl::default().loosen_rp_filter(&mut journal, "lo").unwrap();
        }
        Sysctl::default().loosen_rp_filter(&mut journal, "gone0").unwrap();
        assert_eq!(journal.changes().count(), 0);
    });
}

#[test]
fn forwarding_is_enabled_and_everything_it_touched_is_put_back() {
    let (Some(gateway), Some(world)) = (Namespace::new(), Namespace::new()) else { return };
    gateway.join("eth0", &["10.1.0.2/24"], &world, "far0", &["10.1.0.1/24"]);
    gateway.run(|| async {
        let state = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(state.path()).unwrap();
        write("net/ipv4/ip_forward", "0");
        write("net/ipv4/conf/all/accept_redirects", "0");
        write("net/ipv4/conf/lo/forwarding", "1");
        write("net/ipv6/conf/all/forwarding", "0");
        write("net/ipv6/conf/eth0/accept_ra", "1");

        Sysctl::default().enable_forwarding(&mut journal).unwrap();
        assert_eq!(read("net/ipv4/conf/eth0/forwarding"), "1");
        assert_eq!(read("net/ipv6/conf/eth0/forwarding"), "1");
        assert_eq!(read("net/ipv6/conf/eth0/accept_ra"), ACCEPT_RA_ALWAYS);

        drop(journal);
        let mut journal = Journal::open(state.path()).unwrap();
        journal.undo_all(&Netlink::connect().unwrap()).await.unwrap();
        assert_eq!(read("net/ipv4/ip_forward"), "0");
        assert_eq!(read("net/ipv4/conf/all/accept_redirects"), "0");
        assert_eq!(read("net/ipv4/conf/lo/forwarding"), "1");
        assert_eq!(read("net/ipv4/conf/eth0/forwarding"), "0");
        assert_eq!(read("net/ipv6/conf/eth0/forwarding"), "0");
        assert_eq!(read("net/ipv6/conf/eth0/accept_ra"), "1");
    });
}

#[test]
fn a_value_that_somebody_else_has_set_since_is_left() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("key"), "3\n").unwrap();
    let setting = Setting { key: "key".to_owned(), value: "0".to_owned() };
    Sysctl::at(root.path()).restore(&setting, Some("1")).unwrap();
    assert_eq!(std::fs::read_to_string(root.path().join("key")).unwrap(), "3\n");
    Sysctl::at(root.path()).restore(&setting, Some("3")).unwrap();
    assert_eq!(std::fs::read_to_string(root.path().join("key")).unwrap(), "0");
}

#[test]
fn a_setting_that_is_gone_needs_no_restoring() {
    let root = tempfile::tempdir().unwrap();
    let setting = Setting { key: "net/gone".to_owned(), value: "0".to_owned() };
    Sysctl::at(root.path()).restore(&setting, Some("1")).unwrap();
}
