//! TCP segments in IPv4 packets, written and read with their checksums (RFC 791, RFC 9293).

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddrV4};

use bytes::{BufMut, BytesMut};

use super::options::Options;

/// Control bits (RFC 9293, section 3.1; ECE and CWR from RFC 3168).
pub(super) mod flag {
    pub(in super::super) const SYN: u8 = 0x02;
    pub(in super::super) const PSH: u8 = 0x08;
    pub(in super::super) const ACK: u8 = 0x10;
    pub(in super::super) const ECE: u8 = 0x40;
    pub(in super::super) const CWR: u8 = 0x80;
}

/// IPv4 header without options plus TCP header without options, in bytes.
pub(super) const HEADERS_LEN: usize = V4_HEADER + TCP_HEADER;

const V4_HEADER: usize = 20;
const TCP_HEADER: usize = 20;
const PROTOCOL_TCP: u8 = 6;
/// ECN-capable transport, code point 0 (RFC 3168, section 5).
const ECT_0: u8 = 0b10;
const CONGESTION_EXPERIENCED: u8 = 0b11;

/// A segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) src: SocketAddrV4,
    pub(super) dst: SocketAddrV4,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    /// As on the wire, not yet scaled.
    pub(super) window: u16,
    pub(super) options: Options,
    /// Sent with ECT(0); read as "ECT or CE".
    pub(super) ecn_capable: bool,
    /// A router marked it; never set on what is sent.
    pub(super) congestion: bool,
}

impl Header {
    pub(super) fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// The packet with this header and `len` bytes of payload, which `fill` writes.
    pub(super) fn encode(&self, len: usize, fill: impl FnOnce(&mut [u8])) -> BytesMut {
        let header = TCP_HEADER + self.options.encoded_len();
        let total = V4_HEADER + header + len;
        let mut packet = BytesMut::with_capacity(total);
        packet.put_slice(&[0x45, if self.ecn_capable { ECT_0 } else { 0 }]);
        packet.put_u16(total as u16);
        // Identification is of no use with "don't fragment" (RFC 6864).
        packet.put_slice(&[0, 0, 0x40, 0, 64, PROTOCOL_TCP, 0, 0]);
        packet.put_slice(&self.src.ip().octets());
        packet.put_slice(&self.dst.ip().octets());
        packet.put_u16(self.src.port());
        packet.put_u16(self.dst.port());
        packet.put_u32(self.seq);
        packet.put_u32(self.ack);
        packet.put_slice(&[(header as u8 / 4) << 4, self.flags]);
        packet.put_u16(self.window);
        packet.put_slice(&[0; 4]);
        self.options.encode(&mut packet);
        packet.put_bytes(0, len);
        fill(&mut packet[V4_HEADER + header..]);
        let checksum = !fold(sum(&packet[..V4_HEADER]));
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        let checksum = !transport_sum(&packet);
        packet[V4_HEADER + 16..V4_HEADER + 18].copy_from_slice(&checksum.to_be_bytes());
        packet
    }
}

/// What is wrong with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// It is no whole TCP segment in an unfragmented IPv4 packet.
    Shape,
    /// A checksum is wrong.
    Checksum,
}

/// Reads header and payload of a packet.
pub(super) fn parse(packet: &[u8]) -> Result<(Header, &[u8]), Malformed> {
    let fixed: &[u8; V4_HEADER] = packet.first_chunk().ok_or(Malformed::Shape)?;
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    if fixed[0] != 0x45 || fixed[9] != PROTOCOL_TCP || total != packet.len() {
        return Err(Malformed::Shape);
    }
    let tcp = &packet[V4_HEADER..];
    let header: &[u8; TCP_HEADER] = tcp.first_chunk().ok_or(Malformed::Shape)?;
    let offset = usize::from(header[12] >> 4) * 4;
    let options = tcp.get(TCP_HEADER..offset).ok_or(Malformed::Shape)?;
    if fold(sum(fixed)) != 0xffff || transport_sum(packet) != 0xffff {
        return Err(Malformed::Checksum);
    }
    let address =
        |bytes: &[u8; V4_HEADER], at| Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
    let short = |at| u16::from_be_bytes([header[at], header[at + 1]]);
    let long = |at| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let parsed = Header {
        src: SocketAddrV4::new(address(fixed, 12), short(0)),
        dst: SocketAddrV4::new(address(fixed, 16), short(2)),
        seq: long(4),
        ack: long(8),
        flags: header[13],
        window: short(14),
        options: Options::parse(options).ok_or(Malformed::Shape)?,
        ecn_capable: fixed[1] & 3 != 0,
        congestion: fixed[1] & 3 == CONGESTION_EXPERIENCED,
    };
    Ok((parsed, &tcp[offset..]))
}

/// The one's complement sum of a packet's segment and pseudo-header: 0xffff if its checksum is right.
fn transport_sum(packet: &[u8]) -> u16 {
    let segment = &packet[V4_HEADER..];
    fold(sum(&packet[12..V4_HEADER]) + sum(segment) + segment.len() as u64 + u64::from(PROTOCOL_TCP))
}

/// The sum of `bytes` as 16-bit words, not yet folded (RFC 1071).
fn sum(bytes: &[u8]) -> u64 {
    // Words of 32 bits have the same sum modulo 0xffff, and there are half as many.
    let mut words = bytes.chunks_exact(4);
    let mut sum = 0;
    for word in &mut words {
        sum += u64::from(u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    }
    let mut last = [0; 4];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    sum + u64::from(u32::from_be_bytes(last))
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}
