//! HTTP/3 (RFC 9114) as far as a tunnel needs it, without I/O.
//!
//! [`Session`] is one HTTP/3 connection of either role: bytes of QUIC streams go in, requests, responses and
//! bodies come out, and the other way round. It knows nothing of the QUIC implementation under it, nor of time.
//! What it does not do is what a tunnel never asks for: server push, the dynamic table of QPACK, priorities.
//!
//! The codecs it is made of are public, so that each can be tested and fuzzed alone: [`varint`], [`frame`],
//! [`settings`], [`qpack`]. What may stand in a message is decided by `message`, and by nobody else.

pub mod error;
pub mod frame;
pub mod headers;
mod message;
pub mod qpack;
pub mod session;
pub mod settings;
#[cfg(test)]
pub(crate) mod testing;
pub mod varint;

pub use error::{Code, Error};
pub use headers::Headers;
pub use session::{Event, Output, Role, Session};
pub use settings::Settings;
