//! A symmetric NAT for IPv4 as home routers and carriers have it: UDP, TCP, ICMP echo, and ICMP errors about them.
//!
//! Mappings depend on both ends and admit only the remote end they were made for: the harshest kind, so that what
//! works here works elsewhere. Fragments other than the first have no ports and are dropped.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::frame::{adjust_checksum, checksum};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Where a NAT stands and how forgetful it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatConfig {
    /// External addresses; [`Nat::rebind`] moves on to the next.
    pub external: Vec<Ipv4Addr>,
    /// A mapping is forgotten when nothing left through it for so long.
    pub timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Endpoint {
    addr: Ipv4Addr,
    port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Flow {
    protocol: u8,
    inside: Endpoint,
    remote: Endpoint,
}

#[derive(Debug)]
struct Mapping {
    flow: Flow,
    used: Instant,
}

/// The translation table.
#[derive(Debug)]
pub(crate) struct Nat {
    config: NatConfig,
    outward: HashMap<Flow, u16>,
    inward: HashMap<(u8, u16), Mapping>,
    next_port: u16,
    address: usize,
}

impl Nat {
    pub(crate) fn new(config: NatConfig) -> Self {
        Self { config, outward: HashMap::new(), inward: HashMap::new(), next_port: 20_000, address: 0 }
    }

    /// Forgets all mappings and continues on another address and other ports, as after a router's restart.
    pub(crate) fn rebind(&mut self) {
        self.outward.clear();
        self.inward.clear();
        self.address = (self.address + 1) % self.config.external.len().max(1);
        self.next_port = self.next_port.wrapping_add(7_919).max(1_024);
    }

    fn external(&self) -> Option<Ipv4Addr> {
        self.config.external.get(self.address).copied()
    }

    /// Translates a packet that leaves; `false` means drop it.
    pub(crate) fn outbound(&mut self, packet: &mut [u8], now: Instant) -> bool {
        let Some(external) = self.external() else { return false };
        let Some(ports) = Ports::of(packet) else { return false };
        let inside = Endpoint { addr: source(packet), port: ports.source };
        let remote = Endpoint { addr: destination(packet), port: ports.destination };
        let flow = Flow { protocol: packet[9], inside, remote };
        let Some(port) = self.port_for(flow, now) else { return false };
        rewrite(packet, Side::Source, external, port);
        true
    }

    /// Translates a packet that arrives; `false` means drop it.
    pub(crate) fn inbound(&mut self, packet: &mut [u8], now: Instant) -> bool {
        if self.external() != Some(destination(packet)) {
            return false;
        }
        if is_icmp_error(packet) {
            return self.inbound_error(packet, now);
        }
        let Some(ports) = Ports::of(packet) else { return false };
        let Some(flow) = self.lookup(packet[9], ports.destination, now) else { return false };
        // An echo reply has but one identifier, which is the mapped one on both sides.
        let remote_port = if flow.protocol == ICMP { flow.remote.port } else { ports.source };
        if flow.remote != (Endpoint { addr: source(packet), port: remote_port }) {
            return false;
        }
        rewrite(packet, Side::Destination, flow.inside.addr, flow.inside.port);
        true
    }

    /// An error quotes the packet that caused it, as it looked outside (RFC 5508, section 4).
    fn inbound_error(&mut self, packet: &mut [u8], now: Instant) -> bool {
        let header = header_len(packet);
        let Some(quoted) = packet.get_mut(header + 8..) else { return false };
        if quoted.len() < 28 || quoted[0] >> 4 != 4 {
            return false;
        }
        let Some(ports) = Ports::of(quoted) else { return false };
        let Some(flow) = self.lookup(quoted[9], ports.source, now) else { return false };
        rewrite(quoted, Side::Source, flow.inside.addr, flow.inside.port);
        let body = &mut packet[header..];
        body[2..4].fill(0);
        let sum = checksum(body);
        body[2..4].copy_from_slice(&sum.to_be_bytes());
        replace_address(packet, Side::Destination, flow.inside.addr);
        true
    }

    fn lookup(&self, protocol: u8, port: u16, now: Instant) -> Option<Flow> {
        let mapping = self.inward.get(&(protocol, port))?;
        (now.saturating_duration_since(mapping.used) < self.config.timeout).then_some(mapping.flow)
    }

    fn port_for(&mut self, flow: Flow, now: Instant) -> Option<u16> {
        if let Some(&port) = self.outward.get(&flow)
            && let Some(mapping) = self.inward.get_mut(&(flow.protocol, port))
            && now.saturating_duration_since(mapping.used) < self.config.timeout
        {
            mapping.used = now;
            return Some(port);
        }
        self.expire(now);
        let port = (0..u16::MAX)
            .map(|step| self.next_port.wrapping_add(step).max(1_024))
            .find(|port| !self.inward.contains_key(&(flow.protocol, *port)))?;
        self.next_port = port.wrapping_add(1).max(1_024);
        self.outward.insert(flow, port);
        self.inward.insert((flow.protocol, port), Mapping { flow, used: now });
        Some(port)
    }

    fn expire(&mut self, now: Instant) {
        let timeout = self.config.timeout;
        self.inward.retain(|_, mapping| now.saturating_duration_since(mapping.used) < timeout);
        let inward = &self.inward;
        self.outward.retain(|flow, port| inward.contains_key(&(flow.protocol, *port)));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
}

/// The two ports of a packet; the identifier of an ICMP echo serves as both.
struct Ports {
    source: u16,
    destination: u16,
}

impl Ports {
    fn of(packet: &[u8]) -> Option<Self> {
        let fragment_offset = u16::from_be_bytes([packet[6] & 0x1f, packet[7]]);
        if fragment_offset != 0 {
            return None;
        }
        let transport = packet.get(header_len(packet)..)?.first_chunk::<8>()?;
        match packet[9] {
            TCP | UDP => Some(Self {
                source: u16::from_be_bytes([transport[0], transport[1]]),
                destination: u16::from_be_bytes([transport[2], transport[3]]),
            }),
            // Echo reply and echo request.
            ICMP if matches!(transport[0], 0 | 8) => {
                let identifier = u16::from_be_bytes([transport[4], transport[5]]);
                Some(Self { source: identifier, destination: identifier })
            }
            _ => None,
        }
    }
}

fn header_len(packet: &[u8]) -> usize {
    usize::from(packet[0] & 0x0f) * 4
}

fn source(packet: &[u8]) -> Ipv4Addr {
    Ipv4Addr::new(packet[12], packet[13], packet[14], packet[15])
}

fn destination(packet: &[u8]) -> Ipv4Addr {
    Ipv4Addr::new(packet[16], packet[17], packet[18], packet[19])
}

fn is_icmp_error(packet: &[u8]) -> bool {
    packet[9] == ICMP && matches!(packet.get(header_len(packet)), Some(3 | 4 | 5 | 11 | 12))
}

/// Where the checksum that covers ports and addresses sits behind the IP header.
fn transport_checksum_offset(protocol: u8) -> Option<usize> {
    match protocol {
        TCP => Some(16),
        UDP => Some(6),
        _ => None,
    }
}

/// Replaces one endpoint of a packet and repairs its checksums, as far as the packet reaches.
fn rewrite(packet: &mut [u8], side: Side, addr: Ipv4Addr, port: u16) {
    let header = header_len(packet);
    let protocol = packet[9];
    let old_address = replace_address(packet, side, addr);
    let port_at = match (protocol, side) {
        (ICMP, _) => header + 4,
        (_, Side::Source) => header,
        (_, Side::Destination) => header + 2,
    };
    let old_port = [packet[port_at], packet[port_at + 1]];
    packet[port_at..port_at + 2].copy_from_slice(&port.to_be_bytes());
    if protocol == ICMP {
        adjust_checksum(&mut packet[header + 2..], old_port, port.to_be_bytes());
        return;
    }
    let Some(field) = transport_checksum_offset(protocol).and_then(|at| packet.get_mut(header + at..)) else {
        return;
    };
    // Zero means that the sender of a UDP datagram computed none.
    if protocol == UDP && field.starts_with(&[0, 0]) {
        return;
    }
    adjust_checksum(field, old_port, port.to_be_bytes());
    adjust_for_address(field, old_address, addr);
    if protocol == UDP && field.starts_with(&[0, 0]) {
        field[..2].fill(0xff);
    }
}

/// Replaces an address, repairs the header's checksum and returns the old address.
fn replace_address(packet: &mut [u8], side: Side, addr: Ipv4Addr) -> Ipv4Addr {
    let (old, at) = match side {
        Side::Source => (source(packet), 12),
        Side::Destination => (destination(packet), 16),
    };
    packet[at..at + 4].copy_from_slice(&addr.octets());
    adjust_for_address(&mut packet[10..], old, addr);
    old
}

fn adjust_for_address(field: &mut [u8], old: Ipv4Addr, new: Ipv4Addr) {
    let ([a, b, c, d], [e, f, g, h]) = (old.octets(), new.octets());
    adjust_checksum(field, [a, b], [e, f]);
    adjust_checksum(field, [c, d], [g, h]);
}

#[cfg(test)]
mod tests;
