//! CONNECT-IP (RFC 9484): the request that opens a tunnel, its answer, and the capsules that configure it.

mod address;
mod route;

use bytes::{Bytes, BytesMut};

use super::capsule::{self, Error, RawCapsule};
use crate::h3::Headers;
pub use address::{Address, Prefix};
pub use route::{AddressRange, routes};

/// The value of `:protocol` (RFC 9484 §4.4).
pub const PROTOCOL: &str = "connect-ip";

/// The path under which proxies are found without further configuration, and the two variables of the URI
/// template set to the wildcard: any target, any protocol (RFC 9484 §3 and §4.6).
pub const PATH: &str = "/.well-known/masque/ip/*/*/";
const PATH_PREFIX: &str = "/.well-known/masque/ip/";

/// How much of the network a request asks for (RFC 9484 §4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it: a VPN.
    Any,
    /// One host, prefix or protocol.
    Limited,
}

/// The header section of a request for a tunnel of scope [`Scope::Any`] at the proxy `authority`.
#[must_use]
pub fn request(authority: &str) -> Headers {
    Headers::request("CONNECT", "https", authority.to_owned(), PATH)
        .with(":protocol", PROTOCOL)
        .with("capsule-protocol", "?1")
}

/// The header section of the response that grants a tunnel.
#[must_use]
pub fn response() -> Headers {
    Headers::response(200).with("capsule-protocol", "?1")
}

/// Recognises a request for a tunnel at the well-known path. `None` for any other request, be it even for CONNECT-IP
/// at another path.
#[must_use]
pub fn scope_of(headers: &Headers) -> Option<Scope> {
    if headers.method() != Some("CONNECT") || headers.protocol() != Some(PROTOCOL) {
        return None;
    }
    let variables = headers.path()?.strip_prefix(PATH_PREFIX)?.strip_suffix('/')?;
    let (target, protocol) = variables.split_once('/')?;
    if target.is_empty() || protocol.is_empty() || protocol.contains('/') {
        return None;
    }
    // Expanding a URI template escapes the asterisk (RFC 6570 §3.2.2), though the examples of RFC 9484 do not.
    let is_wildcard = |variable: &str| variable == "*" || variable.eq_ignore_ascii_case("%2a");
    Some(if is_wildcard(target) && is_wildcard(protocol) { Scope::Any } else { Scope::Limited })
}

/// Whether a response grants the tunnel: a success that starts the capsule protocol (RFC 9484 §4.5, RFC 9297
/// §3.2).
#[must_use]
pub fn is_granted(response: &Headers) -> bool {
    let status = response.status().unwrap_or_default();
    matches!(status, 200..=299)
        && !matches!(status, 204..=206)
        && response.get("content-length").is_none()
        && response.get("content-type").is_none()
}

/// A capsule of CONNECT-IP, understood and found valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capsule {
    /// All the prefixes that the receiver may use as source; those of an earlier capsule that are not here are
    /// withdrawn.
    AddressAssign(Vec<Address>),
    /// Prefixes that the sender would like to have assigned; at least one.
    AddressRequest(Vec<Address>),
    /// All the ranges that the sender forwards to; those of an earlier capsule that are not here are withdrawn.
    RouteAdvertisement(Vec<AddressRange>),
    /// An HTTP datagram: see [`parse_payload`](super::datagram::parse_payload).
    Datagram(Bytes),
}

impl Capsule {
    /// Understands a capsule. `None` for a type that is not known here, which RFC 9297 §3.2 wants ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for whatever RFC 9484 §4.7 forbids: the request stream has to be reset.
    pub fn decode(raw: RawCapsule) -> Result<Option<Self>, Error> {
        Ok(Some(match raw.kind {
            capsule::ADDRESS_ASSIGN => Self::AddressAssign(address::decode_list(&raw.value)?),
            capsule::ADDRESS_REQUEST => Self::AddressRequest(address::decode_requests(&raw.value)?),
            capsule::ROUTE_ADVERTISEMENT => Self::RouteAdvertisement(route::decode_list(&raw.value)?),
            capsule::DATAGRAM => Self::Datagram(raw.value),
            _ => return Ok(None),
        }))
    }

    /// The capsule as it goes into the stream. Ranges have to be in the order that [`routes`] gives them.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut value = BytesMut::new();
        let kind = match self {
            Self::AddressAssign(addresses) => {
                addresses.iter().for_each(|address| address.encode(&mut value));
                capsule::ADDRESS_ASSIGN
            }
            Self::AddressRequest(addresses) => {
                addresses.iter().for_each(|address| address.encode(&mut value));
                capsule::ADDRESS_REQUEST
            }
            Self::RouteAdvertisement(ranges) => {
                ranges.iter().for_each(|range| range.encode(&mut value));
                capsule::ROUTE_ADVERTISEMENT
            }
            Self::Datagram(payload) => return capsule::encode(capsule::DATAGRAM, payload),
        };
        capsule::encode(kind, &value)
    }
}

#[cfg(test)]
mod tests;
