use super::*;

const INSIDE: [u8; 4] = [10, 0, 0, 1];
const REMOTE: [u8; 4] = [10, 0, 0, 2];
const EXTERNAL: [u8; 4] = [198, 18, 0, 1];

fn nat() -> (Nat, Instant) {
    let external = vec![Ipv4Addr::from(EXTERNAL), Ipv4Addr::new(198, 18, 0, 2)];
    (Nat::new(NatConfig { external, timeout: Duration::from_secs(30) }), Instant::now())
}

/// An IPv4 packet with valid checksums around the transport bytes, whose checksum sits at `at`.
fn packet(protocol: u8, source: [u8; 4], destination: [u8; 4], transport: &[u8], at: usize) -> Vec<u8> {
    let length = (20 + transport.len()) as u16;
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&source);
    packet.extend_from_slice(&destination);
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(transport);
    let sum = transport_sum(&packet);
    packet[20 + at..22 + at].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// The checksum over transport and, except for ICMP, pseudo header.
fn transport_sum(packet: &[u8]) -> u16 {
    if packet[9] == ICMP {
        return checksum(&packet[20..]);
    }
    let mut covered = packet[12..20].to_vec();
    covered.extend_from_slice(&[0, packet[9]]);
    covered.extend_from_slice(&((packet.len() - 20) as u16).to_be_bytes());
    covered.extend_from_slice(&packet[20..]);
    checksum(&covered)
}

fn udp(source: [u8; 4], sport: u16, destination: [u8; 4], dport: u16) -> Vec<u8> {
    let mut transport = Vec::new();
    transport.extend_from_slice(&sport.to_be_bytes());
    transport.extend_from_slice(&dport.to_be_bytes());
    transport.extend_from_slice(&[0, 12, 0, 0]);
    transport.extend_from_slice(b"data");
    packet(UDP, source, destination, &transport, 6)
}

fn echo(kind: u8, source: [u8; 4], destination: [u8; 4], identifier: u16) -> Vec<u8> {
    let mut transport = vec![kind, 0, 0, 0];
    transport.extend_from_slice(&identifier.to_be_bytes());
    transport.extend_from_slice(&[0, 1, 9, 9]);
    packet(ICMP, source, destination, &transport, 2)
}

fn assert_checksums(packet: &[u8]) {
    assert_eq!(checksum(&packet[..20]), 0, "header of {packet:02x?}");
    assert_eq!(transport_sum(packet), 0, "transport of {packet:02x?}");
}

#[test]
fn a_datagram_goes_out_and_its_answer_comes_back() {
    let (mut nat, now) = nat();
    let mut out = udp(INSIDE, 5000, REMOTE, 443);
    assert!(nat.outbound(&mut out, now));
    assert_eq!(source(&out), Ipv4Addr::from(EXTERNAL));
    assert_checksums(&out);
    let mapped = Ports::of(&out).unwrap().source;
    let mut back = udp(REMOTE, 443, EXTERNAL, mapped);
    assert!(nat.inbound(&mut back, now));
    assert_eq!((destination(&back), Ports::of(&back).unwrap().destination), (Ipv4Addr::from(INSIDE), 5000));
    assert_checksums(&back);
}

#[test]
fn strangers_are_not_admitted() {
    let (mut nat, now) = nat();
    let mut out = udp(INSIDE, 5000, REMOTE, 443);
    assert!(nat.outbound(&mut out, now));
    let mapped = Ports::of(&out).unwrap().source;
    assert!(!nat.inbound(&mut udp([10, 0, 0, 3], 443, EXTERNAL, mapped), now), "another address");
    assert!(!nat.inbound(&mut udp(REMOTE, 444, EXTERNAL, mapped), now), "another port");
    assert!(!nat.inbound(&mut udp(REMOTE, 443, EXTERNAL, mapped + 1), now), "no mapping");
    assert!(!nat.inbound(&mut udp(REMOTE, 443, INSIDE, 5000), now), "the inside address from outside");
}

#[test]
fn a_silent_mapping_expires_and_a_used_one_lives() {
    let (mut nat, start) = nat();
    let first = |nat: &mut Nat, at: u64| {
        let mut out = udp(INSIDE, 5000, REMOTE, 443);
        assert!(nat.outbound(&mut out, start + Duration::from_secs(at)));
        Ports::of(&out).unwrap().source
    };
    let port = first(&mut nat, 0);
    assert_eq!(first(&mut nat, 20), port);
    assert_eq!(first(&mut nat, 40), port);
    let mut late = udp(REMOTE, 443, EXTERNAL, port);
    assert!(!nat.inbound(&mut late, start + Duration::from_secs(71)));
    assert_ne!(first(&mut nat, 72), port);
}

#[test]
fn rebinding_changes_address_and_port() {
    let (mut nat, now) = nat();
    let mut before = udp(INSIDE, 5000, REMOTE, 443);
    assert!(nat.outbound(&mut before, now));
    nat.rebind();
    let mut after = udp(INSIDE, 5000, REMOTE, 443);
    assert!(nat.outbound(&mut after, now));
    assert_ne!(source(&before), source(&after));
    assert_ne!(Ports::of(&before).unwrap().source, Ports::of(&after).unwrap().source);
}

#[test]
fn an_echo_is_translated_both_ways() {
    let (mut nat, now) = nat();
    let mut out = echo(8, INSIDE, REMOTE, 77);
    assert!(nat.outbound(&mut out, now));
    assert_checksums(&out);
    let mapped = Ports::of(&out).unwrap().source;
    let mut back = echo(0, REMOTE, EXTERNAL, mapped);
    assert!(nat.inbound(&mut back, now));
    assert_eq!((destination(&back), Ports::of(&back).unwrap().source), (Ipv4Addr::from(INSIDE), 77));
    assert_checksums(&back);
}

#[test]
fn an_error_about_a_mapped_packet_finds_its_way_in() {
    let (mut nat, now) = nat();
    let mut out = udp(INSIDE, 5000, REMOTE, 443);
    assert!(nat.outbound(&mut out, now));
    let mut transport = vec![3, 4, 0, 0, 0, 0, 5, 0x14];
    transport.extend_from_slice(&out[..28]);
    let mut error = packet(ICMP, [10, 0, 0, 254], EXTERNAL, &transport, 2);
    assert!(nat.inbound(&mut error, now));
    assert_eq!(destination(&error), Ipv4Addr::from(INSIDE));
    assert_checksums(&error);
    let quoted = &error[28..];
    assert_eq!((source(quoted), Ports::of(quoted).unwrap().source), (Ipv4Addr::from(INSIDE), 5000));
    assert_eq!(checksum(&quoted[..20]), 0);
}

#[test]
fn cut_packets_are_dropped_and_never_panic() {
    let (mut nat, now) = nat();
    let whole = udp(INSIDE, 5000, REMOTE, 443);
    for length in 20..whole.len() {
        let mut cut = whole[..length].to_vec();
        let _ = nat.outbound(&mut cut, now);
        let mut cut = udp(REMOTE, 443, EXTERNAL, 20_000)[..length].to_vec();
        let _ = nat.inbound(&mut cut, now);
    }
    let mut fragment = whole;
    fragment[7] = 1;
    assert!(!nat.outbound(&mut fragment, now));
}
