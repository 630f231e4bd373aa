//! Ranges of addresses, and the list of them in ROUTE_ADVERTISEMENT (RFC 9484 §4.7.3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, BytesMut};

use super::address::{self, Prefix};
use crate::masque::capsule::Error;

/// The IP protocol number that stands for all of them.
const ANY_PROTOCOL: u8 = 0;

/// Addresses from a first to a last one, of one IP version, for one IP protocol or for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    start: IpAddr,
    end: IpAddr,
    protocol: u8,
}

impl AddressRange {
    /// A range for an IP protocol, 0 meaning all; `None` if `end` is below `start` or of another version.
    #[must_use]
    pub fn new(start: IpAddr, end: IpAddr, protocol: u8) -> Option<Self> {
        (start.is_ipv4() == end.is_ipv4() && start <= end).then_some(Self { start, end, protocol })
    }

    /// The first address.
    #[must_use]
    pub const fn start(self) -> IpAddr {
        self.start
    }

    /// The last address.
    #[must_use]
    pub const fn end(self) -> IpAddr {
        self.end
    }

    /// The IP protocol number, 0 for all. ICMP is allowed in any case.
    #[must_use]
    pub const fn protocol(self) -> u8 {
        self.protocol
    }

    pub(super) fn encode(&self, buf: &mut BytesMut) {
        buf.put_u8(address::version_of(self.start));
        address::put_address(buf, self.start);
        address::put_address(buf, self.end);
        buf.put_u8(self.protocol);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, Error> {
        const TRUNCATED: Error = Error::Malformed("ends within a range");
        let version = address::take_byte(input).ok_or(TRUNCATED)?;
        let start = address::take_address(input, version)?;
        let end = address::take_address(input, version)?;
        let protocol = address::take_byte(input).ok_or(TRUNCATED)?;
        Self::new(start, end, protocol).ok_or(Error::Malformed("range ends before it starts"))
    }
}

impl From<Prefix> for AddressRange {
    fn from(prefix: Prefix) -> Self {
        Self { start: prefix.address(), end: prefix.last(), protocol: ANY_PROTOCOL }
    }
}

/// The ranges that cover the prefixes, for all protocols, in the order and without the overlaps that RFC 9484
/// §4.7.3 asks for.
#[must_use]
pub fn routes(prefixes: impl IntoIterator<Item = Prefix>) -> Vec<AddressRange> {
    let mut ranges: Vec<AddressRange> = prefixes.into_iter().map(AddressRange::from).collect();
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, kept| {
        let joins = next.start <= kept.end || successor(kept.end) == Some(next.start);
        if joins {
            kept.end = kept.end.max(next.end);
        }
        joins
    });
    ranges
}

/// The address after this one, of the same version.
fn successor(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().checked_add(1)?).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits().checked_add(1)?).into(),
    })
}

/// The value of ROUTE_ADVERTISEMENT.
pub(super) fn decode_list(mut value: &[u8]) -> Result<Vec<AddressRange>, Error> {
    let mut ranges = Vec::new();
    while !value.is_empty() {
        ranges.push(AddressRange::decode(&mut value)?);
    }
    let in_order = ranges.is_sorted_by(|a, b| {
        let (of_a, of_b) = ((a.start.is_ipv6(), a.protocol), (b.start.is_ipv6(), b.protocol));
        of_a < of_b || (of_a == of_b && a.end < b.start)
    });
    if !in_order {
        return Err(Error::Malformed("ranges out of order or overlapping"));
    }
    if overlaps_across_protocols(&ranges) {
        return Err(Error::Malformed("range for one protocol within one for all"));
    }
    Ok(ranges)
}

/// Whether a range for one protocol meets one for all; `ranges` are in order.
fn overlaps_across_protocols(ranges: &[AddressRange]) -> bool {
    ranges.chunk_by(|a, b| a.start.is_ipv4() == b.start.is_ipv4()).any(|version| {
        let (all, single) = version.split_at(version.partition_point(|range| range.protocol == ANY_PROTOCOL));
        single.iter().any(|range| {
            let candidate = all.partition_point(|other| other.end < range.start);
            all.get(candidate).is_some_and(|other| other.start <= range.end)
        })
    })
}
