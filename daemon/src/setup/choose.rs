//! What a gateway is given where nobody said otherwise: the addresses at which it is found, and pools that collide with
//! no network it knows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::SetupError;
use crate::config::{Endpoint, Prefix};
use crate::host::surroundings::Surroundings;

/// The IPv4 pools that are tried, by their second and third number: few networks use them, and each is as large as the
/// default one.
const V4_POOLS: [[u8; 3]; 6] =
    [[10, 77, 0], [10, 177, 77], [10, 213, 7], [172, 29, 77], [172, 23, 177], [192, 168, 177]];

/// Where clients find this host: its public addresses with `port`, one of each family.
///
/// # Errors
/// [`SetupError::NoPublicAddress`] behind NAT.
pub(super) fn endpoints(surroundings: &Surroundings, port: u16) -> Result<Vec<Endpoint>, SetupError> {
    let public = |wanted: fn(&IpAddr) -> bool| surroundings.addresses.iter().copied().find(wanted);
    let found = [public(is_public_v4), public(is_public_v6)].into_iter().flatten();
    let endpoints: Vec<_> =
        found.filter_map(|address| Endpoint::new(&address.to_string(), port).ok()).collect();
    if endpoints.is_empty() {
        return Err(SetupError::NoPublicAddress(surroundings.addresses.clone()));
    }
    Ok(endpoints)
}

/// A pool of each family. `random` makes the IPv6 one unique (RFC 4193, section 3.2.2).
///
/// # Errors
/// [`SetupError::NoPool`] where every IPv4 pool that is tried overlaps with a network.
pub(super) fn pools(surroundings: &Surroundings, random: [u8; 5]) -> Result<Vec<Prefix>, SetupError> {
    let free = |pool: &IpNet| {
        !surroundings.networks.iter().any(|network| network.contains(pool) || pool.contains(network))
    };
    let v4 = V4_POOLS.iter().find_map(|&[a, b, c]| {
        let pool = IpNet::V4(Ipv4Net::new(Ipv4Addr::new(a, b, c, 0), 24).ok()?);
        free(&pool).then_some(pool)
    });
    let [a, b, c, d, e] = random;
    let high = u64::from_be_bytes([0xfd, a, b, c, d, e, 0, 0]);
    let v6 = Ipv6Net::new(Ipv6Addr::from(u128::from(high) << 64), 64).ok().map(IpNet::V6).filter(free);
    let (Some(v4), Some(v6)) = (v4, v6) else { return Err(SetupError::NoPool) };
    Ok([v4, v6].iter().filter_map(|pool| pool.to_string().parse().ok()).collect())
}

/// Neither private, nor shared (RFC 6598), nor for benchmarks (RFC 2544) or documents, nor local.
fn is_public_v4(address: &IpAddr) -> bool {
    let IpAddr::V4(address) = address else { return false };
    let [a, b, ..] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    let apart = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_unspecified()
        || a >= 224;
    !(apart || shared || benchmarks)
}

/// Global unicast (RFC 4291, section 2.5.4), but for documents and the tunnels 6to4 and Teredo.
fn is_public_v6(address: &IpAddr) -> bool {
    let IpAddr::V6(address) = address else { return false };
    let [first, second, ..] = address.segments();
    let apart = first == 0x2002 || (first == 0x2001 && (second == 0 || second == 0xdb8));
    first & 0xe000 == 0x2000 && !apart
}

#[cfg(test)]
mod tests;
