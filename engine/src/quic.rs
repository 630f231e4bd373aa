//! Everything that knows `noq-proto`: nothing outside this folder names it.
//!
//! noq decides neither which path a datagram takes nor tells what became of it. Both are had through the
//! one hook that it offers per path, the congestion controller: see [`gate`].

mod aead;
pub(crate) mod config;
pub(crate) mod conn;
pub(crate) mod endpoint;
pub(crate) mod gate;
pub(crate) mod local;
pub(crate) mod tls;

pub use config::{Congestion, TransportOptions};
pub(crate) use conn::{Conn, ConnEvent, Datagram};
pub(crate) use endpoint::{Endpoint, Handled};
pub(crate) use noq_proto::{ClientConfig as QuicClientConfig, PathId};

/// The number of a path, as frames and capsules carry it. noq shows it only as text; nothing hot asks for it.
pub(crate) fn path_number(id: PathId) -> u32 {
    id.to_string().parse().expect("a path id is shown as a number of 32 bits")
}
