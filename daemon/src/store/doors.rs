//! The door for fuzz targets: records as the file holds them.

use super::record::{self, Invitation, Peer};

/// The peer called `name` from its record; `None` when the record makes no sense.
#[must_use]
pub fn decode_peer(name: &str, record: &[u8]) -> Option<Peer> {
    record::decode_peer(name, record)
}

/// The record of a peer.
///
/// # Errors
/// None that is known.
pub fn encode_peer(peer: &Peer) -> serde_json::Result<Vec<u8>> {
    record::encode_peer(peer)
}

/// The invitation from its record; `None` when the record makes no sense.
#[must_use]
pub fn decode_invitation(record: &[u8]) -> Option<Invitation> {
    record::decode_invitation(record)
}

/// The record of an invitation.
///
/// # Errors
/// None that is known.
pub fn encode_invitation(invitation: &Invitation) -> serde_json::Result<Vec<u8>> {
    record::encode_invitation(invitation)
}
