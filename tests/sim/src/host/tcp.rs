//! A TCP that behaves as Linux does where it matters to a tunnel: in what it takes for loss, and what it does then.
//!
//! A connection is a [`TcpSender`] on one host and a [`TcpReceiver`] on the other; either may open it. Data goes one
//! way, its bytes follow from its position, and the receiver checks each. Window and recovery follow Linux 6.x:
//! Cubic or BBR, SACK (RFC 2018), RACK and tail loss probes (RFC 8985), PRR (RFC 6937), F-RTO (RFC 5682), undoing
//! what was needless by DSACK and timestamps (RFC 2883, RFC 3522), ECN (RFC 3168), and an autotuned receive window.
//!
//! No crate does this: smoltcp, the one without I/O, has neither recovery by SACK nor RACK.
//! What is left out: closing, urgent data, path MTU discovery, segmentation offload.

mod bbr;
mod config;
mod congestion;
pub(super) mod cubic;
mod handshake;
mod hystart;
mod options;
mod pattern;
mod prr;
mod rack;
mod rate;
mod receiver;
mod results;
mod rtt;
mod scoreboard;
mod segment;
mod sender;
mod sequence;
#[cfg(test)]
mod tests;
pub(super) mod window;

pub use config::{Algorithm, Open, Source, TcpConfig};
pub use receiver::TcpReceiver;
pub use results::{Progress, ReceiverStats, SenderStats, WindowTrace};
pub use sender::TcpSender;
