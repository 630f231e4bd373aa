//! A bulk flow as a QUIC connection makes it: clocked by acknowledgements, Cubic, loss by packet and time threshold
//! (RFC 9002), no adaptation to reordering. Nothing is encrypted, and what was lost goes out again under a new
//! number, so that only numbers count here.

mod ranges;
mod receiver;
mod sender;
#[cfg(test)]
mod tests;

pub use self::receiver::QuicReceiver;
pub use self::sender::{QuicSender, QuicStats};

/// Bytes of a packet with data, IPv4 and UDP headers included: 1252 of QUIC.
pub const PACKET_LEN: usize = 1280;
/// Where an acknowledgement's ranges begin: after the headers and the number of the datagram.
const RANGES_AT: usize = 36;
