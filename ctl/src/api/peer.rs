//! Peers of a gateway: `GET /v1/peers`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Credential, Path};

/// All peers that are enrolled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PeerList {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// In order of name.
    pub peers: Vec<Peer>,
}

/// One peer of a gateway.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Peer {
    /// Name given with `tandem invite`.
    pub name: String,
    /// How the peer proves who it is.
    pub credential: Credential,
    /// Pin of the peer's key, as in `sha256:…`; null for a peer with a bearer secret.
    pub pin: Option<String>,
    /// Inner addresses leased to the peer, with prefix length.
    pub addresses: Vec<String>,
    /// Whether the peer has a tunnel.
    pub state: PeerState,
    /// When the present tunnel was set up; null without one.
    pub connected_unix_us: Option<u64>,
    /// When something valid last came from the peer; null if never since the daemon started.
    pub last_seen_unix_us: Option<u64>,
    /// Inner bytes sent to the peer since the daemon started.
    pub tx_bytes: u64,
    /// Inner bytes received from the peer since the daemon started.
    pub rx_bytes: u64,
    /// Paths of the present tunnel.
    pub paths: Vec<Path>,
}

/// Whether a peer has a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PeerState {
    /// It has none.
    #[default]
    Disconnected,
    /// It has one.
    Connected,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}

impl PeerState {
    /// The label, as in JSON.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Connected => "connected",
            Self::Unknown => "unknown",
        }
    }
}
