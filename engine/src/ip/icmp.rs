//! ICMP errors that the tunnel itself has to send.
//!
//! None is made for a packet that may not be answered: an ICMP error, a fragment other than the first,
//! anything to or from an address that is not a single host (RFC 1122, section 3.2.2; RFC 4443, section 2.4
//! (e)). RFC 4443 would let "packet too big" answer multicast; the tunnel carries none. [`Limiter`] keeps the
//! rate bound that both ask for.

mod limiter;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, BytesMut};

use super::checksum::{self, Sum};
use super::header::{V4_HEADER, V6_HEADER};
use super::{Header, protocol};

pub use limiter::Limiter;

/// Length of an ICMP error before the quoted packet.
const ICMP_HEADER: usize = 8;
/// Longest ICMPv4 error, quoted packet included (RFC 1812, section 4.3.2.3).
const V4_MAX: usize = 576;
/// Longest ICMPv6 error, quoted packet included: the minimum MTU (RFC 4443, section 2.4 (c)).
const V6_MAX: usize = 1280;
/// Smallest MTU that every IPv4 module forwards (RFC 791, section 3.2).
const V4_MIN_MTU: u16 = 68;
/// Smallest MTU of an IPv6 link (RFC 8200, section 5).
const V6_MIN_MTU: u16 = 1280;
/// Internetwork control, as routers send their errors (RFC 1812, section 4.3.2.5).
const CLASS_SELECTOR_6: u8 = 0xc0;
const HOP_LIMIT: u8 = 64;

/// Why a packet cannot be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// No route leads to the destination.
    NoRoute,
    /// The destination is inside a routed network, and nobody has the address.
    Host,
    /// Policy forbids the destination.
    Prohibited,
    /// The sender may not use its source address (ingress filtering, RFC 2827).
    SourceAddress,
}

/// The answer to a packet larger than the `mtu` ahead: ICMPv4 type 3 code 4 (RFC 1191) or ICMPv6 type 2.
///
/// `None` when the packet may not be answered, when it is IPv4 without DF (see [`super::fragment`]), or when
/// `from` is not of its IP version. An `mtu` below the least that the version allows is raised to that.
#[must_use]
pub fn packet_too_big(original: &[u8], mtu: u16, from: IpAddr) -> Option<BytesMut> {
    let header = answerable(original)?;
    match (header.src, from) {
        (IpAddr::V4(to), IpAddr::V4(from)) if header.dont_fragment => {
            let rest = u32::from(mtu.max(V4_MIN_MTU));
            Some(error_v4(from, to, Message { kind: 3, code: 4, rest }, &original[..header.len]))
        }
        (IpAddr::V6(to), IpAddr::V6(from)) => {
            let rest = u32::from(mtu.max(V6_MIN_MTU));
            Some(error_v6(from, to, Message { kind: 2, code: 0, rest }, &original[..header.len]))
        }
        _ => None,
    }
}

/// The answer to a packet that cannot be delivered, "destination unreachable": ICMPv4 type 3, ICMPv6 type 1.
///
/// `None` when the packet may not be answered, or when `from` is not of its IP version.
#[must_use]
pub fn unreachable(original: &[u8], reason: Unreachable, from: IpAddr) -> Option<BytesMut> {
    let header = answerable(original)?;
    match (header.src, from) {
        (IpAddr::V4(to), IpAddr::V4(from)) => {
            let code = match reason {
                Unreachable::NoRoute => 0,
                Unreachable::Host => 1,
                // IPv4 has no code for the source address.
                Unreachable::Prohibited | Unreachable::SourceAddress => 13,
            };
            Some(error_v4(from, to, Message { kind: 3, code, rest: 0 }, &original[..header.len]))
        }
        (IpAddr::V6(to), IpAddr::V6(from)) => {
            let code = match reason {
                Unreachable::NoRoute => 0,
                Unreachable::Prohibited => 1,
                Unreachable::Host => 3,
                Unreachable::SourceAddress => 5,
            };
            Some(error_v6(from, to, Message { kind: 1, code, rest: 0 }, &original[..header.len]))
        }
        _ => None,
    }
}

/// The header of a packet that an ICMP error may answer.
fn answerable(original: &[u8]) -> Option<Header> {
    let header = Header::parse(original).ok()?;
    let answerable = header.has_payload_start()
        && is_single_host(header.src)
        && !is_group(header.dst)
        && !is_icmp_error(&header, original);
    answerable.then_some(header)
}

fn is_single_host(address: IpAddr) -> bool {
    !address.is_unspecified() && !address.is_loopback() && !is_group(address)
}

/// Multicast, and in IPv4 the limited broadcast with the reserved block around it. A subnet's own broadcast
/// address looks like a host from here.
fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.octets()[0] >= 224,
        IpAddr::V6(v6) => v6.is_multicast(),
    }
}

/// Whether the packet is an ICMP error or redirect; one too short to say counts as such.
fn is_icmp_error(header: &Header, original: &[u8]) -> bool {
    let kind = original[..header.len].get(header.payload);
    match header.protocol {
        protocol::ICMP => kind.is_none_or(|kind| matches!(kind, 3 | 4 | 5 | 11 | 12)),
        protocol::ICMPV6 => kind.is_none_or(|&kind| kind < 128 || kind == 137),
        _ => false,
    }
}

/// An ICMP error without its checksum: type, code, and the four bytes before the quoted packet.
#[derive(Clone, Copy)]
struct Message {
    kind: u8,
    code: u8,
    rest: u32,
}

impl Message {
    fn put(self, to: &mut BytesMut, quoted: &[u8]) {
        to.put_u8(self.kind);
        to.put_u8(self.code);
        to.put_u16(0);
        to.put_u32(self.rest);
        to.put_slice(quoted);
    }
}

fn error_v4(from: Ipv4Addr, to: Ipv4Addr, message: Message, original: &[u8]) -> BytesMut {
    let quoted = &original[..original.len().min(V4_MAX - V4_HEADER - ICMP_HEADER)];
    let len = V4_HEADER + ICMP_HEADER + quoted.len();
    let mut packet = BytesMut::with_capacity(len);
    packet.put_slice(&[0x45, CLASS_SELECTOR_6]);
    packet.put_u16(len as u16);
    // Identification 0 with DF: an atomic packet needs none (RFC 6864).
    packet.put_u32(0x4000);
    packet.put_slice(&[HOP_LIMIT, protocol::ICMP, 0, 0]);
    packet.put_slice(&from.octets());
    packet.put_slice(&to.octets());
    message.put(&mut packet, quoted);
    let sum = checksum::of(&packet[..V4_HEADER]);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    let sum = checksum::of(&packet[V4_HEADER..]);
    packet[V4_HEADER + 2..V4_HEADER + 4].copy_from_slice(&sum.to_be_bytes());
    packet
}

fn error_v6(from: Ipv6Addr, to: Ipv6Addr, message: Message, original: &[u8]) -> BytesMut {
    let quoted = &original[..original.len().min(V6_MAX - V6_HEADER - ICMP_HEADER)];
    let len = ICMP_HEADER + quoted.len();
    let mut packet = BytesMut::with_capacity(V6_HEADER + len);
    packet.put_u32(6 << 28 | u32::from(CLASS_SELECTOR_6) << 20);
    packet.put_u16(len as u16);
    packet.put_slice(&[protocol::ICMPV6, HOP_LIMIT]);
    packet.put_slice(&from.octets());
    packet.put_slice(&to.octets());
    message.put(&mut packet, quoted);
    let mut sum = Sum::icmpv6_pseudo_header(from, to, len);
    sum.add(&packet[V6_HEADER..]);
    packet[V6_HEADER + 2..V6_HEADER + 4].copy_from_slice(&sum.checksum().to_be_bytes());
    packet
}
