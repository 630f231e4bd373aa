//! Packets that are too large for a path's datagrams, sent in pieces.
//!
//! The inner MTU is constant, because flows live longer than paths; a path that carries less must therefore
//! still carry whole packets. The sender cuts them with [`Splitter`] and the receiver puts them together with
//! [`Rejoiner`]. Pieces may come in any order and over different paths. What is cut is the payload of a
//! datagram as it would have been sent whole, so nothing here depends on what it means.
//!
//! The pieces travel in a context of their own, whose payload is:
//!
//! ```text
//! Split Payload {
//!   Identifier (24),   one per packet, counting up and wrapping
//!   Index (7),         of this piece, from 0
//!   Last (1),          whether it is the last
//!   Piece (..),        at least one byte
//! }
//! ```
//!
//! The identifier has 24 bits, because with 16 a fast tunnel would wrap within the time that a lost piece's
//! siblings are kept, and could join pieces of two packets, as IPv4's fragments can (RFC 4963).

mod header;
mod rejoiner;
mod splitter;

pub use header::{HEADER_LEN, MAX_PIECES};
pub use rejoiner::{Config, Rejoiner, Stats};
pub use splitter::{Error, Piece, Pieces, Splitter};
