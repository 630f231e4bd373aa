//! One direction of a link, as far as something is said about it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::link::{Burst, Shape};

/// One direction of a link, or a change of it: what is not said stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direction {
    /// Rate in Mbit/s; 0 lets everything wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_mbit: Option<f64>,
    /// One-way delay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<f64>,
    /// Extra delay, uniform from 0 to this; order is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    /// Jitter changes the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<bool>,
    /// Share of packets lost at random, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Loss in bursts, in addition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<Burst>,
    /// How long a full queue lasts at the rate. 100 ms unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_ms: Option<f64>,
    /// Longest IP packet that gets through; longer ones vanish without a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<usize>,
    /// Everything vanishes, and nobody is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blackhole: Option<bool>,
}

impl Direction {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Changes `shape` by what is said.
    pub fn apply(&self, shape: &mut Shape) {
        if let Some(rate) = self.rate_mbit {
            shape.rate_bps = Some((rate * 1e6) as u64);
        }
        if let Some(delay) = self.delay_ms {
            shape.delay = millis(delay);
        }
        if let Some(jitter) = self.jitter_ms {
            shape.jitter = millis(jitter);
        }
        if let (Some(queue), Some(rate)) = (self.queue_ms, shape.rate_bps) {
            shape.queue_bytes = Some((queue * rate as f64 / 8e3) as usize);
        }
        shape.reorder = self.reorder.unwrap_or(shape.reorder);
        shape.loss = self.loss.unwrap_or(shape.loss);
        shape.burst = self.burst.or(shape.burst);
        shape.mtu = self.mtu.unwrap_or(shape.mtu);
        shape.blackhole = self.blackhole.unwrap_or(shape.blackhole);
    }

    pub(super) fn nonsense(&self) -> Option<String> {
        let times = [self.rate_mbit, self.delay_ms, self.jitter_ms, self.queue_ms];
        if times.into_iter().flatten().any(|value| !(0.0..=1e6).contains(&value)) {
            return Some("rates and times are from 0 to 1 000 000".to_owned());
        }
        let burst = self.burst.map(|burst| [burst.enter, burst.leave, burst.loss]);
        if self.loss.into_iter().chain(burst.into_iter().flatten()).any(|share| !(0.0..=1.0).contains(&share))
        {
            return Some("a probability is from 0 to 1".to_owned());
        }
        self.mtu.filter(|mtu| *mtu < 576).map(|mtu| format!("an MTU of {mtu} is below IPv4's least, 576"))
    }
}

fn millis(value: f64) -> Duration {
    Duration::from_secs_f64(value / 1e3)
}
