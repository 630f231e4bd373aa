//! Interfaces, addresses and routes of the calling thread's network namespace, through rtnetlink.

use std::future::Future;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd};

use anyhow::{Context, Result};
use rtnetlink::{Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder};

use crate::netns::Namespace;

/// An IP address with its prefix length, or the prefix itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    /// Address of a host, or first address of a prefix.
    pub addr: IpAddr,
    /// Prefix length in bits.
    pub len: u8,
}

impl Net {
    /// An address with its prefix length.
    #[must_use]
    pub fn new(addr: impl Into<IpAddr>, len: u8) -> Self {
        Self { addr: addr.into(), len }
    }

    /// The default route of the family of `like`.
    #[must_use]
    pub fn default_of(like: IpAddr) -> Self {
        match like {
            IpAddr::V4(_) => Self::new([0, 0, 0, 0], 0),
            IpAddr::V6(_) => Self::new([0u16; 8], 0),
        }
    }
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Destination prefix.
    pub to: Net,
    /// Next hop; it must be a neighbour.
    pub via: IpAddr,
    /// Metric; the lower wins. Zero leaves it to the kernel.
    pub metric: u32,
}

/// Brings an interface up.
///
/// # Errors
/// When it does not exist or the thread lacks CAP_NET_ADMIN.
pub fn set_up(name: &str) -> Result<()> {
    change(name, "bring up", LinkMessageBuilder::<LinkUnspec>::up)
}

/// Sets the largest packet an interface sends, in bytes of IP.
///
/// # Errors
/// As [`set_up`], or when the device cannot carry that size.
pub fn set_mtu(name: &str, mtu: u32) -> Result<()> {
    change(name, "set the MTU of", |message| message.mtu(mtu))
}

/// Sets the length of the device's own queue, in packets.
///
/// # Errors
/// As [`set_up`].
pub fn set_queue_length(name: &str, packets: u32) -> Result<()> {
    change(name, "set the queue length of", |message| message.txqueuelen(packets))
}

/// Adds an address.
///
/// # Errors
/// When the interface does not exist or has that address.
pub fn add_address(name: &str, net: Net) -> Result<()> {
    let index = index_of(name)?;
    netlink(async |handle| handle.address().add(index, net.addr, net.len).execute().await)
        .with_context(|| format!("cannot add {}/{} to {name}", net.addr, net.len))
}

/// Adds a route out of an interface.
///
/// # Errors
/// When the next hop is no neighbour or the route exists.
pub fn add_route(name: &str, route: Route) -> Result<()> {
    let index = index_of(name)?;
    let mut message = RouteMessageBuilder::<IpAddr>::new()
        .destination_prefix(route.to.addr, route.to.len)?
        .gateway(route.via)?
        .output_interface(index);
    if route.metric > 0 {
        message = message.priority(route.metric);
    }
    netlink(async |handle| handle.route().add(message.build()).execute().await).with_context(|| {
        format!("cannot route {}/{} via {} on {name}", route.to.addr, route.to.len, route.via)
    })
}

/// Connects two namespaces by an unshaped cable: a veth pair, both ends up.
///
/// # Errors
/// When a name is taken or the kernel has no veth.
pub fn add_veth(left: (&Namespace, &str), right: (&Namespace, &str)) -> Result<()> {
    const PARKED: &str = "lab-peer";
    let other = right.0.as_fd().as_raw_fd();
    left.0.run(|| {
        netlink(async |handle| handle.link().add(LinkVeth::new(left.1, PARKED).build()).execute().await)
            .with_context(|| format!("cannot create the veth pair {}", left.1))?;
        change(PARKED, "move", |message| message.setns_by_fd(other).name(right.1.to_owned()))?;
        set_up(left.1)
    })?;
    right.0.run(|| set_up(right.1))
}

fn index_of(name: &str) -> Result<u32> {
    let socket =
        std::net::UdpSocket::bind("127.0.0.1:0").or_else(|_| std::net::UdpSocket::bind("0.0.0.0:0"))?;
    rustix::net::netdevice::name_to_index(&socket, name).with_context(|| format!("no interface {name}"))
}

fn change(
    name: &str,
    verb: &str,
    edit: impl FnOnce(LinkMessageBuilder<LinkUnspec>) -> LinkMessageBuilder<LinkUnspec>,
) -> Result<()> {
    let message = edit(LinkUnspec::new_with_index(index_of(name)?)).build();
    netlink(async |handle| handle.link().set(message).execute().await)
        .with_context(|| format!("cannot {verb} {name}"))
}

/// Runs one request on a netlink socket of its own, opened in the namespace of the calling thread.
fn netlink<T, F>(request: impl FnOnce(Handle) -> F) -> Result<T>
where
    F: Future<Output = Result<T, rtnetlink::Error>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (connection, handle, _) = rtnetlink::new_connection().context("cannot open a netlink socket")?;
        let driver = tokio::spawn(connection);
        let answer = request(handle).await;
        driver.abort();
        Ok(answer?)
    })
}
