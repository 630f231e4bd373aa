//! IP packets as the tunnel sees them: parsed in place, marked, answered and cut, never owned.
//!
//! The tunnel is one hop between two kernels, and those kernels do the forwarding: each decrements TTL or hop
//! limit when it routes a packet into or out of the TUN device. Nothing here does so a second time (RFC 9484,
//! section 7, asks for the decrement of whoever forwards), and header checksums are left for the kernel to
//! verify; they are only kept as right, or as wrong, as they came.

mod checksum;
pub mod ecn;
mod flow;
pub mod fragment;
mod header;
pub mod icmp;
#[cfg(test)]
pub(crate) mod testing;

pub use ecn::Ecn;
pub use flow::{FlowKey, FlowSeed};
pub use header::{Error, Fragment, Header, Ports, Version};

/// Numbers of upper-layer protocols and extension headers that the tunnel knows (IANA, "Protocol Numbers").
pub mod protocol {
    /// IPv6 hop-by-hop options (RFC 8200, section 4.3).
    pub const HOP_BY_HOP: u8 = 0;
    /// ICMP for IPv4 (RFC 792).
    pub const ICMP: u8 = 1;
    /// TCP (RFC 9293).
    pub const TCP: u8 = 6;
    /// UDP (RFC 768).
    pub const UDP: u8 = 17;
    /// DCCP (RFC 4340).
    pub const DCCP: u8 = 33;
    /// IPv6 routing header (RFC 8200, section 4.4).
    pub const ROUTING: u8 = 43;
    /// IPv6 fragment header (RFC 8200, section 4.5).
    pub const FRAGMENT: u8 = 44;
    /// Authentication header (RFC 4302).
    pub const AUTHENTICATION: u8 = 51;
    /// ICMP for IPv6 (RFC 4443).
    pub const ICMPV6: u8 = 58;
    /// IPv6 destination options (RFC 8200, section 4.6).
    pub const DESTINATION_OPTIONS: u8 = 60;
    /// SCTP (RFC 9260).
    pub const SCTP: u8 = 132;
    /// UDP-Lite (RFC 3828).
    pub const UDP_LITE: u8 = 136;
}
