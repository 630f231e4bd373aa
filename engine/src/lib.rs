//! The sans-I/O tunnel of tandem.
//!
//! The engine is given UDP payloads, IP packets, link changes and the time, and gives back UDP payloads per
//! link, IP packets, events and the next deadline. It has no sockets, no clock and no threads, so that a whole
//! two-ended tunnel runs in virtual time in its tests.
//!
//! The story of a packet, from the client's host to the gateway's:
//!
//! 1. [`client::Client::handle_packet`] reads its header ([`ip`]), finds the class of its flow ([`class`]) and queues
//!    it ([`queue`], fq_codel per class).
//! 2. `schedule` finds the path on which it arrives first; it moves to that path's queue (`path`). A call's packet gets
//!    a copy on the second-best ([`duplication`]).
//! 3. When the path has window and pacing credit, `tunnel` puts it into an HTTP datagram ([`masque`]), or in two
//!    if it is too long ([`split`]), and hands it to QUIC (`quic`) with only this path's gate open.
//! 4. [`client::Client::poll_transmit`] gives the UDP payload and the link that it leaves on.
//! 5. [`gateway::Gateway::handle_udp`] takes it in, drops a second copy, rejoins pieces, checks the source
//!    address against the peer's lease, and gives the packet out by [`gateway::Gateway::poll_packet`].
//!
//! The way back is the same with the roles exchanged. What a tunnel is allowed to be, and between whom, is
//! negotiated over HTTP/3 ([`h3`]) as CONNECT-IP (RFC 9484).

pub mod blocks;
mod budget;
pub mod class;
pub mod client;
mod congestion;
pub mod duplication;
pub mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod gateway;
pub mod h3;
pub mod identity;
pub mod ip;
mod lane;
pub mod link;
pub mod masque;
pub mod path;
pub mod queue;
mod quic;
mod schedule;
pub mod split;
#[cfg(test)]
pub(crate) mod testing;
pub mod tunnel;

pub use quic::config::SetupError;
pub use quic::tls::PinMismatch;
pub use quic::{Congestion, TransportOptions};
