//! One QUIC-like flow.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use super::{REST, WARM_UP, both_ways, label, or_nothing};
use crate::bench::bed::{Bed, Running};
use crate::bench::options::Effort;
use crate::bench::results::{Metric, Reading};
use crate::traffic::Direction;
use crate::traffic::meter;
use crate::traffic::quic::QuicFlow;

pub(super) fn length(effort: &Effort) -> Duration {
    2 * (REST + WARM_UP + effort.length)
}

pub(super) fn take(bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
    both_ways(|direction| one(bed, running, effort, direction))
}

fn one(bed: &Bed, running: &Running, effort: &Effort, direction: Direction) -> Result<Vec<Reading>> {
    sleep(REST);
    let end = WARM_UP + effort.length;
    let flow = QuicFlow { direction, duration: end, interface: None };
    let samples = or_nothing(bed, flow.run(bed.laptop()?, bed.server(running)).map(|report| report.samples))?;
    let goodput = meter::rate_bps(&samples, WARM_UP, end);
    let way = label(direction);
    let metric = Metric::higher(&format!("quic_{way}"), &format!("QUIC-like flow {way}"), "Mbit/s");
    Ok(vec![Reading::of(metric, Some(goodput / 1e6))])
}
