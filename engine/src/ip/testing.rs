//! Packets to test with, and an origin of time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Instant;

pub(crate) const V4_A: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
pub(crate) const V4_B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 9);
pub(crate) const V6_A: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 2);
pub(crate) const V6_B: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);

/// Some instant for tests to count from.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin, and tests only add to it")]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// The one's complement sum by the book, folded; 0xffff over anything that includes its right checksum.
pub(crate) fn plain_sum(bytes: &[u8]) -> u16 {
    let mut sum = 0u32;
    for word in bytes.chunks(2) {
        sum += u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The sum over the upper-layer payload and its pseudo-header; 0xffff when the checksum is right.
pub(crate) fn transport_sum(src: IpAddr, dst: IpAddr, protocol: u8, payload: &[u8]) -> u16 {
    let mut covered = Vec::new();
    for address in [src, dst] {
        match address {
            IpAddr::V4(v4) => covered.extend(v4.octets()),
            IpAddr::V6(v6) => covered.extend(v6.octets()),
        }
    }
    covered.extend((payload.len() as u32).to_be_bytes());
    covered.extend([0, 0, 0, protocol]);
    covered.extend(payload);
    plain_sum(&covered)
}

/// An IPv4 packet with DF clear, a right header checksum and the given options (a multiple of four bytes).
pub(crate) fn v4_with_options(protocol: u8, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let header_len = 20 + options.len();
    let mut packet = vec![0x40 | (header_len / 4) as u8, 0];
    packet.extend(((header_len + payload.len()) as u16).to_be_bytes());
    packet.extend([0x12, 0x34, 0, 0, 64, protocol, 0, 0]);
    packet.extend(V4_A.octets());
    packet.extend(V4_B.octets());
    packet.extend(options);
    reseal(&mut packet);
    packet.extend(payload);
    packet
}

pub(crate) fn v4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    v4_with_options(protocol, &[], payload)
}

/// Makes the IPv4 header checksum right again after a test changed a field.
pub(crate) fn reseal(packet: &mut [u8]) {
    let header_len = usize::from(packet[0] & 15) * 4;
    packet[10..12].fill(0);
    let sum = !plain_sum(&packet[..header_len]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
}

/// An IPv6 packet whose first next-header field is `next`.
pub(crate) fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((payload.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    packet.extend(V6_A.octets());
    packet.extend(V6_B.octets());
    packet.extend(payload);
    packet
}

/// A UDP datagram of `len` bytes with its header, checksum left out.
pub(crate) fn udp(src: u16, dst: u16, len: usize) -> Vec<u8> {
    let mut datagram = Vec::new();
    for field in [src, dst, len as u16, 0] {
        datagram.extend(field.to_be_bytes());
    }
    datagram.resize(len, 0xab);
    datagram
}

/// A TCP segment with the given flags and options (a multiple of four bytes) and a right checksum.
pub(crate) fn tcp(src: IpAddr, dst: IpAddr, flags: u8, options: &[u8]) -> Vec<u8> {
    let mut segment = vec![0x9c, 0x40, 0x01, 0xbb, 1, 2, 3, 4, 0, 0, 0, 0];
    segment.extend([(((20 + options.len()) / 4) << 4) as u8, flags, 0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(options);
    let sum = !transport_sum(src, dst, super::protocol::TCP, &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    segment
}

/// Runs `check` over noise, and over packets well-formed but for a few bytes changed, cut off or added.
pub(crate) fn mangled(rounds: usize, mut check: impl FnMut(&mut Vec<u8>)) {
    let mut random = fastrand::Rng::with_seed(0x7461_6e64_656d);
    let syn = [2, 4, 0x05, 0xb4, 1, 3, 3, 7];
    let mut hop_by_hop = vec![17, 0, 1, 4, 0, 0, 0, 0];
    hop_by_hop.extend(udp(1, 2, 30));
    let mut fragment = vec![60, 0, 0, 1, 0, 0, 0, 7, 17, 0, 1, 4, 0, 0, 0, 0];
    fragment.extend(udp(1, 2, 64));
    let seeds = [
        v4(17, &udp(5353, 53, 60)),
        v4_with_options(6, &[0x94, 4, 0, 0, 7, 4, 4, 0], &tcp(V4_A.into(), V4_B.into(), 2, &syn)),
        v6(6, &tcp(V6_A.into(), V6_B.into(), 2, &syn)),
        v6(0, &hop_by_hop),
        v6(44, &fragment),
        v4(1, &[8, 0, 0, 0, 0, 1, 0, 1]),
    ];
    for _ in 0..rounds {
        let mut packet = if random.u8(..10) == 0 {
            let len = random.usize(..120);
            std::iter::repeat_with(|| random.u8(..)).take(len).collect()
        } else {
            seeds[random.usize(..seeds.len())].clone()
        };
        for _ in 0..random.usize(..6) {
            if !packet.is_empty() {
                let at = random.usize(..packet.len());
                packet[at] = random.u8(..);
            }
        }
        match random.u8(..4) {
            0 => packet.truncate(random.usize(..=packet.len())),
            1 => packet.resize(packet.len() + random.usize(..20), random.u8(..)),
            _ => {}
        }
        check(&mut packet);
    }
}
