//! Just enough of Ethernet, IPv4, IPv6, UDP, TCP and ICMP to filter and translate frames.

/// Bytes of an Ethernet header.
pub(crate) const ETHERNET: usize = 14;

const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const PROTOCOL_UDP: u8 = 17;

/// The IPv4 packet in a frame, unless it is something else or cut short.
pub(crate) fn ipv4_of(frame: &mut [u8]) -> Option<&mut [u8]> {
    let (header, packet) = frame.split_at_mut_checked(ETHERNET)?;
    (header.get(12..14)? == IPV4 && packet.len() >= 20 && packet[0] >> 4 == 4).then_some(packet)
}

/// Whether a frame holds a UDP datagram, or a fragment that begins one.
pub(crate) fn is_udp(frame: &[u8]) -> bool {
    let Some((header, packet)) = frame.split_at_checked(ETHERNET) else { return false };
    match header.get(12..14) {
        Some(kind) if kind == IPV4 => packet.get(9) == Some(&PROTOCOL_UDP),
        Some(kind) if kind == IPV6 => packet.get(6) == Some(&PROTOCOL_UDP),
        _ => false,
    }
}

/// Applies the change of a 16-bit word to an Internet checksum (RFC 1624, equation 3).
pub(crate) fn adjust_checksum(checksum: &mut [u8], old: [u8; 2], new: [u8; 2]) {
    let Some(field) = checksum.first_chunk_mut::<2>() else { return };
    let mut sum = u32::from(!u16::from_be_bytes(*field))
        + u32::from(!u16::from_be_bytes(old))
        + u32::from(u16::from_be_bytes(new));
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    *field = (!(sum as u16)).to_be_bytes();
}

/// The Internet checksum (RFC 1071) of a slice.
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
