//! Address pools: who gets which inner address.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Prefix;

/// The gateway's pools, at most one of each family.
///
/// The first host address of a pool is the gateway's own. IPv4's network and broadcast addresses and IPv6's
/// subnet-router anycast address (RFC 4291, section 2.6.1) are never leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pools {
    v4: Option<Prefix>,
    v6: Option<Prefix>,
}

impl Pools {
    /// The pools among `prefixes`: the first of each family.
    #[must_use]
    pub fn new(prefixes: &[Prefix]) -> Self {
        Self {
            v4: prefixes.iter().find(|prefix| prefix.is_ipv4()).copied(),
            v6: prefixes.iter().find(|prefix| !prefix.is_ipv4()).copied(),
        }
    }

    /// The gateway's own addresses and the prefix lengths to give them on the TUN device, IPv4 before IPv6.
    #[must_use]
    pub fn gateway_addresses(&self) -> Vec<(IpAddr, u8)> {
        let own = |prefix: Prefix| match prefix.address() {
            IpAddr::V4(network) => IpAddr::V4(Ipv4Addr::from_bits(network.to_bits() + 1)),
            IpAddr::V6(network) => IpAddr::V6(Ipv6Addr::from_bits(network.to_bits() + 1)),
        };
        self.v4.into_iter().chain(self.v6).map(|prefix| (own(prefix), prefix.length())).collect()
    }

    pub(super) fn has_v4(&self) -> bool {
        self.v4.is_some()
    }

    pub(super) fn has_v6(&self) -> bool {
        self.v6.is_some()
    }

    /// Whether `address` could be leased to a peer.
    pub(super) fn leases(&self, address: IpAddr) -> bool {
        let (range, bits) = match address {
            IpAddr::V4(address) => (self.range_v4(), u128::from(address.to_bits())),
            IpAddr::V6(address) => (self.range_v6(), address.to_bits()),
        };
        range.is_some_and(|(first, last)| (first..=last).contains(&bits))
    }

    /// The lowest IPv4 address that is not in `taken`.
    pub(super) fn free_v4(&self, taken: impl Iterator<Item = Ipv4Addr>) -> Option<Ipv4Addr> {
        let free = lowest_free(self.range_v4()?, taken.map(|address| u128::from(address.to_bits())))?;
        u32::try_from(free).ok().map(Ipv4Addr::from_bits)
    }

    /// The lowest IPv6 address that is not in `taken`.
    pub(super) fn free_v6(&self, taken: impl Iterator<Item = Ipv6Addr>) -> Option<Ipv6Addr> {
        lowest_free(self.range_v6()?, taken.map(Ipv6Addr::to_bits)).map(Ipv6Addr::from_bits)
    }

    fn range_v4(&self) -> Option<(u128, u128)> {
        let prefix = self.v4?;
        let IpAddr::V4(network) = prefix.address() else { return None };
        let network = u128::from(network.to_bits());
        let size = 1_u128 << (32 - prefix.length());
        Some((network + 2, network + size - 2))
    }

    fn range_v6(&self) -> Option<(u128, u128)> {
        let prefix = self.v6?;
        let IpAddr::V6(network) = prefix.address() else { return None };
        let network = network.to_bits();
        let host_bits = u128::MAX.checked_shr(u32::from(prefix.length())).unwrap_or(0);
        Some((network + 2, network | host_bits))
    }
}

fn lowest_free((first, last): (u128, u128), taken: impl Iterator<Item = u128>) -> Option<u128> {
    let taken: BTreeSet<u128> = taken.filter(|address| (first..=last).contains(address)).collect();
    let mut free = first;
    for address in taken {
        if address != free {
            break;
        }
        free = free.checked_add(1)?;
    }
    (free <= last).then_some(free)
}
