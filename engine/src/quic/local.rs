//! Synthetic local addresses: the identity of a link in noq's four-tuples.
//!
//! noq tells paths apart by remote address and local IP address. Two links may have the same real address,
//! so noq never sees one: each pair of link and real local address gets a made-up address of its own, and
//! is found again by it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use noq_proto::FourTuple;

use crate::link::{Arrival, LinkId, Transmit};

/// Most pairs that are remembered. A gateway has few sockets, and each few local addresses.
const MAX_PAIRS: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct Locals {
    pairs: Vec<(LinkId, Option<IpAddr>)>,
}

impl Locals {
    /// noq's four-tuple for what arrived so, or `None` once too many local addresses were seen.
    pub(crate) fn four_tuple(&mut self, arrival: &Arrival) -> Option<FourTuple> {
        self.outgoing(arrival.link, arrival.local, arrival.remote)
    }

    /// noq's four-tuple for sending to `remote` over `link`.
    pub(crate) fn outgoing(
        &mut self,
        link: LinkId,
        local: Option<IpAddr>,
        remote: SocketAddr,
    ) -> Option<FourTuple> {
        let pair = (link, local);
        let index = match self.pairs.iter().position(|known| *known == pair) {
            Some(index) => index,
            None if self.pairs.len() >= MAX_PAIRS => return None,
            None => {
                self.pairs.push(pair);
                self.pairs.len() - 1
            }
        };
        Some(FourTuple::new(remote, Some(synthetic(index, remote.is_ipv4()))))
    }

    /// The link and real local address behind a synthetic address.
    pub(crate) fn resolve(&self, address: IpAddr) -> Option<(LinkId, Option<IpAddr>)> {
        let index = match address {
            IpAddr::V4(v4) => u32::from(v4) as usize,
            IpAddr::V6(v6) => u32::try_from(u128::from(v6) & u128::from(u32::MAX)).ok()? as usize,
        };
        self.pairs.get(index.checked_sub(1)?).copied()
    }
}

/// What noq wants sent, with the link and real local address in place of the synthetic one.
pub(crate) fn outbound(transmit: &noq_proto::Transmit, origin: (LinkId, Option<IpAddr>)) -> Transmit {
    Transmit {
        link: origin.0,
        destination: transmit.destination,
        source: origin.1,
        ecn: transmit.ecn,
        size: transmit.size,
        segment_size: transmit.segment_size,
    }
}

/// From 0.0.0.0/8 ("this network", RFC 1122) or 100::/64 (discard only, RFC 6666): never a real address.
fn synthetic(index: usize, ipv4: bool) -> IpAddr {
    let number = index as u32 + 1;
    if ipv4 {
        IpAddr::V4(Ipv4Addr::from(number))
    } else {
        IpAddr::V6(Ipv6Addr::from((0x0100_u128 << 112) | u128::from(number)))
    }
}

#[cfg(test)]
mod tests;
