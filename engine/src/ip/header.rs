//! The fields of an IP header that routing, queueing and answering need.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Ecn, protocol};

/// Length of an IPv4 header without options, in bytes.
pub(super) const V4_HEADER: usize = 20;
/// Length of the fixed IPv6 header, in bytes.
pub(super) const V6_HEADER: usize = 40;
/// Extension headers walked before a packet is refused. RFC 8200 has six kinds, one of which may come twice.
const MAX_EXTENSIONS: usize = 8;

/// Why bytes are not an IP packet that the tunnel can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer bytes are there than the header itself needs.
    #[error("{available} bytes hold no IP header, which needs {needed}")]
    Truncated {
        /// Bytes the header needs.
        needed: usize,
        /// Bytes that were there.
        available: usize,
    },
    /// The version field is neither 4 nor 6.
    #[error("unknown IP version {0}")]
    Version(u8),
    /// The IPv4 header length is below 20 bytes or beyond the packet.
    #[error("impossible IPv4 header length of {0} bytes")]
    HeaderLength(usize),
    /// The length field is beyond the bytes that are there, or below the header's own length.
    #[error("header claims {claimed} bytes where {available} are there")]
    TotalLength {
        /// What the header says, its own length included.
        claimed: usize,
        /// Bytes that were there.
        available: usize,
    },
    /// The IPv6 extension headers run past the packet or are too many.
    #[error("IPv6 extension headers do not end inside the packet")]
    Extensions,
}

/// The IP version of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// RFC 791.
    V4,
    /// RFC 8200.
    V6,
}

/// Source and destination port of TCP, UDP, DCCP, SCTP or UDP-Lite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ports {
    /// Port of the sender.
    pub src: u16,
    /// Port of the receiver.
    pub dst: u16,
}

/// Where a fragment belongs in its original packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Identification: 16 bits wide in IPv4, 32 in IPv6.
    pub id: u32,
    /// Bytes of the original payload before this one.
    pub offset: u16,
    /// Whether more fragments follow.
    pub more: bool,
}

/// The header of one packet, read from its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// IP version.
    pub version: Version,
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Length of the whole packet in bytes, as the header says. Bytes after it are not part of the packet and
    /// are for the caller to cut off.
    pub len: usize,
    /// Upper-layer protocol, after any IPv6 extension headers. In an IPv6 fragment other than the first it is
    /// what the fragment header names, which may be a further extension header.
    pub protocol: u8,
    /// Offset of the upper-layer payload in bytes from the start of the packet.
    pub payload: usize,
    /// Ports, when the protocol has them and this packet carries them.
    pub ports: Option<Ports>,
    /// The six bits of the Differentiated Services code point (RFC 2474).
    pub dscp: u8,
    /// The ECN field (RFC 3168).
    pub ecn: Ecn,
    /// Whether routers may not fragment the packet: the DF bit in IPv4, always in IPv6.
    pub dont_fragment: bool,
    /// Set on a fragment; an IPv6 "atomic" fragment (RFC 6946) is a whole packet and has none.
    pub fragment: Option<Fragment>,
}

impl Header {
    /// Reads the header of the packet at the start of `bytes`; more may follow it ([`Header::len`]).
    ///
    /// # Errors
    /// Any [`Error`]; a packet that fails here must not be forwarded.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.first().map(|first| first >> 4) {
            Some(4) => parse_v4(bytes),
            Some(6) => parse_v6(bytes),
            Some(other) => Err(Error::Version(other)),
            None => Err(Error::Truncated { needed: V4_HEADER, available: 0 }),
        }
    }

    /// Whether the packet carries the start of its upper-layer payload: it is whole, or the first fragment.
    #[must_use]
    pub fn has_payload_start(&self) -> bool {
        self.fragment.is_none_or(|fragment| fragment.offset == 0)
    }
}

fn parse_v4(bytes: &[u8]) -> Result<Header, Error> {
    let truncated = Error::Truncated { needed: V4_HEADER, available: bytes.len() };
    let fixed: &[u8; V4_HEADER] = bytes.first_chunk().ok_or(truncated)?;
    let header_len = usize::from(fixed[0] & 0x0f) * 4;
    if header_len < V4_HEADER || header_len > bytes.len() {
        return Err(Error::HeaderLength(header_len));
    }
    let len = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    if len < header_len || len > bytes.len() {
        return Err(Error::TotalLength { claimed: len, available: bytes.len() });
    }

    let flags_and_offset = u16::from_be_bytes([fixed[6], fixed[7]]);
    let more = flags_and_offset & 0x2000 != 0;
    let offset = (flags_and_offset & 0x1fff) << 3;
    let id = u32::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    let fragment = (more || offset != 0).then_some(Fragment { id, offset, more });

    let mut header = Header {
        version: Version::V4,
        src: IpAddr::V4(Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15])),
        dst: IpAddr::V4(Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19])),
        len,
        protocol: fixed[9],
        payload: header_len,
        ports: None,
        dscp: fixed[1] >> 2,
        ecn: Ecn::from_bits(fixed[1]),
        dont_fragment: flags_and_offset & 0x4000 != 0,
        fragment,
    };
    header.ports = read_ports(&header, &bytes[..len]);
    Ok(header)
}

fn parse_v6(bytes: &[u8]) -> Result<Header, Error> {
    let truncated = Error::Truncated { needed: V6_HEADER, available: bytes.len() };
    let fixed: &[u8; V6_HEADER] = bytes.first_chunk().ok_or(truncated)?;
    // A jumbogram (RFC 2675) says 0 here, and is refused below for the option that does not fit.
    let len = V6_HEADER + usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    let packet = bytes.get(..len).ok_or(Error::TotalLength { claimed: len, available: bytes.len() })?;
    let upper = walk_extensions(packet, fixed[6])?;

    let traffic_class = fixed[0] << 4 | fixed[1] >> 4;
    let mut header = Header {
        version: Version::V6,
        src: IpAddr::V6(v6_address(fixed, 8)),
        dst: IpAddr::V6(v6_address(fixed, 24)),
        len,
        protocol: upper.protocol,
        payload: upper.offset,
        ports: None,
        dscp: traffic_class >> 2,
        ecn: Ecn::from_bits(traffic_class),
        dont_fragment: true,
        fragment: upper.fragment,
    };
    header.ports = read_ports(&header, packet);
    Ok(header)
}

fn v6_address(fixed: &[u8; V6_HEADER], at: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&fixed[at..at + 16]);
    Ipv6Addr::from(octets)
}

/// What lies behind the extension headers.
struct Upper {
    protocol: u8,
    offset: usize,
    fragment: Option<Fragment>,
}

fn walk_extensions(packet: &[u8], first: u8) -> Result<Upper, Error> {
    let mut upper = Upper { protocol: first, offset: V6_HEADER, fragment: None };
    for _ in 0..=MAX_EXTENSIONS {
        let rest = &packet[upper.offset..];
        let units = rest.get(1).map(|&units| usize::from(units));
        let len = match upper.protocol {
            protocol::FRAGMENT => Some(8),
            protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS => {
                units.map(|units| (units + 1) * 8)
            }
            // RFC 4302, section 2.2: this one counts in words of four bytes, less two.
            protocol::AUTHENTICATION => units.map(|units| (units + 2) * 4),
            _ => return Ok(upper),
        };
        let extension = len.and_then(|len| rest.get(..len)).ok_or(Error::Extensions)?;
        if upper.protocol == protocol::FRAGMENT {
            upper.fragment = read_fragment(extension).or(upper.fragment);
        }
        upper.protocol = extension[0];
        upper.offset += extension.len();
        // What follows in a later fragment is the middle of a payload, not a header.
        if upper.fragment.is_some_and(|fragment| fragment.offset != 0) {
            return Ok(upper);
        }
    }
    Err(Error::Extensions)
}

/// The place that an IPv6 fragment header names, unless that is the whole packet.
fn read_fragment(extension: &[u8]) -> Option<Fragment> {
    let &[_, _, high, low, a, b, c, d] = extension.first_chunk()?;
    let word = u16::from_be_bytes([high, low]);
    let (offset, more) = (word & !7, word & 1 != 0);
    let id = u32::from_be_bytes([a, b, c, d]);
    (more || offset != 0).then_some(Fragment { id, offset, more })
}

fn read_ports(header: &Header, packet: &[u8]) -> Option<Ports> {
    let with_ports = matches!(
        header.protocol,
        protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE
    );
    if !with_ports || !header.has_payload_start() {
        return None;
    }
    let &[a, b, c, d] = packet.get(header.payload..)?.first_chunk()?;
    Some(Ports { src: u16::from_be_bytes([a, b]), dst: u16::from_be_bytes([c, d]) })
}
