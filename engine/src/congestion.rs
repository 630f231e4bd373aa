//! Congestion control of a path: how much may be in flight, and how fast it leaves. Knows nothing of QUIC; the gate
//! (`quic/gate`) tells it what was sent, acknowledged and lost.

mod balia;
mod bbr;
mod rate;

pub(crate) use self::balia::{Balia, Coupling};
pub(crate) use self::bbr::Bbr;

/// Packets that may leave before anything is known. RFC 9002 §7.2 has 10 for one sender, and so has each of those that send
/// through the tunnel, but without its headers.
pub(crate) const INITIAL_WINDOW: u64 = 16;
