//! What is measured of each system.

use std::time::Duration;

use anyhow::Result;

use super::bed::{Bed, Running};
use super::options::Effort;
use super::profile::Profile;
use super::results::{Metric, Reading};
use crate::traffic::Direction;
use crate::traffic::meter;

mod crowd;
mod failover;
mod load;
mod memory;
mod packets;
mod ping;
mod quic;
mod setup;
mod tcp;

/// Start of a transfer that is not counted, in which it finds its speed: slow start and a controller's first probes are
/// mostly over after a second or so on the links of the library.
pub(super) const WARM_UP: Duration = Duration::from_millis(1_500);
/// Between two transfers, so that what one left in the queues is not the next one's.
const REST: Duration = Duration::from_millis(300);
/// How far two one-way delays or round trips may be apart that the emulated links cannot tell apart: they are late by
/// about as much (`tandem-lab selftest`).
const DELAYS: Duration = Duration::from_micros(100);
/// Width of a point of a transfer's timeline.
pub(super) const PLOT_STEP: Duration = Duration::from_millis(100);
/// Both ways, in the order of the tables.
pub(super) const DIRECTIONS: [Direction; 2] = [Direction::Download, Direction::Upload];

/// A group of figures that are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Time to join and to the first packet.
    Setup,
    /// Goodput of TCP, and what it costs.
    Tcp,
    /// Goodput of a QUIC-like flow.
    Quic,
    /// Small packets per second.
    Packets,
    /// Transfers of several laptops at once.
    Crowd,
    /// Round trips without load.
    Ping,
    /// Round trips and a call under load.
    Load,
    /// A link that dies and returns under a transfer in this direction.
    Failover(Direction),
    /// Resident memory, after everything else.
    Memory,
}

impl Measure {
    /// All, in the order in which they are taken.
    pub(super) const ALL: [Self; 10] = [
        Self::Setup,
        Self::Ping,
        Self::Tcp,
        Self::Quic,
        Self::Packets,
        Self::Crowd,
        Self::Load,
        Self::Failover(Direction::Download),
        Self::Failover(Direction::Upload),
        Self::Memory,
    ];

    /// Its name in options.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Tcp => "tcp",
            Self::Quic => "quic",
            Self::Packets => "packets",
            Self::Crowd => "crowd",
            Self::Ping => "ping",
            Self::Load => "load",
            Self::Failover(Direction::Download) => "failover",
            Self::Failover(Direction::Upload) => "failover-up",
            Self::Memory => "memory",
        }
    }

    /// What it is, for people.
    pub(super) fn summary(self) -> &'static str {
        match self {
            Self::Setup => "time to join, and from the client's start to the first answer",
            Self::Tcp => {
                "goodput by flows and congestion control; CPU time and wire bytes of what was delivered"
            }
            Self::Quic => "goodput of one UDP flow that behaves as QUIC does",
            Self::Packets => "UDP packets of 64 bytes per second, as many as one thread can send",
            Self::Crowd => {
                "goodput of several laptops at once, the slowest one's share, and the gateway's CPU time"
            }
            Self::Ping => "round trips of an idle network",
            Self::Load => "round trips, and a call of 50 packets a second, beside four TCP flows",
            Self::Failover(Direction::Download) => {
                "pauses and speed of a download and a call when the busier link dies, and after it returns"
            }
            Self::Failover(Direction::Upload) => "the same of an upload",
            Self::Memory => "resident memory at both ends, after the other measures",
        }
    }

    /// Whether it makes sense there.
    pub(super) fn applies_to(self, profile: &Profile) -> bool {
        match self {
            Self::Failover(_) => profile.may_fail_over(),
            Self::Crowd => profile.laptops > 1,
            Self::Setup | Self::Ping | Self::Tcp | Self::Quic | Self::Packets | Self::Load | Self::Memory => {
                true
            }
        }
    }

    /// How long it takes.
    pub(super) fn length(self, effort: &Effort) -> Duration {
        match self {
            Self::Setup | Self::Memory => Duration::ZERO,
            Self::Tcp => tcp::length(effort),
            Self::Quic => quic::length(effort),
            Self::Packets => packets::length(effort),
            Self::Crowd => crowd::length(effort),
            Self::Ping => ping::length(effort),
            Self::Load => load::length(effort),
            Self::Failover(_) => failover::length(effort),
        }
    }

    /// Takes it.
    ///
    /// # Errors
    /// When something breaks that should not, whatever the figures.
    pub(super) fn take(self, bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
        match self {
            Self::Setup => Ok(setup::take(running)),
            Self::Tcp => tcp::take(bed, running, effort),
            Self::Quic => quic::take(bed, running, effort),
            Self::Packets => packets::take(bed, running, effort),
            Self::Crowd => crowd::take(bed, running, effort),
            Self::Ping => ping::take(bed, running, effort),
            Self::Load => load::take(bed, running, effort),
            Self::Failover(direction) => failover::take(bed, running, effort, direction),
            Self::Memory => memory::take(running),
        }
    }
}

/// What a measurement of either direction reads.
fn both_ways(one: impl Fn(Direction) -> Result<Vec<Reading>>) -> Result<Vec<Reading>> {
    Ok(DIRECTIONS.map(one).into_iter().collect::<Result<Vec<_>>>()?.concat())
}

/// Where links fail, what has only them loses its connections, or gets none: nothing arrives, which is a figure. On
/// steady links it is a mistake of somebody's.
fn or_nothing<T: Default>(bed: &Bed, result: Result<T>) -> Result<T> {
    result.or_else(|error| if bed.profile.is_steady() { Err(error) } else { Ok(T::default()) })
}

/// The direction in keys and titles.
pub(super) fn label(direction: Direction) -> &'static str {
    match direction {
        Direction::Download => "down",
        Direction::Upload => "up",
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A time in milliseconds of which less is better, and how far two may be apart that cannot be told apart.
fn time_metric(key: &str, title: &str, resolution: Duration) -> Metric {
    Metric::lower(key, title, "ms").resolving(milliseconds(resolution))
}

/// A reading of such a time; `None` is "never".
fn time(key: &str, title: &str, resolution: Duration, value: Option<Duration>) -> Reading {
    Reading::of(time_metric(key, title, resolution), value.map(milliseconds))
}

/// A reading of what a share (0 to 1) of delays did not exceed.
fn percentile(key: &str, title: &str, share: f64, delays: &[Duration]) -> Reading {
    let delays = delays.iter().copied().map(milliseconds).collect();
    Reading::percentile(time_metric(key, title, DELAYS), share, delays)
}

/// Mbit/s over time, for plots.
fn speeds(samples: &[u64], end: Duration) -> Vec<f64> {
    let mut points = Vec::new();
    let mut from = Duration::ZERO;
    while from + PLOT_STEP <= end {
        points.push(meter::rate_bps(samples, from, from + PLOT_STEP) / 1e6);
        from += PLOT_STEP;
    }
    points
}
