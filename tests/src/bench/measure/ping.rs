//! Round trips without load.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use super::{REST, percentile};
use crate::bench::bed::{Bed, Running};
use crate::bench::options::Effort;
use crate::bench::results::Reading;
use crate::traffic::ping::Ping;

/// Time between two pings: three hundred in three seconds, so that the 99th percentile is not the worst moment alone.
const INTERVAL: Duration = Duration::from_millis(10);

pub(super) fn length(effort: &Effort) -> Duration {
    effort.length + Duration::from_secs(1) + REST
}

pub(super) fn take(bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
    sleep(REST);
    let ping = Ping { interval: INTERVAL, duration: effort.length, interface: None };
    let report = ping.run(bed.laptop()?, bed.echo(running.target).addr())?;
    Ok(vec![
        percentile("ping_idle_p50", "ping, idle, median", 0.5, &report.round_trips),
        percentile("ping_idle_p99", "ping, idle, 99th percentile", 0.99, &report.round_trips),
    ])
}
