//! Prefixes, and the lists of them in ADDRESS_ASSIGN and ADDRESS_REQUEST (RFC 9484 §4.7.1 and §4.7.2).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, BytesMut};

use crate::h3::varint;
use crate::masque::capsule::Error;

/// An IP prefix: an address of which the bits beyond the length are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// A prefix; `None` if the length exceeds the address, or bits beyond it are set.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        (length <= bits_of(address) && bits(address) & host_mask(address, length) == 0)
            .then_some(Self { address, length })
    }

    /// The prefix that holds one address only.
    #[must_use]
    pub const fn host(address: IpAddr) -> Self {
        Self { address, length: bits_of(address) }
    }

    /// The first address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// The last address.
    #[must_use]
    pub fn last(self) -> IpAddr {
        let last = bits(self.address) | host_mask(self.address, self.length);
        match self.address {
            // The mask of an IPv4 address has no more than 32 bits.
            IpAddr::V4(_) => Ipv4Addr::from_bits(last as u32).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(last).into(),
        }
    }

    /// The length in bits.
    #[must_use]
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Whether the address lies within the prefix.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && (self.address..=self.last()).contains(&address)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// An assigned or a requested address, which have the same form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// In a request a number that is not 0 and that its sender uses once. In an assignment the number of the
    /// request that it answers, or 0.
    pub request_id: u64,
    /// The prefix. In a request all zeros mean any of that length; in the answer to one, all zeros of full length mean
    /// that nothing was assigned.
    pub prefix: Prefix,
}

impl Address {
    /// Whether this is the answer that refuses a request.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.request_id != 0
            && self.prefix == Prefix::host(self.prefix.address)
            && self.prefix.address.is_unspecified()
    }

    pub(super) fn encode(&self, buf: &mut BytesMut) {
        varint::encode(buf, self.request_id);
        buf.put_u8(version_of(self.prefix.address));
        put_address(buf, self.prefix.address);
        buf.put_u8(self.prefix.length);
    }

    fn decode(input: &mut &[u8]) -> Result<Self, Error> {
        const TRUNCATED: Error = Error::Malformed("ends within an address");
        let request_id = varint::decode(input).ok_or(TRUNCATED)?;
        let version = take_byte(input).ok_or(TRUNCATED)?;
        let address = take_address(input, version)?;
        let length = take_byte(input).ok_or(TRUNCATED)?;
        let prefix =
            Prefix::new(address, length).ok_or(Error::Malformed("address does not fit its length"))?;
        Ok(Self { request_id, prefix })
    }
}

/// The value of ADDRESS_ASSIGN.
pub(super) fn decode_list(mut value: &[u8]) -> Result<Vec<Address>, Error> {
    let mut addresses = Vec::new();
    while !value.is_empty() {
        addresses.push(Address::decode(&mut value)?);
    }
    Ok(addresses)
}

/// The value of ADDRESS_REQUEST.
pub(super) fn decode_requests(value: &[u8]) -> Result<Vec<Address>, Error> {
    let addresses = decode_list(value)?;
    if addresses.is_empty() {
        return Err(Error::Malformed("request for no address"));
    }
    let mut ids: Vec<u64> = addresses.iter().map(|address| address.request_id).collect();
    ids.sort_unstable();
    if ids.first() == Some(&0) || ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::Malformed("request id zero or used twice"));
    }
    Ok(addresses)
}

/// The version as a capsule states it.
pub(super) const fn version_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 4,
        IpAddr::V6(_) => 6,
    }
}

pub(super) fn put_address(buf: &mut BytesMut, address: IpAddr) {
    match address {
        IpAddr::V4(address) => buf.put_slice(&address.octets()),
        IpAddr::V6(address) => buf.put_slice(&address.octets()),
    }
}

/// Reads an address of the stated version off the front of `input`.
pub(super) fn take_address(input: &mut &[u8], version: u8) -> Result<IpAddr, Error> {
    const TRUNCATED: Error = Error::Malformed("ends within an address");
    match version {
        4 => {
            let (octets, rest) = input.split_first_chunk::<4>().ok_or(TRUNCATED)?;
            *input = rest;
            Ok(IpAddr::from(*octets))
        }
        6 => {
            let (octets, rest) = input.split_first_chunk::<16>().ok_or(TRUNCATED)?;
            *input = rest;
            Ok(IpAddr::from(*octets))
        }
        _ => Err(Error::Malformed("IP version is neither 4 nor 6")),
    }
}

pub(super) fn take_byte(input: &mut &[u8]) -> Option<u8> {
    let (first, rest) = input.split_first()?;
    *input = rest;
    Some(*first)
}

const fn bits_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The bits beyond a prefix of that length.
fn host_mask(address: IpAddr, length: u8) -> u128 {
    let host_bits = u32::from(bits_of(address) - length);
    1_u128.checked_shl(host_bits).map_or(u128::MAX, |bit| bit - 1)
}
