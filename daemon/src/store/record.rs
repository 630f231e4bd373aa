//! What the store keeps, and how it is written: JSON, so that a later version can add to it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::error::InviteError;
use crate::keys::Pin;
use crate::token::{Enrolled, SecretHash};

/// Longest name of a peer, in bytes.
pub const MAX_NAME: usize = 63;

/// A client that may open a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its name, unique on the gateway.
    pub name: String,
    /// How it proves who it is.
    pub credential: Credential,
    /// Its leased IPv4 address, where there is an IPv4 pool.
    pub v4: Option<Ipv4Addr>,
    /// Its leased IPv6 address, where there is an IPv6 pool.
    pub v6: Option<Ipv6Addr>,
    /// When it became a peer.
    pub created: SystemTime,
    /// When it was last heard from.
    pub last_seen: Option<SystemTime>,
}

/// How a peer proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// By the key of its TLS certificate.
    Pin(Pin),
    /// By a long-lived secret with this hash.
    Bearer(SecretHash),
}

/// An invitation, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The name that the new peer gets.
    pub name: String,
    /// When it stops to be good.
    pub expires: SystemTime,
    /// Its use, once it was used.
    pub(super) used: Option<Used>,
}

/// The one use of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Used {
    pub(super) at: SystemTime,
    pub(super) pin: Pin,
}

impl Peer {
    /// The leased addresses, IPv4 before IPv6.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.v4.map(IpAddr::V4).into_iter().chain(self.v6.map(IpAddr::V6)).collect()
    }

    /// What the gateway tells the new peer.
    #[must_use]
    pub fn enrolled(&self) -> Enrolled {
        Enrolled { name: self.name.clone(), addresses: self.addresses() }
    }
}

impl Invitation {
    /// Whether it can be used at `now`.
    #[must_use]
    pub fn is_open(&self, now: SystemTime) -> bool {
        self.used.is_none() && now < self.expires
    }

    /// When it was used.
    #[must_use]
    pub fn used_at(&self) -> Option<SystemTime> {
        self.used.as_ref().map(|used| used.at)
    }
}

/// Names go into commands, logs and file names, so they are kept plain.
pub(super) fn check_name(name: &str) -> Result<(), InviteError> {
    let plain = (1..=MAX_NAME).contains(&name.len())
        && !name.starts_with(['-', '.'])
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if plain { Ok(()) } else { Err(InviteError::BadName(name.to_owned())) }
}

#[derive(Serialize, Deserialize)]
struct PeerRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer_sha256: Option<String>,
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
    created: u64,
    last_seen: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct InvitationRecord {
    name: String,
    expires: u64,
    used_at: Option<u64>,
    used_by: Option<String>,
}

pub(super) fn encode_peer(peer: &Peer) -> serde_json::Result<Vec<u8>> {
    let (pin, bearer_sha256) = match &peer.credential {
        Credential::Pin(pin) => (Some(pin.to_string()), None),
        Credential::Bearer(hash) => (None, Some(BASE64_URL_SAFE_NO_PAD.encode(hash.as_bytes()))),
    };
    serde_json::to_vec(&PeerRecord {
        pin,
        bearer_sha256,
        v4: peer.v4,
        v6: peer.v6,
        created: to_unix(peer.created),
        last_seen: peer.last_seen.map(to_unix),
    })
}

/// The peer called `name` from its record; `None` when the record makes no sense.
pub(super) fn decode_peer(name: &str, bytes: &[u8]) -> Option<Peer> {
    let record: PeerRecord = serde_json::from_slice(bytes).ok()?;
    let credential = match (record.pin, record.bearer_sha256) {
        (Some(pin), None) => Credential::Pin(pin.parse().ok()?),
        (None, Some(hash)) => {
            let hash = BASE64_URL_SAFE_NO_PAD.decode(hash).ok()?;
            Credential::Bearer(SecretHash::from_bytes(hash.try_into().ok()?))
        }
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let last_seen = match record.last_seen {
        Some(seconds) => Some(from_unix(seconds)?),
        None => None,
    };
    Some(Peer {
        name: name.to_owned(),
        credential,
        v4: record.v4,
        v6: record.v6,
        created: from_unix(record.created)?,
        last_seen,
    })
}

pub(super) fn encode_invitation(invitation: &Invitation) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&InvitationRecord {
        name: invitation.name.clone(),
        expires: to_unix(invitation.expires),
        used_at: invitation.used_at().map(to_unix),
        used_by: invitation.used.as_ref().map(|used| used.pin.to_string()),
    })
}

/// The invitation from its record; `None` when the record makes no sense.
pub(super) fn decode_invitation(bytes: &[u8]) -> Option<Invitation> {
    let record: InvitationRecord = serde_json::from_slice(bytes).ok()?;
    let used = match (record.used_at, record.used_by) {
        (Some(at), Some(pin)) => Some(Used { at: from_unix(at)?, pin: pin.parse().ok()? }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return None,
    };
    Some(Invitation { name: record.name, expires: from_unix(record.expires)?, used })
}

fn to_unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn from_unix(seconds: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
