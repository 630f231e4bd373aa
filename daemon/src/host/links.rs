//! Which interfaces are links, live from rtnetlink.
//!
//! A link is an interface with carrier, a usable address and a route out. [`LinkWatcher`] follows the
//! kernel's LINK, ADDR and ROUTE groups; the private `decode` turns messages into facts, and `table`,
//! which knows no netlink, turns facts into [`LinkEvent`]s. An interface that is not a link is
//! reported too, with the [`reason`] as a stable label, so that a status can explain it.

mod decode;
mod filter;
mod table;
mod watcher;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) use decode::{ip as route_address, lasting_address};
pub use filter::{BadGlob, LinkFilter};
pub use watcher::LinkWatcher;

/// Why an interface is not a link. The labels are stable: they are part of the status output.
pub mod reason {
    /// The interface is administratively down.
    pub const DOWN: &str = "down";
    /// No cable, no association, or the lower layer is down.
    pub const NO_CARRIER: &str = "no-carrier";
    /// No address of global scope that is neither tentative nor deprecated.
    pub const NO_ADDRESS: &str = "no-address";
    /// An address, but neither a default route nor a route to the gateway in the same family.
    pub const NO_ROUTE: &str = "no-route";
    /// Loopback, tunnel, bridge, port of a bridge or bond, a container's interface.
    pub const NOT_A_LINK: &str = "not-a-link";
    /// Excluded by the configured allow and deny globs.
    pub const DENIED: &str = "denied";
    /// The interface no longer exists.
    pub const GONE: &str = "gone";
}

/// An interface that can carry the tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The kernel's interface index.
    pub ifindex: u32,
    /// The interface's name; it may change while the index does not.
    pub name: String,
    /// The interface's MTU in bytes, IP headers included.
    pub mtu: u32,
    /// IPv4 on this link; none where it has no address or no route out.
    pub v4: Option<LinkAddress<Ipv4Addr>>,
    /// IPv6 on this link; none where it has no address or no route out.
    pub v6: Option<LinkAddress<Ipv6Addr>>,
}

/// One address family of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAddress<A> {
    /// The link's own address.
    pub address: A,
    /// The router that the route out leads through; none where the gateway or everything is on-link.
    /// A change means another network behind the same interface.
    pub next_hop: Option<IpAddr>,
}

/// What became of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The interface has become a link.
    Up(Link),
    /// A link has another name, MTU, address or next hop.
    Changed(Link),
    /// The interface is no longer a link.
    Down {
        /// The kernel's interface index.
        ifindex: u32,
        /// The interface's name.
        name: String,
        /// A label of [`reason`].
        reason: &'static str,
    },
    /// An interface is not a link: sent when it is first seen and when the reason changes.
    /// With [`reason::GONE`] it can be forgotten.
    Ignored {
        /// The kernel's interface index.
        ifindex: u32,
        /// The interface's name.
        name: String,
        /// A label of [`reason`].
        reason: &'static str,
    },
}

#[cfg(test)]
mod tests;
