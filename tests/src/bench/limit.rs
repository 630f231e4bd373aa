//! What a tunnel over all links could carry: the sum of their rates, times the share of a clean link's rate that one
//! TCP flow gets through tandem. The rest is headers.

use std::time::Duration;

use anyhow::{Context, Result};

use super::bed::{Bed, Running};
use super::measure::{Transfer, WARM_UP, label};
use super::profile::Profile;
use super::system::System;
use crate::link::LinkConfig;
use crate::traffic::Direction;
use crate::world::LinkSpec;

/// The clean link: fast enough that headers count and not the processor, with a round trip of 20 ms.
const RATE_BPS: u64 = 100_000_000;
const ONE_WAY: Duration = Duration::from_millis(10);
/// Long enough that the end of slow start does not show.
const LENGTH: Duration = Duration::from_secs(4);

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
    let transfer = Transfer { direction, flows: 1, congestion };
    let spent = transfer
        .run(bed, running, LENGTH)
        .with_context(|| format!("measuring one flow {} a clean link", label(direction)))?;
    Ok(spent.mbit() * 1e6 / RATE_BPS as f64)
}
