use std::future::poll_fn;
use std::num::NonZeroU8;

use super::*;
use crate::host::{
    netlink::Netlink,
    testing::{Namespace, drop_network_rights, patiently, wait_for},
};

fn config() -> TunConfig {
    let addresses = vec!["10.77.0.2/24".parse().unwrap(), "fd77::2/64".parse().unwrap()];
    TunConfig { name: "tandem0".to_owned(), mtu: 1420, addresses, queues: NonZeroU8::MIN }
}

/// Reads until a packet satisfies `wanted`.
async fn read_until(tun: &mut Tun, mut wanted: impl FnMut(&[u8]) -> bool) {
    let mut found = false;
    while !found {
        let read = poll_fn(|context| tun.poll_recv(context, 32, |packet| found |= wanted(packet)));
        patiently("a packet", read).await.unwrap();
    }
}

/// Hands packets to the kernel.
fn send(tun: &mut Tun, packets: impl IntoIterator<Item = Vec<u8>>) {
    let mut packets = packets.into_iter();
    tun.send(|| packets.next().map(Bytes::from));
}

/// An IPv4 UDP packet.
fn udp_packet(source: [u8; 4], destination: [u8; 4], port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(28 + payload.len()).unwrap();
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0];
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet.extend(source);
    packet.extend(destination);
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    packet[10..12].copy_from_slice(&(!u16::try_from(folded).unwrap()).to_be_bytes());
    packet.extend(port.to_be_bytes());
    packet.extend(port.to_be_bytes());
    packet.extend((length - 20).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    let pseudo = [&source[..], &destination, &[0, 17], &(length - 20).to_be_bytes(), &packet[20..]].concat();
    packet[26..28].copy_from_slice(&(!tun_rs::checksum(&pseudo, 0)).to_be_bytes());
    packet
}

#[test]
fn packets_pass_both_ways_in_both_families() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let mut tun = TunDevice::create(&netlink, &config()).await.unwrap().attach().unwrap();
        let v4 = tokio::net::UdpSocket::bind("10.77.0.2:5000").await.unwrap();
        v4.send_to(b"outward", "10.77.0.9:5000").await.unwrap();
        read_until(&mut tun, |packet| packet.ends_with(b"outward")).await;
        let v6 = tokio::net::UdpSocket::bind("[fd77::2]:5000").await.unwrap();
        v6.send_to(b"outward", "[fd77::9]:5000").await.unwrap();
        read_until(&mut tun, |packet| packet[0] >> 4 == 6 && packet.ends_with(b"outward")).await;

        send(&mut tun, [udp_packet([10, 77, 0, 9], [10, 77, 0, 2], 5000, b"inward")]);
        let mut buffer = [0; 16];
        let (length, _) = patiently("the packet", v4.recv_from(&mut buffer)).await.unwrap();
        assert_eq!(&buffer[..length], b"inward");
    });
}

#[test]
fn an_answer_comes_to_the_queue_that_asked() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let config = TunConfig { queues: NonZeroU8::new(2).unwrap(), ..config() };
        let first = TunDevice::create(&netlink, &config).await.unwrap();
        let second = first.another_queue().unwrap();
        let mut queues = [first.attach().unwrap(), second.attach().unwrap()];
        let host = tokio::net::UdpSocket::bind("10.77.0.2:5000").await.unwrap();
        for (number, queue) in (0..20).flat_map(|round| [(2 * round, 0), (2 * round + 1, 1)]) {
            let peer = [10, 77, 0, 10 + number];
            send(&mut queues[queue], [udp_packet(peer, [10, 77, 0, 2], 5000, b"question")]);
            let mut buffer = [0; 16];
            let (_, asker) = patiently("the question", host.recv_from(&mut buffer)).await.unwrap();
            host.send_to(b"answer", asker).await.unwrap();
            read_until(&mut queues[queue], |packet| packet.ends_with(b"answer") && packet[16..20] == peer)
                .await;
        }
    });
}

#[test]
fn what_comes_in_one_piece_is_cut_into_whole_packets() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let mut tun = TunDevice::create(&netlink, &config()).await.unwrap().attach().unwrap();
        let socket = std::net::UdpSocket::bind("10.77.0.2:5000").unwrap();
        let state = noq_udp::UdpSocketState::new((&socket).into()).unwrap();
        let contents: Vec<u8> = (0..30).flat_map(|number| [number; 700]).collect();
        let transmit = noq_udp::Transmit {
            destination: "10.77.0.9:5000".parse().unwrap(),
            ecn: None,
            contents: &contents,
            segment_size: Some(700),
            src_ip: None,
        };
        state.try_send((&socket).into(), &transmit).unwrap();
        let mut payloads = Vec::new();
        let is_ours = |packet: &[u8]| packet.len() == 728 && packet[16..20] == [10, 77, 0, 9];
        read_until(&mut tun, |packet| {
            if is_ours(packet) {
                assert_eq!(tun_rs::checksum(&packet[..20], 0), 0xffff, "the header's checksum");
                payloads.push(packet[28..].to_vec());
            }
            payloads.len() == 30
        })
        .await;
        assert_eq!(payloads.concat(), contents);
    });
}

#[test]
fn packets_that_are_put_together_arrive_as_they_were() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let mut tun = TunDevice::create(&netlink, &config()).await.unwrap().attach().unwrap();
        let sockets = [5000, 5001].map(|port| std::net::UdpSocket::bind(("10.77.0.2", port)).unwrap());
        let sockets = sockets.map(|socket| {
            socket.set_nonblocking(true).unwrap();
            tokio::net::UdpSocket::from_std(socket).unwrap()
        });
        // Two flows that take turns, in more packets than are looked at together; of one, the last is shorter.
        let packet = |number: u8| {
            let payload = [number; 900];
            let payload = if number == 119 { &payload[..100] } else { &payload };
            let port = 5000 + u16::from(number % 2);
            udp_packet([10, 77, 0, 9], [10, 77, 0, 2], port, payload)
        };
        send(&mut tun, (0..120).map(packet));
        for number in 0..120 {
            let mut buffer = [0; 1500];
            let receive = sockets[usize::from(number % 2)].recv_from(&mut buffer);
            let (length, _) = patiently("a packet", receive).await.unwrap();
            assert_eq!(length, if number == 119 { 100 } else { 900 });
            assert!(buffer[..length].iter().all(|byte| *byte == number));
        }
    });
}

#[test]
fn the_device_has_its_mtu_and_vanishes_when_it_is_dropped() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let device = TunDevice::create(&netlink, &config()).await.unwrap();
        assert_eq!(netlink.interface_index("tandem0").await.unwrap(), Some(device.ifindex()));
        assert_eq!(device.device.mtu().unwrap(), 1420);
        drop(device.attach().unwrap());
        wait_for("the device to vanish", async || {
            netlink.interface_index("tandem0").await.unwrap().is_none()
        })
        .await;
    });
}

#[test]
fn a_name_that_is_taken_or_impossible_is_refused_with_what_to_do() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let _first = TunDevice::create(&netlink, &config()).await.unwrap();
        let error = TunDevice::create(&netlink, &config()).await.unwrap_err();
        assert!(matches!(error, TunError::NameTaken { .. }), "{error}");
        for name in ["", "a name", "../x", "sixteen-bytes-00"] {
            let error = TunDevice::create(&netlink, &TunConfig { name: name.to_owned(), ..config() }).await;
            assert!(matches!(error, Err(TunError::BadName { .. })), "{name}");
        }
    });
}

#[test]
fn addresses_are_replaced_by_those_of_a_new_lease() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let device = TunDevice::create(&netlink, &config()).await.unwrap();
        let wanted = ["10.77.0.3/24".parse().unwrap(), "fd77::2/64".parse().unwrap()];
        set_addresses(&netlink, device.ifindex(), &wanted).await.unwrap();
        let messages = netlink.addresses(device.ifindex()).await.unwrap();
        let mut present: Vec<_> = messages.iter().filter_map(local_address).collect();
        present.sort();
        assert_eq!(present, wanted.map(|address: IpNet| address.addr()));
    });
}

#[test]
fn a_device_deleted_by_somebody_else_is_an_error_and_not_a_hang() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let device = TunDevice::create(&netlink, &config()).await.unwrap();
        let ifindex = device.ifindex();
        let mut tun = device.attach().unwrap();
        netlink.handle().link().del(ifindex).execute().await.unwrap();
        patiently("the error", async {
            while poll_fn(|context| tun.poll_recv(context, 32, |_| {})).await.is_ok() {}
        })
        .await;
    });
}

#[test]
fn a_missing_driver_is_named_with_what_to_do() {
    let error = open("/nowhere/tun", "tandem0", NonZeroU8::MIN).err().unwrap();
    assert!(matches!(error, TunError::NoDriver));
    assert!(error.to_string().contains("modprobe tun"), "{error}");
}

#[test]
fn a_missing_permission_is_named_with_what_to_do() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let netlink = Netlink::connect().unwrap();
        drop_network_rights();
        let error = TunDevice::create(&netlink, &config()).await.unwrap_err();
        assert!(matches!(error, TunError::Denied { .. }), "{error}");
        assert!(error.to_string().ends_with("run as root or grant CAP_NET_ADMIN"), "{error}");
        assert_eq!(netlink.interface_index("tandem0").await.unwrap(), None);
    });
}
