//! What the gateway answers to an enrolment, as JSON.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The body of a 200: the client is now a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// The name that the invitation gave.
    pub name: String,
    /// The inner addresses leased to the client, IPv4 before IPv6.
    pub addresses: Vec<IpAddr>,
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable label, such as `token-used`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason, for a person.
    pub message: String,
}
