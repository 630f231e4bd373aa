//! From netlink messages to facts.

#![expect(clippy::wildcard_enum_match_arm, reason = "netlink's messages and attributes are open sets")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use rtnetlink::{
    packet_core::{NLM_F_REPLACE, NetlinkMessage, NetlinkPayload},
    packet_route::{
        AddressFamily, RouteNetlinkMessage,
        address::{AddressAttribute, AddressFlags, AddressMessage, AddressScope},
        link::{LinkAttribute, LinkFlags, LinkInfo, LinkMessage, State},
        route::{
            RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteNextHop, RouteType,
            RouteVia,
        },
    },
};

use super::{
    super::netlink::local_address,
    table::{Address, Fact, Interface, Route},
};

/// The fact in a notification; none where it does not concern links.
pub(super) fn notification(message: NetlinkMessage<RouteNetlinkMessage>) -> Option<Fact> {
    let replace = message.header.flags & NLM_F_REPLACE != 0;
    let NetlinkPayload::InnerMessage(inner) = message.payload else { return None };
    match inner {
        RouteNetlinkMessage::NewLink(link) => interface(&link),
        RouteNetlinkMessage::DelLink(link) => interface_gone(&link),
        RouteNetlinkMessage::NewAddress(message) => address(&message).map(Fact::Address),
        RouteNetlinkMessage::DelAddress(message) => address(&message)
            .map(|address| Fact::AddressGone { ifindex: address.ifindex, address: address.address }),
        RouteNetlinkMessage::NewRoute(route) => routes(&route).map(|routes| Fact::Routes { routes, replace }),
        RouteNetlinkMessage::DelRoute(route) => routes(&route).map(Fact::RoutesGone),
        _ => None,
    }
}

pub(super) fn interface(message: &LinkMessage) -> Option<Fact> {
    // A bridge reports its ports by the same message type, with half of the attributes.
    if message.header.interface_family != AddressFamily::Unspec {
        return None;
    }
    let ifindex = message.header.index;
    let flags = message.header.flags;
    let up = flags.contains(LinkFlags::Up);
    let mut interface = Interface {
        name: String::new(),
        mtu: 0,
        kind: None,
        controller: None,
        loopback: flags.contains(LinkFlags::Loopback),
        up,
        carrier: flags.contains(LinkFlags::LowerUp),
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name.clone_from(name),
            LinkAttribute::Mtu(mtu) => interface.mtu = *mtu,
            LinkAttribute::Controller(index) => interface.controller = Some(*index),
            // Devices that do not track their state are `Unknown` and work (TAP, PPP, some modems);
            // `Dormant` is Wi-Fi that has not finished its authentication.
            LinkAttribute::OperState(state) => {
                interface.carrier &= matches!(state, State::Up | State::Unknown);
            }
            LinkAttribute::LinkInfo(infos) => interface.kind = kind(infos),
            _ => {}
        }
    }
    Some(match interface.mtu {
        0 => Fact::Flags { ifindex, up },
        _ => Fact::Interface(ifindex, interface),
    })
}

fn interface_gone(message: &LinkMessage) -> Option<Fact> {
    // The family is AF_BRIDGE where an interface merely leaves its bridge.
    let whole = message.header.interface_family == AddressFamily::Unspec;
    whole.then_some(Fact::InterfaceGone(message.header.index))
}

fn kind(infos: &[LinkInfo]) -> Option<String> {
    infos.iter().find_map(|info| match info {
        LinkInfo::Kind(kind) => Some(kind.to_string()),
        _ => None,
    })
}

pub(super) fn address(message: &AddressMessage) -> Option<Address> {
    let address = local_address(message)?;
    // The header has room for the lowest eight flags only; the attribute has them all.
    let header = AddressFlags::from_bits_retain(message.header.flags.bits().into());
    let flags = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Flags(flags) => Some(*flags),
            _ => None,
        })
        .unwrap_or(header);
    let unusable = AddressFlags::Tentative | AddressFlags::Deprecated | AddressFlags::Dadfailed;
    let global = message.header.scope == AddressScope::Universe;
    // IFA_F_TEMPORARY shares its bit with IFA_F_SECONDARY, which IPv6 does not use.
    let temporary = address.is_ipv6() && flags.contains(AddressFlags::Secondary);
    let usable = global && !flags.intersects(unusable);
    Some(Address { ifindex: message.header.index, address, usable, temporary })
}

/// The address of a message, where it has global scope and lasts.
pub(in crate::host) fn lasting_address(message: &AddressMessage) -> Option<IpAddr> {
    address(message).filter(|found| found.usable && !found.temporary).map(|found| found.address)
}

/// The routes of a message, one per next hop; none where they are not unicast routes of the main
/// table.
pub(super) fn routes(message: &RouteMessage) -> Option<Vec<Route>> {
    let header = &message.header;
    if header.kind != RouteType::Unicast
        || header.table != RouteHeader::RT_TABLE_MAIN
        || header.flags.contains(RouteFlags::Cloned)
    {
        return None;
    }
    let mut destination = match header.address_family {
        AddressFamily::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        AddressFamily::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => return None,
    };
    let (mut metric, mut source, mut multipath) = (0, None, None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => destination = ip(address)?,
            RouteAttribute::Priority(priority) => metric = *priority,
            RouteAttribute::PrefSource(address) => source = ip(address),
            RouteAttribute::MultiPath(hops) => multipath = Some(hops),
            _ => {}
        }
    }
    let destination = IpNet::new(destination, header.destination_prefix_length).ok()?;
    let route =
        |ifindex, next_hop| Route { ifindex, destination, metric, next_hop, preferred_source: source };
    if let Some(hops) = multipath {
        let hop = |hop: &RouteNextHop| route(hop.interface_index, next_hop(&hop.attributes));
        return Some(hops.iter().map(hop).collect());
    }
    let ifindex = message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Oif(index) => Some(*index),
        _ => None,
    })?;
    Some(vec![route(ifindex, next_hop(&message.attributes))])
}

fn next_hop(attributes: &[RouteAttribute]) -> Option<IpAddr> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(address) => ip(address),
        RouteAttribute::Via(RouteVia::Inet(address)) => Some(IpAddr::V4(*address)),
        RouteAttribute::Via(RouteVia::Inet6(address)) => Some(IpAddr::V6(*address)),
        _ => None,
    })
}

pub(in crate::host) fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}
