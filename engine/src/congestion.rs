//! Congestion control of a path: how much may be in flight, and how fast it leaves. Knows nothing of QUIC; the gate
//! (`quic/gate`) tells it what was sent, acknowledged and lost.

mod balia;
mod bbr;
mod rate;

pub(crate) use self::balia::{Balia, Coupling};
pub(crate) use self::bbr::Bbr;
