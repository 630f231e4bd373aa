//! What a tunnel over all links could carry: the sum of their rates, times the share of a clean link's rate that one
//! TCP flow gets through tandem in its best two seconds. The rest is headers, whatever else the machine does.

use std::time::Duration;

use anyhow::{Context, Result};

use super::bed::{Bed, Running};
use super::measure::{WARM_UP, label};
use super::profile::Profile;
use super::system::System;
use crate::link::LinkConfig;
use crate::traffic::bulk::Bulk;
use crate::traffic::meter::{SLOT, rate_bps};
use crate::traffic::{Connect, Direction};
use crate::world::LinkSpec;

/// The clean link: slow enough that headers count and not the processor.
const RATE_BPS: u64 = 50_000_000;
const ONE_WAY: Duration = Duration::from_millis(10);
const LENGTH: Duration = Duration::from_secs(5);
/// What counts of it.
const BEST: Duration = Duration::from_secs(2);

/// Shares of a link's rate, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limit {
    down: f64,
    up: f64,
}

impl Limit {
    /// Measures the shares.
    ///
    /// # Errors
    /// When the system cannot be brought up, or the transfer breaks.
    pub(super) fn measure(system: &dyn System, congestion: &str) -> Result<Self> {
        let link = LinkSpec::new("clean", "wan0", LinkConfig::symmetric(RATE_BPS, ONE_WAY), 100);
        let mut bed = Bed::new(&Profile::steady("clean", vec![link]), 1)?;
        let started = system.bring_up(&mut bed);
        let running = bed.world.with_logs(started).context("cannot be brought up")?;
        let down = share(&bed, &running, congestion, Direction::Download)?;
        let up = share(&bed, &running, congestion, Direction::Upload)?;
        running.take_down()?;
        eprintln!("one flow on a clean link: {:.1} % of its rate down, {:.1} % up", down * 1e2, up * 1e2);
        Ok(Self { down, up })
    }

    /// How long measuring takes.
    pub(super) fn length() -> Duration {
        2 * (WARM_UP + LENGTH)
    }

    /// The goodput in Mbit/s beyond which nothing can get over these links, where their rates stay as they are.
    pub(super) fn of(self, profile: &Profile, way: Direction) -> Option<f64> {
        let share = match way {
            Direction::Download => self.down,
            Direction::Upload => self.up,
        };
        Some(profile.rate_bps(way)? as f64 / 1e6 * share)
    }
}

fn share(bed: &Bed, running: &Running, congestion: &str, direction: Direction) -> Result<f64> {
    let connect = Connect { congestion: Some(congestion.to_owned()), ..Connect::default() };
    let bulk = Bulk { flows: 1, direction, duration: WARM_UP + LENGTH, connect };
    let report = bulk
        .run(bed.laptop()?, bed.server(running))
        .with_context(|| format!("measuring one flow {} a clean link", label(direction)))?;
    Ok(best_rate(&report.samples) / RATE_BPS as f64)
}

/// The highest rate over [`BEST`] after the warm-up, in bits per second. What waits for its turn behind a gap arrives
/// at once with it, and two seconds are long against that.
fn best_rate(samples: &[u64]) -> f64 {
    let starts = (0..).map(|number| WARM_UP + SLOT * number);
    let last = SLOT * u32::try_from(samples.len()).unwrap_or(u32::MAX);
    starts
        .take_while(|start| *start + BEST <= last)
        .map(|start| rate_bps(samples, start, start + BEST))
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests;
