use std::{collections::BTreeSet, net::IpAddr};

use super::*;
use crate::host::{
    netlink::Netlink,
    testing::{Namespace, add_route, drop_network_rights, index, patiently, set_up},
};

const MARK: u32 = 29793;

/// A namespace for the client and one for the gateway, joined by `wlan0`.
fn world() -> Option<(Namespace, Namespace)> {
    let (client, gateway) = (Namespace::new()?, Namespace::new()?);
    client.join("wlan0", &["10.1.0.2/24", "fd01::2/64"], &gateway, "lan0", &["10.1.0.1/24", "fd01::1/64"]);
    Some((client, gateway))
}

fn transmit(destination: &str, contents: &'static [u8]) -> Transmit<'static> {
    Transmit {
        destination: destination.parse().unwrap(),
        ecn: None,
        contents,
        segment_size: None,
        src_ip: None,
    }
}

fn link(device: &str, family: Family) -> LinkSocket {
    LinkSocket::bind(device, family, MARK, 1500).unwrap()
}

/// The payloads of the next receive.
async fn receive(socket: &ListenSocket) -> Vec<(Vec<u8>, Option<EcnCodepoint>, Option<IpAddr>)> {
    let mut batch = RecvBatch::new();
    patiently("a datagram", std::future::poll_fn(|context| socket.poll_recv(context, &mut batch)))
        .await
        .unwrap();
    batch.datagrams().map(|datagram| (datagram.payload.to_vec(), datagram.ecn, datagram.local)).collect()
}

#[test]
fn a_batch_keeps_its_datagram_boundaries_and_its_ecn_mark() {
    let Some((client, gateway)) = world() else { return };
    gateway.run(|| async {
        let listener = ListenSocket::bind("0.0.0.0:4433".parse().unwrap()).unwrap();
        client.run(|| async {
            let batch = Transmit {
                ecn: Some(EcnCodepoint::Ect0),
                segment_size: Some(3),
                ..transmit("10.1.0.1:4433", b"aaabbbcc")
            };
            link("wlan0", Family::V4).try_send(&batch).unwrap();
        });
        let mut received = Vec::new();
        while received.len() < 3 {
            received.extend(receive(&listener).await);
        }
        let local = Some("10.1.0.1".parse().unwrap());
        let expected = [b"aaa".as_slice(), b"bbb", b"cc"];
        let expected: Vec<_> =
            expected.iter().map(|bytes| (bytes.to_vec(), Some(EcnCodepoint::Ect0), local)).collect();
        assert_eq!(received, expected);
    });
}

#[test]
fn the_gateway_answers_from_the_address_that_was_asked() {
    let Some((client, gateway)) = world() else { return };
    gateway.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let lan = index(&netlink, "lan0").await;
        for address in ["10.1.0.9/24", "fd01::9/64"] {
            netlink.add_address(lan, address.parse().unwrap()).await.unwrap();
        }
        for (listen, ask, family) in
            [("0.0.0.0:4433", "10.1.0.9:4433", Family::V4), ("[::]:4433", "[fd01::9]:4433", Family::V6)]
        {
            let listener = ListenSocket::bind(listen.parse().unwrap()).unwrap();
            // A socket stays in the namespace that it was made in, whoever uses it.
            let asker = client.run(|| async move { std::net::UdpSocket::bind(family.wildcard()).unwrap() });
            asker.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
            asker.send_to(b"who?", ask).unwrap();
            let mut batch = RecvBatch::new();
            let question = std::future::poll_fn(|context| listener.poll_recv(context, &mut batch));
            patiently("the question", question).await.unwrap();
            let datagram = batch.datagrams().next().unwrap();
            let answer = Transmit { src_ip: datagram.local, ..transmit(ask, b"I") };
            listener.try_send(&Transmit { destination: datagram.source, ..answer }).unwrap();
            assert_eq!(asker.recv_from(&mut [0; 8]).unwrap().1, ask.parse().unwrap());
        }
    });
}

#[test]
fn a_link_with_a_worse_metric_is_used_all_the_same() {
    let (Some(client), Some(internet)) = (Namespace::new(), Namespace::new()) else { return };
    client.join("wlan0", &["10.1.0.2/24"], &internet, "isp1", &["10.1.0.1/24", "10.99.0.1/32"]);
    client.join("wwan0", &["10.2.0.2/24"], &internet, "isp2", &["10.2.0.1/24"]);
    internet.run(|| async {
        let listener = ListenSocket::bind("10.99.0.1:4433".parse().unwrap()).unwrap();
        client.run(|| async {
            let netlink = Netlink::connect().unwrap();
            add_route(&netlink, "0.0.0.0/0", Some("10.1.0.1"), "wlan0", 100).await;
            add_route(&netlink, "0.0.0.0/0", Some("10.2.0.1"), "wwan0", 700).await;
            for device in ["wlan0", "wwan0"] {
                link(device, Family::V4).try_send(&transmit("10.99.0.1:4433", b"hello")).unwrap();
            }
        });
        let (mut batch, mut sources) = (RecvBatch::new(), BTreeSet::new());
        while sources.len() < 2 {
            let receive = std::future::poll_fn(|context| listener.poll_recv(context, &mut batch));
            patiently("a datagram from each link", receive).await.unwrap();
            sources.extend(batch.datagrams().map(|datagram| datagram.source.ip().to_string()));
        }
        assert_eq!(sources, BTreeSet::from(["10.1.0.2".to_owned(), "10.2.0.2".to_owned()]));
    });
}

#[test]
fn a_datagram_above_the_mtu_is_too_big_and_the_socket_goes_on() {
    let Some((client, gateway)) = world() else { return };
    gateway.run(|| async {
        let listener = ListenSocket::bind("[::]:4433".parse().unwrap()).unwrap();
        client.run(|| async {
            let mut socket = link("wlan0", Family::V6);
            let large = vec![0; 1453];
            let probe = Transmit { contents: &large, ..transmit("[fd01::1]:4433", b"") };
            assert!(matches!(socket.try_send(&probe), Err(SendError::TooBig)));
            socket.set_mtu(9000);
            assert!(
                matches!(socket.try_send(&probe), Err(SendError::TooBig)),
                "the kernel does not fragment"
            );
            socket.try_send(&transmit("[fd01::1]:4433", b"fits")).unwrap();
        });
        assert_eq!(receive(&listener).await[0].0, b"fits");
    });
}

#[test]
fn a_link_without_a_route_or_device_is_gone_and_not_fatal() {
    let Some((client, _gateway)) = world() else { return };
    client.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let socket = link("wlan0", Family::V6);
        let send = || socket.try_send(&transmit("[2001:db8::1]:4433", b"hello"));
        assert!(matches!(send(), Err(SendError::LinkGone)), "no route");
        set_up(&netlink, "wlan0", false).await;
        assert!(matches!(send(), Err(SendError::LinkGone)), "interface down");
        netlink.handle().link().del(index(&netlink, "wlan0").await).execute().await.unwrap();
        assert!(matches!(send(), Err(SendError::LinkGone)), "interface gone");
        assert!(matches!(
            LinkSocket::bind("wlan0", Family::V4, MARK, 1500),
            Err(BindError::NoSuchDevice { .. })
        ));
    });
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        set_up(&Netlink::connect().unwrap(), "lo", true).await;
        let address = "0.0.0.0:4433".parse().unwrap();
        let _first = ListenSocket::bind(address).unwrap();
        let _other_family = ListenSocket::bind("[::]:4433".parse().unwrap()).unwrap();
        let error = ListenSocket::bind(address).unwrap_err();
        assert!(matches!(error, BindError::InUse { .. }));
        assert!(error.to_string().starts_with("udp 0.0.0.0:4433 is already in use: stop"), "{error}");
        let error = ListenSocket::bind("192.0.2.1:4433".parse().unwrap()).unwrap_err();
        assert!(matches!(error, BindError::NoSuchAddress { .. }));
    });
}

#[test]
fn nothing_to_receive_would_block() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let listener = ListenSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut batch = RecvBatch::new();
        let error = listener.try_recv(&mut batch).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(batch.datagrams().count(), 0);
    });
}

#[test]
fn a_firewall_mark_without_permission_is_named_with_what_to_do() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        drop_network_rights();
        let error = LinkSocket::bind("lo", Family::V4, MARK, 1500).unwrap_err();
        assert!(matches!(error, BindError::Denied { .. }), "{error}");
        assert!(error.to_string().contains("CAP_NET_ADMIN"), "{error}");
    });
}

#[test]
fn a_packet_that_a_local_firewall_forbids_is_no_reason_to_give_up_the_link() {
    let denied = io::Error::from_raw_os_error(rustix::io::Errno::PERM.raw_os_error());
    assert!(matches!(SendError::from(denied), SendError::Denied));
    let odd = io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error());
    assert!(matches!(SendError::from(odd), SendError::Other(_)));
}

/// A datagram with a short header, for a connection id that begins so.
fn short_header(first: u8) -> [u8; 3] {
    [0x40, first, 0]
}

/// One with a long header (RFC 9000 §17.2).
fn long_header(first: u8) -> [u8; 8] {
    [0xc0, 0, 0, 0, 1, 1, first, 0]
}

#[test]
fn workers_on_one_port_get_the_datagrams_of_their_own_connections() {
    let Some((client, gateway)) = world() else { return };
    gateway.run(|| async {
        let count = NonZeroU8::new(3).unwrap();
        let address = "0.0.0.0:4433".parse().unwrap();
        let sockets: Vec<_> =
            (0..3).map(|index| ListenSocket::bind_shared(address, index, count).unwrap()).collect();
        for first in 0..30 {
            client.run(|| async {
                let link = link("wlan0", Family::V4);
                for contents in [&short_header(first)[..], &long_header(first)] {
                    let sent = Transmit {
                        destination: "10.1.0.1:4433".parse().unwrap(),
                        ecn: None,
                        contents,
                        segment_size: None,
                        src_ip: None,
                    };
                    link.try_send(&sent).unwrap();
                }
            });
            let socket = &sockets[usize::from(first % 3)];
            let mut received = Vec::new();
            while received.len() < 2 {
                received.extend(receive(socket).await.into_iter().map(|(payload, ..)| payload));
            }
            assert_eq!(received, [short_header(first).to_vec(), long_header(first).to_vec()]);
        }
    });
}

#[test]
fn workers_do_not_join_a_port_that_somebody_else_shares() {
    let Some((_, gateway)) = world() else { return };
    gateway.run(|| async {
        let address = "0.0.0.0:4433".parse().unwrap();
        let count = NonZeroU8::new(2).unwrap();
        let _first = ListenSocket::bind_shared(address, 0, count).unwrap();
        let error = ListenSocket::bind_shared(address, 0, count).unwrap_err();
        assert!(matches!(error, BindError::InUse { .. }), "{error}");
    });
}
