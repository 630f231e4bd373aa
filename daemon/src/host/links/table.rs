//! From facts about interfaces, addresses and routes to link events. Pure: no netlink, no clock.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

use super::{Link, LinkAddress, LinkEvent, LinkFilter, reason};

/// An interface as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    pub(super) name: String,
    /// Bytes.
    pub(super) mtu: u32,
    /// `IFLA_INFO_KIND`; none for physical interfaces.
    pub(super) kind: Option<String>,
    /// The bridge, bond or VRF that this interface is a port of.
    pub(super) controller: Option<u32>,
    pub(super) loopback: bool,
    pub(super) up: bool,
    pub(super) carrier: bool,
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) ifindex: u32,
    pub(super) address: IpAddr,
    /// Global scope, and neither tentative nor deprecated nor a duplicate.
    pub(super) usable: bool,
    /// Replaced by another within days (RFC 8981), so second choice.
    pub(super) temporary: bool,
}

/// A unicast route of the main table through one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) ifindex: u32,
    pub(super) destination: IpNet,
    pub(super) metric: u32,
    pub(super) next_hop: Option<IpAddr>,
    pub(super) preferred_source: Option<IpAddr>,
}

/// Something that the kernel has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Interface(u32, Interface),
    /// A message that carries the flags alone, as wireless events do.
    Flags {
        ifindex: u32,
        up: bool,
    },
    InterfaceGone(u32),
    Address(Address),
    AddressGone {
        ifindex: u32,
        address: IpAddr,
    },
    /// The routes (more than one if multipath) take the place of those with the same destination and
    /// metric if `replace` is set.
    Routes {
        routes: Vec<Route>,
        replace: bool,
    },
    RoutesGone(Vec<Route>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Link(Link),
    Ignored { name: String, reason: &'static str },
}

/// All facts, and what was last reported of each interface.
#[derive(Debug, Default)]
pub(super) struct LinkTable {
    interfaces: BTreeMap<u32, Interface>,
    addresses: Vec<Address>,
    routes: Vec<Route>,
    reported: BTreeMap<u32, Verdict>,
}

impl LinkTable {
    /// Forgets all facts, but not what was reported: after a new dump, [`settle`](Self::settle) tells
    /// the difference.
    pub(super) fn forget_facts(&mut self) {
        self.interfaces.clear();
        self.addresses.clear();
        self.routes.clear();
    }

    pub(super) fn apply(&mut self, fact: Fact) {
        match fact {
            Fact::Interface(ifindex, interface) => {
                if !interface.up {
                    self.drop_routes(|route| route.ifindex == ifindex);
                }
                self.interfaces.insert(ifindex, interface);
            }
            Fact::Flags { ifindex, up } => self.set_up(ifindex, up),
            Fact::InterfaceGone(ifindex) => {
                self.interfaces.remove(&ifindex);
                self.addresses.retain(|address| address.ifindex != ifindex);
                self.drop_routes(|route| route.ifindex == ifindex);
            }
            Fact::Address(address) => {
                self.addresses.retain(|old| (old.ifindex, old.address) != (address.ifindex, address.address));
                self.addresses.push(address);
            }
            Fact::AddressGone { ifindex, address } => self.remove_address(ifindex, address),
            Fact::Routes { routes, replace } => self.add_routes(routes, replace),
            Fact::RoutesGone(routes) => self.drop_routes(|route| routes.contains(route)),
        }
    }

    /// The events by which the facts now differ from what was reported.
    pub(super) fn settle(&mut self, filter: &LinkFilter) -> Vec<LinkEvent> {
        let known: BTreeSet<u32> = self.interfaces.keys().chain(self.reported.keys()).copied().collect();
        known.into_iter().filter_map(|ifindex| self.settle_one(ifindex, filter)).collect()
    }

    fn settle_one(&mut self, ifindex: u32, filter: &LinkFilter) -> Option<LinkEvent> {
        let before = self.reported.remove(&ifindex);
        let Some(interface) = self.interfaces.get(&ifindex) else {
            return match before? {
                Verdict::Link(Link { name, .. }) => {
                    Some(LinkEvent::Down { ifindex, name, reason: reason::GONE })
                }
                Verdict::Ignored { name, .. } => {
                    Some(LinkEvent::Ignored { ifindex, name, reason: reason::GONE })
                }
            };
        };
        let now = self.judge(ifindex, interface, before.as_ref(), filter);
        let changed = before.as_ref() != Some(&now);
        self.reported.insert(ifindex, now.clone());
        let was_link = matches!(before, Some(Verdict::Link(_)));
        changed.then_some(match now {
            Verdict::Link(link) if was_link => LinkEvent::Changed(link),
            Verdict::Link(link) => LinkEvent::Up(link),
            Verdict::Ignored { name, reason } if was_link => LinkEvent::Down { ifindex, name, reason },
            Verdict::Ignored { name, reason } => LinkEvent::Ignored { ifindex, name, reason },
        })
    }

    fn judge(
        &self,
        ifindex: u32,
        interface: &Interface,
        before: Option<&Verdict>,
        filter: &LinkFilter,
    ) -> Verdict {
        let name = interface.name.clone();
        let ignored = |reason| Verdict::Ignored { name: name.clone(), reason };
        let controller = interface.controller.map(|index| {
            // A controller that is not (yet) known is taken for a bridge: the commonest case.
            self.interfaces.get(&index).and_then(|known| known.kind.as_deref()).unwrap_or("bridge")
        });
        if let Some(reason) = filter.excludes(interface, controller) {
            return ignored(reason);
        }
        if !interface.up {
            return ignored(reason::DOWN);
        }
        if !interface.carrier {
            return ignored(reason::NO_CARRIER);
        }
        let previous = match before {
            Some(Verdict::Link(link)) => Some(link),
            Some(Verdict::Ignored { .. }) | None => None,
        };
        let (v4, v6) = self.best_addresses(ifindex, previous);
        if v4.is_none() && v6.is_none() {
            return ignored(reason::NO_ADDRESS);
        }
        let v4 = v4.and_then(|address| self.with_route(ifindex, address, false, filter));
        let v6 = v6.and_then(|address| self.with_route(ifindex, address, true, filter));
        if v4.is_none() && v6.is_none() {
            return ignored(reason::NO_ROUTE);
        }
        Verdict::Link(Link { ifindex, name, mtu: interface.mtu, v4, v6 })
    }

    /// The address to report per family. One that was reported stays while it is usable: a change
    /// means a new path to the engine.
    fn best_addresses(&self, ifindex: u32, previous: Option<&Link>) -> (Option<Ipv4Addr>, Option<Ipv6Addr>) {
        let old_v4 = previous.and_then(|link| link.v4).map(|v4| v4.address);
        let old_v6 = previous.and_then(|link| link.v6).map(|v6| v6.address);
        let (mut v4, mut v6) = (None, None);
        for candidate in self.addresses.iter().filter(|a| a.ifindex == ifindex && a.usable) {
            match candidate.address {
                IpAddr::V4(address) => {
                    let rank = (Some(address) != old_v4, address);
                    v4 = Some(v4.map_or(rank, |best| rank.min(best)));
                }
                IpAddr::V6(address) => {
                    let rank =
                        (Some(address) != old_v6, candidate.temporary, address.is_unique_local(), address);
                    v6 = Some(v6.map_or(rank, |best| rank.min(best)));
                }
            }
        }
        (v4.map(|(_, address)| address), v6.map(|(.., address)| address))
    }

    /// Adds the route out to an address; none where the family has no route out of this interface.
    fn with_route<A>(
        &self,
        ifindex: u32,
        address: A,
        v6: bool,
        filter: &LinkFilter,
    ) -> Option<LinkAddress<A>> {
        let leads_out = |route: &&Route| {
            route.ifindex == ifindex
                && matches!(route.destination, IpNet::V6(_)) == v6
                && (route.destination.prefix_len() == 0
                    || filter.gateways().iter().any(|gateway| route.destination.contains(gateway)))
        };
        let best = self
            .routes
            .iter()
            .filter(leads_out)
            .max_by_key(|route| (route.destination.prefix_len(), Reverse(route.metric)))?;
        Some(LinkAddress { address, next_hop: best.next_hop })
    }

    fn set_up(&mut self, ifindex: u32, up: bool) {
        if let Some(interface) = self.interfaces.get_mut(&ifindex) {
            interface.up = up;
        }
        if !up {
            self.drop_routes(|route| route.ifindex == ifindex);
        }
    }

    /// The kernel takes IPv4 routes away without a word when the interface goes down, with the
    /// interface's last IPv4 address, and with the address that a route names as its source.
    fn remove_address(&mut self, ifindex: u32, address: IpAddr) {
        self.addresses.retain(|old| (old.ifindex, old.address) != (ifindex, address));
        let family_left =
            self.addresses.iter().any(|a| a.ifindex == ifindex && a.address.is_ipv4() == address.is_ipv4());
        self.drop_routes(|route| {
            let lost_interface = address.is_ipv4()
                && !family_left
                && route.destination.addr().is_ipv4()
                && route.ifindex == ifindex;
            lost_interface || route.preferred_source == Some(address)
        });
    }

    fn add_routes(&mut self, routes: Vec<Route>, replace: bool) {
        if let (true, Some(first)) = (replace, routes.first()) {
            let key = (first.destination, first.metric);
            self.drop_routes(|route| (route.destination, route.metric) == key);
        }
        for route in routes {
            if !self.routes.contains(&route) {
                self.routes.push(route);
            }
        }
    }

    fn drop_routes(&mut self, lost: impl Fn(&Route) -> bool) {
        self.routes.retain(|route| !lost(route));
    }
}

#[cfg(test)]
mod tests;
