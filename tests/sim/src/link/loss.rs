//! Random loss, burst loss after Gilbert and Elliott, and jitter, from one seeded generator.

use std::time::Duration;

use super::Shape;

/// Decides the fate of each packet.
#[derive(Debug)]
pub(super) struct LossModel {
    random: SplitMix,
    /// In the bad state of the Gilbert-Elliott model.
    bad: bool,
}

impl LossModel {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: SplitMix(seed), bad: false }
    }

    /// Whether the next packet is lost. The burst model changes state once per packet.
    pub(super) fn loses(&mut self, shape: &Shape) -> bool {
        if let Some(burst) = shape.burst {
            let leave = if self.bad { burst.leave } else { burst.enter };
            if self.random.unit() < leave {
                self.bad = !self.bad;
            }
            if self.bad && self.random.unit() < burst.loss {
                return true;
            }
        }
        shape.loss > 0.0 && self.random.unit() < shape.loss
    }

    /// Extra delay, uniform between zero and `most`.
    pub(super) fn jitter(&mut self, most: Duration) -> Duration {
        if most.is_zero() { Duration::ZERO } else { most.mul_f64(self.random.unit()) }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough for coin flips.
#[derive(Debug)]
struct SplitMix(u64);

impl SplitMix {
    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}
