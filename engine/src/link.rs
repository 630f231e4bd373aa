//! Links: the network interfaces (of a client) or listening sockets (of a gateway) that carry UDP.

use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

pub use noq_proto::EcnCodepoint as Ecn;

/// A link's identity. The embedder chooses it; it depends on no address, so that two phones which both
/// hand out 172.20.10.2 are two links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// How willingly a link is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Tier {
    /// Used with the others, and left out while its quality would hurt them.
    #[default]
    Auto,
    /// Used with the others, whatever its quality.
    Always,
    /// Used when the links above are full.
    Secondary,
    /// Used when no link above works.
    Backup,
    /// Never used.
    Never,
}

impl Tier {
    /// Every tier, most willing first.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Always, Self::Secondary, Self::Backup, Self::Never];

    /// The stable label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Secondary => "secondary",
            Self::Backup => "backup",
            Self::Never => "never",
        }
    }

    /// 0 for links that are used freely, 1 for `secondary`, 2 for `backup`, 3 for `never`.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Auto | Self::Always => 0,
            Self::Secondary => 1,
            Self::Backup => 2,
            Self::Never => 3,
        }
    }

    /// The number on the wire, as the path policy capsule carries it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Auto => 0,
            Self::Always => 1,
            Self::Secondary => 2,
            Self::Backup => 3,
            Self::Never => 4,
        }
    }

    pub(crate) fn from_code(code: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| u64::from(tier.code()) == code)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no tier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tier is one of auto, always, secondary, backup, never")]
pub struct TierError;

impl FromStr for Tier {
    type Err = TierError;

    fn from_str(text: &str) -> Result<Self, TierError> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text).ok_or(TierError)
    }
}

/// How a link is to be used, at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Policy {
    /// How willingly.
    pub(crate) tier: Tier,
    /// Whether its bytes are paid for.
    pub(crate) metered: bool,
}

/// A link that can carry UDP now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Identity.
    pub id: LinkId,
    /// Name for people, usually the interface's.
    pub name: Arc<str>,
    /// How willingly it is used.
    pub tier: Tier,
    /// Whether its bytes are paid for: copies of packets ([`Duplication`](crate::duplication::Duplication)) are bounded by
    /// what it carries anyway.
    pub metered: bool,
    /// Whether it reaches the world by IPv4.
    pub ipv4: bool,
    /// Whether it reaches the world by IPv6.
    pub ipv6: bool,
}

impl Link {
    /// How it is to be used.
    pub(crate) fn policy(&self) -> Policy {
        Policy { tier: self.tier, metered: self.metered }
    }

    /// Whether the link can send to `remote` at all.
    pub(crate) fn reaches(&self, remote: SocketAddr) -> bool {
        if remote.is_ipv4() { self.ipv4 } else { self.ipv6 }
    }
}

/// One or more UDP datagrams to send: the bytes are in the buffer that was given to `poll_transmit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    /// The link to send on.
    pub link: LinkId,
    /// Where to.
    pub destination: SocketAddr,
    /// The local address to send from, where the link has several (a gateway's wildcard socket).
    pub source: Option<IpAddr>,
    /// ECN codepoint of the outer IP header.
    pub ecn: Option<Ecn>,
    /// Bytes in all.
    pub size: usize,
    /// If set, the bytes are datagrams of this size each (the last may be shorter), for GSO.
    pub segment_size: Option<usize>,
}

/// Where and how a UDP datagram arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The link that it came in on.
    pub link: LinkId,
    /// Who sent it.
    pub remote: SocketAddr,
    /// The local address that it was sent to, where the link has several.
    pub local: Option<IpAddr>,
    /// ECN codepoint of the outer IP header.
    pub ecn: Option<Ecn>,
}
