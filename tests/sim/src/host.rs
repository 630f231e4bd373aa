//! Hosts: what runs on the laptop and on the server, and speaks IP to the other through the tunnel.

use std::any::Any;
use std::time::Instant;

use bytes::BytesMut;

pub mod quic;
pub mod request;
pub mod tcp;
pub mod udp;

/// An endpoint of inner traffic on a host: exchanges whole IP packets with the network, driven by `now`.
pub trait Endpoint {
    /// Takes in an IP packet addressed to it.
    fn handle_packet(&mut self, now: Instant, packet: &[u8]);
    /// The next packet to send at once.
    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut>;
    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    fn poll_timeout(&self) -> Option<Instant>;
    /// Lets timers act.
    fn handle_timeout(&mut self, now: Instant);
    /// For reading results.
    fn as_any(&self) -> &dyn Any;
}
