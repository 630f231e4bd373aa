//! What a link does to packets: shape, loss, and the queue and transmitter of one direction. The simulated world
//! and the emulated links of the lab have this in common.

use std::time::Duration;

use serde::{Deserialize, Serialize};

mod loss;
mod shaper;

pub use self::shaper::{Load, Shaper, ShaperCounts};

/// Burst loss after Gilbert and Elliott: two states, changed with a probability per packet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// Probability of entering the bad state with a packet.
    pub enter: f64,
    /// Probability of leaving it.
    pub leave: f64,
    /// Loss in the bad state.
    pub loss: f64,
}

/// One direction of a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Bits per second; `None` is unlimited, and at 0 everything waits. The lab counts Ethernet frames (14-byte
    /// header, no checksum) as `tc` does, the simulated world IP packets.
    pub rate_bps: Option<u64>,
    /// One-way delay after transmission.
    pub delay: Duration,
    /// Extra delay, uniform from zero to this; order is kept.
    pub jitter: Duration,
    /// Jitter may change the order all the same.
    pub reorder: bool,
    /// Probability of losing a packet.
    pub loss: f64,
    /// Loss in bursts, in addition.
    pub burst: Option<Burst>,
    /// Drop-tail limit of what waits for transmission, in bytes; `None` is 100 ms at the rate.
    pub queue_bytes: Option<usize>,
    /// Longest IP packet that gets through; longer ones vanish without ICMP, as behind a careless firewall.
    pub mtu: usize,
    /// Everything vanishes, without a sign at either end.
    pub blackhole: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            rate_bps: None,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: false,
            loss: 0.0,
            burst: None,
            queue_bytes: None,
            mtu: 65_535,
            blackhole: false,
        }
    }
}

impl Shape {
    /// The limit of the queue in bytes, with the default resolved.
    pub fn queue_limit(&self) -> usize {
        const LEAST: usize = 32 * 1024;
        match (self.queue_bytes, self.rate_bps) {
            (Some(bytes), _) => bytes,
            (None, Some(rate)) => usize::try_from(rate / 8 / 10).unwrap_or(usize::MAX).max(LEAST),
            (None, None) => usize::MAX / 2,
        }
    }

    /// Time on the wire of a packet of that many bytes. At a rate of 0, as if it were 1.
    pub fn transmission_time(&self, bytes: usize) -> Duration {
        match self.rate_bps {
            Some(rate) => {
                Duration::from_nanos((bytes as u64 * 8).saturating_mul(1_000_000_000) / rate.max(1))
            }
            None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests;
