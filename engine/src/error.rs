//! Errors and reasons that leave the engine.

use crate::quic::tls::PinMismatch;

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// The gateway showed another key than the pinned one.
    #[error(transparent)]
    WrongPin(PinMismatch),
    /// The peer closed it.
    #[error("closed by the peer: {reason} (code {code:#x})")]
    ByPeer {
        /// HTTP/3 or tandem's own code, see [`code`].
        code: u64,
        /// What the peer says.
        reason: String,
    },
    /// The peer no longer knows the connection: it was restarted (RFC 9000 §10.3).
    #[error("the peer was restarted")]
    Reset,
    /// Nothing came from the peer for too long.
    #[error("no answer from the peer")]
    TimedOut,
    /// We closed it.
    #[error("closed")]
    Local,
    /// One of the ends broke a protocol's rules.
    #[error("protocol error: {0}")]
    Protocol(String),
}

impl CloseReason {
    /// The stable label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::WrongPin(_) => "wrong-pin",
            Self::ByPeer { code: code::PEER_REMOVED, .. } => "peer-removed",
            Self::ByPeer { code: code::SUPERSEDED, .. } => "superseded",
            Self::ByPeer { .. } => "closed-by-peer",
            Self::Reset => "peer-restarted",
            Self::TimedOut => "timed-out",
            Self::Local => "closed",
            Self::Protocol(_) => "protocol-error",
        }
    }
}

/// Application error codes with which a connection is closed. Those of HTTP/3 start at 0x100 (RFC 9114
/// §8.1); tandem's own are the ASCII of "td" and a number.
pub mod code {
    /// Orderly end.
    pub const NO_ERROR: u64 = 0x100;
    /// The gateway's administrator removed the peer.
    pub const PEER_REMOVED: u64 = 0x7464_0001;
    /// The same peer came back on a new connection.
    pub const SUPERSEDED: u64 = 0x7464_0002;
}
