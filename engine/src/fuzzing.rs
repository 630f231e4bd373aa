//! Doors into private rooms, for fuzz targets and benchmarks: nothing that ships turns on the feature that opens them.
//!
//! [`Pair`] is a client and a gateway in memory, with a network between them that does what it is told. Through
//! [`Pair::send_raw_datagram`] and [`Pair::send_raw_stream`] either end breaks any rule above QUIC, as a peer that
//! holds a valid key can. The rest are single steps of the packet path.

mod classes;
mod lanes;
mod pair;
mod paths;

pub use classes::Classes;
pub use lanes::Lanes;
pub use pair::{Datagram, End, Pair, PairError, worker};
pub use paths::Paths;

pub use crate::quic::gate::doors::GateStep;
