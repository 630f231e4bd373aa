//! Goodput of TCP, and what it costs on the way.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{DIRECTIONS, REST, WARM_UP, label};
use crate::bench::bed::{Bed, Running};
use crate::bench::machine;
use crate::bench::options::Effort;
use crate::bench::results::{Metric, Reading};
use crate::traffic::bulk::Bulk;
use crate::traffic::{Connect, Direction};

/// Flows of the transfer whose cost is told, if it is among those chosen.
const TYPICAL_FLOWS: usize = 4;

pub(super) fn length(effort: &Effort) -> Duration {
    let transfers = 2 * effort.flows.len() * effort.congestion.len();
    u32::try_from(transfers).unwrap_or(u32::MAX) * (REST + WARM_UP + effort.length)
}

pub(super) fn take(bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
    let typical = effort.flows.iter().find(|flows| **flows == TYPICAL_FLOWS).or(effort.flows.first());
    let mut readings = Vec::new();
    let mut costs = Vec::new();
    for direction in DIRECTIONS {
        for (number, congestion) in effort.congestion.iter().enumerate() {
            for flows in &effort.flows {
                let transfer = Transfer { direction, flows: *flows, congestion };
                let spent = transfer.run(bed, running, effort.length).or_else(|error| lost(bed, error))?;
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

/// Where links fail, what has only them loses its connections, or gets none: nothing arrives, which is a figure. On
/// steady links it is a mistake of somebody's.
fn lost(bed: &Bed, error: anyhow::Error) -> Result<Spent> {
    if bed.profile.is_steady() { Err(error) } else { Ok(Spent::default()) }
}

struct Transfer<'a> {
    direction: Direction,
    flows: usize,
    congestion: &'a str,
}

/// What was delivered in the time after the warm-up, and what that took.
#[derive(Default)]
struct Spent {
    bytes: u64,
    elapsed: Duration,
    client: Duration,
    gateway: Duration,
    /// Bytes on each link, both directions.
    links: BTreeMap<String, u64>,
    /// Bytes of IP packets sent on all links in the direction of the payload.
    sent: u64,
}

impl Spent {
    fn mbit(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 { self.bytes as f64 * 8.0 / 1e6 / seconds } else { 0.0 }
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
        let duration = WARM_UP + length + REST;
        let bulk = Bulk { flows: self.flows, direction: self.direction, duration, connect };
        let transfer = bulk.start(bed.laptop()?, bed.server(running))?;
        let spent_so_far = || -> Result<_> {
            let (client, gateway) =
                (machine::cpu_time(&running.client)?, machine::cpu_time(&running.gateway)?);
            let sent = bed.sent(self.direction)?;
            Ok((Instant::now(), transfer.meter().total(), client, gateway, bed.carried()?, sent))
        };
        sleep((transfer.meter().start() + WARM_UP).saturating_duration_since(Instant::now()));
        let before = spent_so_far()?;
        sleep(length);
        let after = spent_so_far()?;
        transfer.stop();
        let finished = transfer.finish();
        if bed.profile.is_steady() {
            finished?;
        }
        let links = after.4.into_iter().map(|(link, bytes)| {
            let earlier = before.4.get(&link).copied().unwrap_or_default();
            (link, bytes - earlier)
        });
        Ok(Spent {
            bytes: after.1 - before.1,
            elapsed: after.0 - before.0,
            client: after.2.saturating_sub(before.2),
            gateway: after.3.saturating_sub(before.3),
            links: links.collect(),
            sent: after.5 - before.5,
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
        Reading::of(Metric::higher(&key, &format!("TCP {}", self.title()), "Mbit/s"), Some(spent.mbit()))
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
        readings.push(Reading::of(metric, extra));
        for (link, bytes) in &spent.links {
            let metric = Metric::neutral(
                &format!("wire_{link}_{key}"),
                &format!("bytes on {link} per byte, {title}"),
                "B/B",
            );
            readings.push(Reading::of(metric, per(*bytes as f64, spent.bytes as f64)));
        }
        readings
    }
}
