//! IP packets that bear a number.

use std::net::Ipv4Addr;

use bytes::BytesMut;

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const WORLD: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
/// Bytes before the number: the headers of IPv4 and UDP.
const HEADERS: usize = 28;

/// An IPv4 packet of at least `len` bytes, filled from its number, from the client or to it.
pub(crate) fn numbered(outward: bool, len: usize, number: u32) -> BytesMut {
    let len = len.max(HEADERS + 4);
    let (from, to) = if outward { (CLIENT, WORLD) } else { (WORLD, CLIENT) };
    let mut packet = vec![0x45, 0, (len >> 8) as u8, len as u8, 0, 0, 0x40, 0, 64, 17, 0, 0];
    packet.extend(from.octets());
    packet.extend(to.octets());
    // The port tells flows apart, so that more than one queue is used.
    packet.extend([0x20, number as u8 & 7, 0, 9, 0, 0, 0, 0]);
    packet.extend(number.to_be_bytes());
    packet.resize(len, filler(number));
    BytesMut::from(packet.as_slice())
}

fn filler(number: u32) -> u8 {
    (number % 251) as u8
}

/// The number that a packet bears.
pub(crate) fn number(packet: &[u8]) -> u32 {
    packet
        .get(HEADERS..)
        .and_then(|rest| rest.first_chunk())
        .map_or(u32::MAX, |bytes| u32::from_be_bytes(*bytes))
}

/// Whether this is, to the last byte, one of the first `count` packets that were numbered.
pub(crate) fn is_numbered(packet: &[u8], outward: bool, count: u32) -> bool {
    let number = number(packet);
    number < count && packet == numbered(outward, packet.len(), number)
}

/// Whether this is an ICMP error.
pub(crate) fn is_error(packet: &[u8]) -> bool {
    match packet.first().map(|first| first >> 4) {
        Some(4) => packet.get(9) == Some(&1) && packet.get(20) == Some(&3),
        Some(6) => packet.get(6) == Some(&58) && packet.get(40).is_some_and(|kind| matches!(kind, 1 | 2)),
        _ => false,
    }
}
