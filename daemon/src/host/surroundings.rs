//! The networks that a host is part of: where others find it, and what new addresses must not collide with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use futures_util::TryStreamExt;
use ipnet::IpNet;
use rtnetlink::RouteMessageBuilder;
use rtnetlink::packet_route::route::{RouteAttribute, RouteMessage};

use super::links::{lasting_address, route_address};
use super::netlink::{Netlink, NetlinkError};

/// Shorter prefixes are ways out, as the default route and its halves are, and nobody's networks.
const SHORTEST_NETWORK: u8 = 8;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Addresses of global scope that last.
    pub addresses: Vec<IpAddr>,
    /// Where routes of any table lead, default routes left out.
    pub networks: Vec<IpNet>,
}

/// Looks around in this thread's network namespace.
///
/// # Errors
/// [`NetlinkError`] where the kernel does not tell.
pub fn look() -> Result<Surroundings, NetlinkError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| NetlinkError::from_io("cannot start", error))?;
    runtime.block_on(read())
}

async fn read() -> Result<Surroundings, NetlinkError> {
    let netlink = Netlink::connect()?;
    Ok(Surroundings { addresses: addresses(&netlink).await?, networks: networks(&netlink).await? })
}

async fn addresses(netlink: &Netlink) -> Result<Vec<IpAddr>, NetlinkError> {
    let dump = netlink.handle().address().get().execute();
    let messages: Vec<_> =
        dump.try_collect().await.map_err(|error| NetlinkError::new("cannot list addresses", error))?;
    Ok(messages.iter().filter_map(lasting_address).filter(|address| !address.is_loopback()).collect())
}

async fn networks(netlink: &Netlink) -> Result<Vec<IpNet>, NetlinkError> {
    let mut networks = Vec::new();
    let v4 = RouteMessageBuilder::<Ipv4Addr>::new().build();
    let v6 = RouteMessageBuilder::<Ipv6Addr>::new().build();
    for family in [v4, v6] {
        let dump = netlink.handle().route().get(family).execute();
        let routes: Vec<_> =
            dump.try_collect().await.map_err(|error| NetlinkError::new("cannot list routes", error))?;
        networks.extend(routes.iter().filter_map(network));
    }
    networks.sort_unstable();
    networks.dedup();
    Ok(networks)
}

fn network(route: &RouteMessage) -> Option<IpNet> {
    let length = route.header.destination_prefix_length;
    if length < SHORTEST_NETWORK {
        return None;
    }
    let address = route.attributes.iter().find_map(|attribute| {
        if let RouteAttribute::Destination(address) = attribute { route_address(address) } else { None }
    })?;
    IpNet::new(address, length).ok()
}

#[cfg(test)]
mod tests;
