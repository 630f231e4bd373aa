//! A bulk flow as a QUIC connection makes it: clocked by acknowledgements, Cubic, loss by packet and time threshold
//! (RFC 9002), no adaptation to reordering. Nothing is encrypted, and new data takes the place of what was lost, so
//! that only numbers count here.
//!
//! [`Sender`] and [`Receiver`] do no I/O: the lab drives them over sockets, and [`QuicSender`] and [`QuicReceiver`]
//! are the same two in a simulated world.

mod endpoint;
mod pacer;
mod ranges;
mod receiver;
mod sender;

pub use self::endpoint::{PACKET_LEN, QuicReceiver, QuicSender};
pub use self::ranges::ACK_ROOM;
pub use self::receiver::Receiver;
pub use self::sender::{QuicStats, Sender};

/// Longest delay of an acknowledgement (RFC 9000 §18.2).
const MAX_ACK_DELAY: std::time::Duration = std::time::Duration::from_millis(25);
