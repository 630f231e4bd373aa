//! Flows through a tunnel and their classes: `GET /v1/flows`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How many flows are listed if not told otherwise.
pub const DEFAULT_FLOW_LIMIT: u32 = 50;

/// Query of `GET /v1/flows`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FlowRequest {
    /// Gateway: only the flows of this peer.
    pub peer: Option<String>,
    /// How many flows to list at most; [`DEFAULT_FLOW_LIMIT`] if left out.
    pub limit: Option<u32>,
}

/// The flows of the last minute, those of the highest rate first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FlowList {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// As many as were asked for.
    pub flows: Vec<Flow>,
    /// How many there are.
    pub total: u64,
}

/// One flow: the packets both ways between two ports, or between two hosts where there are no ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Flow {
    /// Name of the peer; null on a client.
    pub peer: Option<String>,
    /// Upper-layer protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, `dccp`, `gre`, `esp`, or its number in decimal.
    pub protocol: String,
    /// Address of the client's end, on a client and on a gateway alike.
    #[schema(value_type = String)]
    pub local: IpAddr,
    /// Port of the client's end; null without ports, and for fragments.
    pub local_port: Option<u16>,
    /// Address of the other end.
    #[schema(value_type = String)]
    pub remote: IpAddr,
    /// Port of the other end.
    pub remote_port: Option<u16>,
    /// How urgent its packets are taken to be.
    pub class: FlowClass,
    /// What decided that.
    pub decided_by: FlowBasis,
    /// With `decided_by` of `rule`: which, counted from 1 in the order of the configuration.
    pub rule: Option<u32>,
    /// IP packets that this daemon sent into the tunnel.
    pub tx_packets: u64,
    /// Bytes of these.
    pub tx_bytes: u64,
    /// IP packets that came out of the tunnel.
    pub rx_packets: u64,
    /// Bytes of these.
    pub rx_bytes: u64,
    /// Rate into the tunnel, over about the last second.
    pub tx_rate_bps: u64,
    /// Rate out of the tunnel.
    pub rx_rate_bps: u64,
    /// Time since its first packet.
    pub age_us: u64,
    /// Time since its last packet.
    pub idle_us: u64,
}

/// How urgent traffic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FlowClass {
    /// Calls and games: late is as good as lost.
    Realtime,
    /// Somebody waits for it.
    Interactive,
    /// Transfers that want rate.
    Bulk,
    /// Whatever is left will do.
    Background,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}

impl FlowClass {
    /// The label, as in JSON.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::Interactive => "interactive",
            Self::Bulk => "bulk",
            Self::Background => "background",
            Self::Unknown => "unknown",
        }
    }
}

/// What a flow's class was decided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FlowBasis {
    /// A rule of the configuration.
    Rule,
    /// The DSCP of its packets.
    Dscp,
    /// It looks like a call.
    Call,
    /// It looks like a transfer.
    Bulk,
    /// Nothing speaks for another class.
    Default,
    /// Gateway: the client sends it in this class.
    Peer,
    /// A label that this version does not know.
    #[serde(other)]
    Unknown,
}

impl FlowBasis {
    /// The label, as in JSON.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Dscp => "dscp",
            Self::Call => "call",
            Self::Bulk => "bulk",
            Self::Default => "default",
            Self::Peer => "peer",
            Self::Unknown => "unknown",
        }
    }
}
