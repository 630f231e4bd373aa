//! What happens to a daemon: `GET /v1/events`, a JSON object a line.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something changed its state. The first events after a request tell the present states, with a null `from`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// When the change was seen.
    pub at_unix_us: u64,
    /// What changed.
    pub subject: EventSubject,
    /// Gateway: the peer, or the peer whose path it is; null on a client, and for the daemon itself.
    pub peer: Option<String>,
    /// Client: network interface of the path; null otherwise.
    pub interface: Option<String>,
    /// QUIC path identifier (RFC 10069); null where no path is open.
    pub path: Option<u64>,
    /// State before; null where there was nothing, or it was not known.
    pub from: Option<String>,
    /// State now, with the labels of [`super::State`], [`super::PathState`] or [`super::PeerState`]; null where it is
    /// gone.
    pub to: Option<String>,
    /// Why: a label from [`super::reason`]; null for peers, and for what is gone.
    pub reason: Option<String>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EventSubject {
    /// The tunnel of a client, or the service of a gateway.
    Daemon,
    /// A peer of a gateway.
    Peer,
    /// A path, or a link without one.
    Path,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}
