//! The daemon as a whole: `GET /v1/status`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Path;

/// What the daemon is doing, and over which paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// Version of the daemon, as in `0.1.0`.
    pub version: String,
    /// Which end of the tunnel this daemon is.
    pub role: Role,
    /// The configuration file that the daemon reads; null where an older daemon does not say.
    #[serde(default)]
    pub config_file: Option<String>,
    /// State of the tunnel (client) or of the service (gateway).
    pub state: State,
    /// Why the state is what it is: a label from [`super::reason`].
    pub reason: String,
    /// When this state began.
    pub since_unix_us: Option<u64>,
    /// The inner interface; null while there is none.
    pub tunnel: Option<Tunnel>,
    /// The gateway of a client; null on a gateway.
    pub gateway: Option<Gateway>,
    /// The peers of a gateway, counted; null on a client.
    pub peers: Option<PeerCount>,
    /// Client: every path, and every link without one, with the reason. Gateway: empty, since paths belong to
    /// peers (`/v1/peers`, `/v1/paths`).
    pub paths: Vec<Path>,
    /// Time since the daemon started.
    pub uptime_us: u64,
    /// Resident memory of the daemon's process.
    pub resident_bytes: Option<u64>,
    /// Gateway: memory held per connected, idle peer; null on a client and without peers.
    pub peer_state_bytes: Option<u64>,
}

/// Which end of the tunnel a daemon is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Opens the tunnel, one path per link.
    Client,
    /// Accepts tunnels and forwards for its peers.
    Gateway,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}

/// State of the daemon's main job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Client: no tunnel and none being tried (`tandem down`). Gateway: accepts nobody (`tandem down`).
    Disconnected,
    /// Client: no tunnel yet, or none any more; being tried for as long as it takes.
    Connecting,
    /// Client: the tunnel carries packets.
    Connected,
    /// Gateway: accepts peers.
    Serving,
    /// The daemon is taking down what it set up.
    Stopping,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}

impl State {
    /// The label, as in JSON.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Serving => "serving",
            Self::Stopping => "stopping",
            Self::Unknown => "unknown",
        }
    }
}

/// The inner network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tunnel {
    /// Name of the TUN device.
    pub name: String,
    /// Largest inner IP packet.
    pub mtu_bytes: u32,
    /// Inner addresses with prefix length, as in `10.77.0.2/32`.
    pub addresses: Vec<String>,
}

/// A client's gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gateway {
    /// Names or addresses with port, as configured.
    pub endpoints: Vec<String>,
    /// Pin of the gateway's key, as in `sha256:…`.
    pub pin: String,
}

/// A gateway's peers, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerCount {
    /// Peers that are enrolled.
    pub enrolled: u64,
    /// Peers that have a tunnel now.
    pub connected: u64,
}
