//! Small packets per second.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use super::{REST, both_ways, label, or_nothing};
use crate::bench::bed::{Bed, Running};
use crate::bench::options::Effort;
use crate::bench::results::{Metric, Reading};
use crate::traffic::Direction;
use crate::traffic::flood::Flood;

/// UDP payload in bytes.
const PAYLOAD: usize = 64;
/// Long enough for queues to fill and a tunnel to find its speed.
const WARM_UP: Duration = Duration::from_secs(1);

pub(super) fn length(effort: &Effort) -> Duration {
    2 * (REST + WARM_UP + effort.length)
}

pub(super) fn take(bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
    both_ways(|direction| one(bed, running, effort, direction))
}

fn one(bed: &Bed, running: &Running, effort: &Effort, direction: Direction) -> Result<Vec<Reading>> {
    sleep(REST);
    let flood = Flood { direction, payload: PAYLOAD, warm_up: WARM_UP, length: effort.length };
    let report = or_nothing(bed, flood.run(bed.laptop()?, bed.server(running)))?;
    let way = label(direction);
    let metric =
        Metric::higher(&format!("packets_{way}"), &format!("UDP packets of {PAYLOAD} bytes {way}"), "k/s");
    Ok(vec![Reading::of(metric, Some(report.received_per_second / 1e3))])
}
