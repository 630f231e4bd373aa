mod rules;
mod traffic;

use std::net::IpAddr;

use super::*;
use crate::class::Basis;
use crate::ip::protocol;
use crate::ip::testing::{start, udp, v4};

const LAPTOP: [u8; 4] = [10, 77, 0, 2];
const SERVER: [u8; 4] = [198, 51, 100, 1];

fn seed() -> FlowSeed {
    FlowSeed::new(&[3; 16])
}

fn classifier(side: Side, rules: &[Rule]) -> Classifier {
    Classifier::new(side, seed(), rules.into())
}

/// A packet between port 5000 of the laptop and a port of the server, `payload` bytes after the transport header, whose
/// first is `first`.
fn packet(protocol: u8, port: u16, upward: bool, payload: usize, first: u8) -> Vec<u8> {
    let (src, dst) = if upward { (5000, port) } else { (port, 5000) };
    let mut segment = udp(src, dst, payload + if protocol == protocol::TCP { 20 } else { 8 });
    segment[8..].fill(0xab);
    if protocol == protocol::UDP && payload > 0 {
        segment[8] = first;
    }
    let mut packet = v4(protocol, &segment);
    let (src, dst) = if upward { (LAPTOP, SERVER) } else { (SERVER, LAPTOP) };
    packet[12..16].copy_from_slice(&src);
    packet[16..20].copy_from_slice(&dst);
    packet
}

fn sample(packet: &[u8]) -> Sample {
    Sample::of(&Header::parse(packet).unwrap(), packet)
}

fn decided(classifier: &mut Classifier, now: Instant, packet: &[u8]) -> (Class, Basis) {
    classifier.outbound(now, &sample(packet)).class(now)
}

#[test]
fn both_directions_are_one_flow() {
    let now = start();
    let mut client = classifier(Side::Client, &[]);
    client.outbound(now, &sample(&packet(protocol::UDP, 53, true, 40, 0)));
    client.inbound(now, &sample(&packet(protocol::UDP, 53, false, 100, 0)), Some(Class::Bulk));
    let [flow] = &client.report(now)[..] else { panic!("{:?}", client.report(now)) };
    assert_eq!((flow.local, flow.local_port), (IpAddr::from(LAPTOP), Some(5000)));
    assert_eq!((flow.remote, flow.remote_port), (IpAddr::from(SERVER), Some(53)));
    assert_eq!((flow.tx_packets, flow.tx_bytes, flow.rx_packets, flow.rx_bytes), (1, 68, 1, 128));
    assert_eq!((flow.class, flow.basis), (Class::Interactive, Basis::Default));
}

#[test]
fn a_gateway_sends_answers_in_the_class_in_which_the_client_sent() {
    let now = start();
    let mut gateway = classifier(Side::Gateway, &[]);
    let (question, answer) =
        (packet(protocol::TCP, 443, true, 10, 0), packet(protocol::TCP, 443, false, 900, 0));
    assert_eq!(decided(&mut gateway, now, &answer), (Class::Interactive, Basis::Default));
    for class in [Class::Realtime, Class::Background] {
        gateway.inbound(now, &sample(&question), Some(class));
        assert_eq!(decided(&mut gateway, now, &answer), (class, Basis::Peer));
    }
    // A packet without a word, from a client that knows no classes, takes nothing back.
    gateway.inbound(now, &sample(&question), None);
    assert_eq!(decided(&mut gateway, now, &answer), (Class::Background, Basis::Peer));
}

#[test]
fn a_client_does_not_mirror_the_gateways_mirror() {
    let now = start();
    let mut client = classifier(Side::Client, &[]);
    client.inbound(now, &sample(&packet(protocol::TCP, 443, false, 900, 0)), Some(Class::Realtime));
    let back = packet(protocol::TCP, 443, true, 10, 0);
    assert_eq!(decided(&mut client, now, &back), (Class::Interactive, Basis::Default));
}

#[test]
fn what_the_sender_says_is_believed_packet_by_packet() {
    let now = start();
    let mut client = classifier(Side::Client, &[]);
    let mut packet = packet(protocol::UDP, 9, true, 100, 0);
    let mut class_of = |dscp: u8| {
        packet[1] = dscp << 2;
        decided(&mut client, now, &packet)
    };
    for (class, points) in [
        (Class::Realtime, &[46, 44, 40, 32, 34, 36, 38][..]),
        (Class::Interactive, &[16, 24, 48, 18, 20, 22, 26, 28, 30]),
        (Class::Background, &[8, 1]),
    ] {
        points.iter().for_each(|dscp| assert_eq!(class_of(*dscp), (class, Basis::Dscp), "{dscp}"));
    }
    // The default and high-throughput data say nothing of urgency.
    [0, 10, 12, 14].iter().for_each(|dscp| assert_eq!(class_of(*dscp).1, Basis::Default, "{dscp}"));
}

#[test]
fn fragments_between_two_hosts_are_one_flow() {
    let now = start();
    let mut client = classifier(Side::Client, &[]);
    for (at, id) in [(0, 1), (1, 1), (0, 2)] {
        let mut fragment = packet(protocol::UDP, 9, true, 600, 0);
        fragment[4..8].copy_from_slice(&[0, id, 0x20, at]);
        client.outbound(now, &sample(&fragment));
    }
    let [flow] = &client.report(now)[..] else { panic!("{:?}", client.report(now)) };
    assert_eq!((flow.tx_packets, flow.local_port, flow.remote_port), (3, None, None));
}

#[test]
fn the_table_is_bounded_and_forgets_the_most_silent_first() {
    let mut now = start();
    let mut client = classifier(Side::Client, &[]);
    let busy = packet(protocol::UDP, 1, true, 100, 0);
    for port in 2..20_000 {
        client.outbound(now, &sample(&busy));
        client.outbound(now, &sample(&packet(protocol::UDP, port, true, 100, 0)));
        now += Duration::from_micros(100);
    }
    let flows = client.report(now);
    assert!((1000..=1024).contains(&flows.len()), "{}", flows.len());
    let busy = flows.iter().find(|flow| flow.remote_port == Some(1)).unwrap();
    assert_eq!(busy.tx_packets, 19_998, "what talks stays");
}

#[test]
fn memory_is_given_back_when_all_flows_are_forgotten() {
    let now = start();
    let mut client = classifier(Side::Client, &[]);
    assert_eq!(client.poll_timeout(), None);
    client.outbound(now, &sample(&packet(protocol::UDP, 9, true, 100, 0)));
    client.handle_timeout(now + FORGOTTEN / 2);
    assert_eq!(client.report(now + FORGOTTEN / 2).len(), 1);
    assert_eq!(client.report(now + FORGOTTEN), []);
    client.handle_timeout(client.poll_timeout().unwrap());
    assert_eq!(client.poll_timeout(), None);
    assert_eq!(client.table.iter().count(), 0);
}
