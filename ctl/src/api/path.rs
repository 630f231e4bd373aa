//! Paths of a tunnel, one per link: `GET /v1/paths`, and within [`super::Status`] and [`super::Peer`].

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// All paths of a daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PathList {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// Client: as in [`super::Status::paths`]. Gateway: those of all peers, each naming its peer.
    pub paths: Vec<Path>,
}

/// One path; or, with a null `id`, a link that has none and the reason for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Path {
    /// QUIC path identifier (RFC 10069), unique within one connection; null where no path is open.
    pub id: Option<u64>,
    /// Name of the peer at the other end; only in a gateway's `/v1/paths`.
    pub peer: Option<String>,
    /// Identity of the link, stable while the interface exists; null on a gateway, which has no links.
    pub link: Option<u64>,
    /// Network interface of the link; null on a gateway.
    pub interface: Option<String>,
    /// When the link may be used, as configured.
    pub tier: Tier,
    /// State of the path.
    pub state: PathState,
    /// Why the state is what it is: a label from [`super::reason`].
    pub reason: String,
    /// When this state began.
    pub since_unix_us: Option<u64>,
    /// Outer address and port on this side, as the kernel knows it.
    #[schema(value_type = Option<String>)]
    pub local: Option<SocketAddr>,
    /// Outer address and port of the other side.
    #[schema(value_type = Option<String>)]
    pub remote: Option<SocketAddr>,
    /// Smoothed round-trip time.
    pub rtt_us: Option<u64>,
    /// Smallest round-trip time seen.
    pub rtt_min_us: Option<u64>,
    /// Share of sent packets declared lost, lately (a window of seconds, not since the start).
    pub loss_ratio: Option<f64>,
    /// Outgoing rate, lately, of UDP payload.
    pub tx_rate_bps: u64,
    /// Incoming rate, lately, of UDP payload.
    pub rx_rate_bps: u64,
    /// UDP payload sent.
    pub tx_bytes: u64,
    /// UDP payload received.
    pub rx_bytes: u64,
    /// What congestion control believes the path can carry from here.
    pub estimated_rate_bps: Option<u64>,
    /// Congestion window.
    pub cwnd_bytes: Option<u64>,
    /// Largest UDP payload known to pass.
    pub mtu_bytes: Option<u32>,
    /// Packets declared lost since the path opened.
    pub lost_packets: u64,
    /// The direction from here to the other side; null where no path is open.
    pub tx: Option<PathDirection>,
    /// The direction from the other side to here; null where no path is open.
    pub rx: Option<PathDirection>,
    /// How long ago the other side told what only it can know: most of `rx`, and of `tx` what comes out of order. It
    /// tells once a second while packets flow over one of several paths; null if it never did.
    pub told_age_us: Option<u64>,
}

/// One direction of an open path. What the other side knows is null if it did not tell, and what changes from moment to
/// moment also if that was more than three seconds ago.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct PathDirection {
    /// Whether this direction is used.
    pub state: Option<PathState>,
    /// Why, or why not: a label from [`super::reason`].
    pub reason: Option<String>,
    /// Rate over the last second or two, of UDP payload.
    pub rate_bps: u64,
    /// What the sender's congestion control believes the path can carry.
    pub estimated_rate_bps: Option<u64>,
    /// Share of the rates of all paths of the tunnel in this direction; null while they carry nothing.
    pub share_ratio: Option<f64>,
    /// Smoothed round-trip time, as the sender measures it.
    pub rtt_us: Option<u64>,
    /// Smallest round-trip time that the sender has seen.
    pub rtt_min_us: Option<u64>,
    /// How much longer than over the fastest path the way takes, one way, with little queued; null where the path does
    /// not work.
    pub delay_difference_us: Option<u64>,
    /// Share of sent packets declared lost, lately.
    pub loss_ratio: Option<f64>,
    /// Packets declared lost since the path opened.
    pub lost_packets: Option<u64>,
    /// Datagrams sent on this path once more, because they were lost, here or on another path.
    pub retransmitted_packets: Option<u64>,
    /// Datagrams sent on this path beside another one.
    pub duplicated_packets: Option<u64>,
    /// Packets that came on this path after a later one of their flow.
    pub reordered_packets: Option<u64>,
    /// Packets that came on this path and waited at the receiver for an earlier one of their flow.
    pub held_packets: Option<u64>,
    /// What waits at the sender for this path.
    pub queue_bytes: Option<u64>,
}

/// State of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PathState {
    /// Open, and used for traffic.
    Up,
    /// Being opened, or tried again after it failed.
    Probing,
    /// Open, but silent for longer than expected: no traffic is given to it.
    Suspect,
    /// Open and healthy, and left out: kept for when better paths fail, or too slow or too lossy beside them.
    Standby,
    /// Was open, and is lost.
    Down,
    /// A link on which no path is wanted or possible.
    #[default]
    Unused,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}

impl PathState {
    /// Whether the path is open and healthy: it carries traffic, or would at once if it had to.
    #[must_use]
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Up | Self::Standby)
    }

    /// The label, as in JSON.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Probing => "probing",
            Self::Suspect => "suspect",
            Self::Standby => "standby",
            Self::Down => "down",
            Self::Unused => "unused",
            Self::Unknown => "unknown",
        }
    }
}

/// When a link may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// As the daemon judges from the link itself.
    #[default]
    Auto,
    /// For all traffic.
    Always,
    /// When the `always` links have no room.
    Secondary,
    /// When no other link works.
    Backup,
    /// Not at all.
    Never,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Tier {
    /// The label, as in JSON.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Secondary => "secondary",
            Self::Backup => "backup",
            Self::Never => "never",
            Self::Unknown => "unknown",
        }
    }
}
