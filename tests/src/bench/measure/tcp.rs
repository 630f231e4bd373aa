//! Goodput of TCP, and what it costs on the way.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{DIRECTIONS, REST, WARM_UP, label, or_nothing, speeds};
use crate::bench::bed::{Bed, Running};
use crate::bench::machine;
use crate::bench::options::Effort;
use crate::bench::results::{Metric, Reading};
use crate::traffic::bulk::Bulk;
use crate::traffic::{Connect, Direction, meter};

/// Flows of the transfer whose cost is told, if it is among those chosen.
const TYPICAL_FLOWS: usize = 4;
/// How long what is under way at a transfer's end may take to arrive, and how long it mostly takes.
const DRAIN: Duration = Duration::from_secs(2);
const MOSTLY: Duration = Duration::from_millis(200);
/// Percentage points of the payload that counting packets leaves open: headers of a connection's beginning and end, and
/// of what else goes over the links.
const EXTRA_RESOLUTION: f64 = 0.1;
/// Bytes per byte: a hundredth of the payload.
const WIRE_RESOLUTION: f64 = 0.01;

pub(super) fn length(effort: &Effort) -> Duration {
    let transfers = 2 * effort.flows.len() * effort.congestion.len();
    u32::try_from(transfers).unwrap_or(u32::MAX) * (REST + WARM_UP + effort.length + MOSTLY)
}

pub(super) fn take(bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
    let typical = effort.flows.iter().find(|flows| **flows == TYPICAL_FLOWS).or(effort.flows.first());
    let mut readings = Vec::new();
    let mut costs = Vec::new();
    for direction in DIRECTIONS {
        for (number, congestion) in effort.congestion.iter().enumerate() {
            for flows in &effort.flows {
                let transfer = Transfer { direction, flows: *flows, congestion };
                let spent = or_nothing(bed, transfer.run(bed, running, effort.length))?;
                readings.push(transfer.goodput(&spent));
                if number == 0 && Some(flows) == typical {
                    costs.extend(transfer.costs(&spent, running));
                }
            }
        }
    }
    readings.extend(costs);
    Ok(readings)
}

struct Transfer<'a> {
    direction: Direction,
    flows: usize,
    congestion: &'a str,
}

/// What a transfer delivered, and what that took, from before its start until all of it had arrived: no queue then has
/// bytes that were counted at one end only.
#[derive(Default)]
struct Spent {
    bytes: u64,
    client: Duration,
    gateway: Duration,
    /// Bytes on each link, both directions.
    links: BTreeMap<String, u64>,
    /// Bytes of IP packets sent on all links in the direction of the payload.
    sent: u64,
    /// Goodput after the warm-up, in bits per second.
    goodput: f64,
    /// Mbit/s from the start on.
    timeline: Vec<f64>,
}

/// What has been spent until now.
struct Counted {
    client: Duration,
    gateway: Duration,
    links: BTreeMap<String, u64>,
    sent: u64,
}

impl Counted {
    fn now(bed: &Bed, running: &Running, direction: Direction) -> Result<Self> {
        Ok(Self {
            client: machine::cpu_time(&running.client)?,
            gateway: machine::cpu_time(&running.gateway)?,
            links: bed.carried()?,
            sent: bed.sent(direction)?,
        })
    }
}

impl Transfer<'_> {
    fn run(&self, bed: &Bed, running: &Running, length: Duration) -> Result<Spent> {
        sleep(REST);
        let connect = Connect {
            congestion: Some(self.congestion.to_owned()),
            multipath: running.multipath_tcp,
            ..Connect::default()
        };
        let end = WARM_UP + length;
        let bulk = Bulk { flows: self.flows, direction: self.direction, duration: end + DRAIN, connect };
        let before = Counted::now(bed, running, self.direction)?;
        let transfer = bulk.start(bed.laptop()?, bed.server(running))?;
        sleep((transfer.meter().start() + end).saturating_duration_since(Instant::now()));
        let samples = transfer.meter().samples();
        transfer.drain();
        let bytes = match transfer.finish() {
            Ok(report) => report.bytes,
            // Where links fail, so do connections, and what had arrived had arrived.
            Err(_) if !bed.profile.is_steady() => samples.iter().sum(),
            Err(error) => return Err(error),
        };
        let after = Counted::now(bed, running, self.direction)?;
        let links = after.links.into_iter().map(|(link, bytes)| {
            let earlier = before.links.get(&link).copied().unwrap_or_default();
            (link, bytes - earlier)
        });
        Ok(Spent {
            bytes,
            client: after.client.saturating_sub(before.client),
            gateway: after.gateway.saturating_sub(before.gateway),
            links: links.collect(),
            sent: after.sent - before.sent,
            goodput: meter::rate_bps(&samples, WARM_UP, end),
            timeline: speeds(&samples, end),
        })
    }

    /// Such as `down, 4 flows, cubic`.
    fn title(&self) -> String {
        let plural = if self.flows == 1 { "" } else { "s" };
        format!("{}, {} flow{plural}, {}", label(self.direction), self.flows, self.congestion)
    }

    fn goodput(&self, spent: &Spent) -> Reading {
        let (way, flows, congestion) = (label(self.direction), self.flows, self.congestion);
        let key = format!("tcp_{way}_{flows}_{congestion}");
        let metric = Metric::higher(&key, &format!("TCP {}", self.title()), "Mbit/s");
        Reading::of(metric, Some(spent.goodput / 1e6)).with_timeline(spent.timeline.clone())
    }

    fn costs(&self, spent: &Spent, running: &Running) -> Vec<Reading> {
        // Transfers that differ in flows or congestion control have costs of their own.
        let key = format!("{}_{}_{}", label(self.direction), self.flows, self.congestion);
        let title = self.title();
        // Where nothing arrived, a cost per byte does not exist.
        let per = |value: f64, bytes: f64| (bytes > 0.0).then(|| value / bytes);
        let gigabits = spent.bytes as f64 * 8.0 / 1e9;
        let mut readings = Vec::new();
        let ends = [("client", &running.client, spent.client), ("gateway", &running.gateway, spent.gateway)];
        for (end, _, cpu) in ends.into_iter().filter(|(_, processes, _)| !processes.is_empty()) {
            let metric =
                Metric::lower(&format!("cpu_{end}_{key}"), &format!("CPU of the {end}, {title}"), "s/Gbit");
            readings.push(Reading::of(metric, per(cpu.as_secs_f64(), gigabits)));
        }
        let extra = per(spent.sent as f64, spent.bytes as f64).map(|ratio| (ratio - 1.0) * 100.0);
        let metric =
            Metric::lower(&format!("extra_{key}"), &format!("sent beyond the payload, {title}"), "%");
        readings.push(Reading::of(metric.resolving(EXTRA_RESOLUTION), extra));
        for (link, bytes) in &spent.links {
            let metric = Metric::neutral(
                &format!("wire_{link}_{key}"),
                &format!("bytes on {link} per byte, {title}"),
                "B/B",
            );
            let ratio = per(*bytes as f64, spent.bytes as f64);
            readings.push(Reading::of(metric.resolving(WIRE_RESOLUTION), ratio));
        }
        readings
    }
}
