//! One QUIC-like flow.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use super::{DIRECTIONS, REST, WARM_UP, label};
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
    DIRECTIONS.into_iter().map(|direction| one(bed, running, effort, direction)).collect()
}

fn one(bed: &Bed, running: &Running, effort: &Effort, direction: Direction) -> Result<Reading> {
    sleep(REST);
    let end = WARM_UP + effort.length;
    let flow = QuicFlow { direction, duration: end, interface: None };
    let goodput = match flow.run(bed.laptop()?, bed.server(running)) {
        Ok(report) => meter::rate_bps(&report.samples, WARM_UP, end),
        // Where links fail, it may be that nothing comes through.
        Err(_) if !bed.profile.is_steady() => 0.0,
        Err(error) => return Err(error),
    };
    let way = label(direction);
    let metric = Metric::higher(&format!("quic_{way}"), &format!("QUIC-like flow {way}"), "Mbit/s");
    Ok(Reading::of(metric, Some(goodput / 1e6)))
}
