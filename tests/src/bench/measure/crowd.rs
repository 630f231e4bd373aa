//! One transfer of each of several laptops at once: what a gateway carries, what that costs it, and whether all get
//! their share.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{REST, WARM_UP, both_ways, label};
use crate::bench::bed::{Bed, Running};
use crate::bench::machine;
use crate::bench::options::Effort;
use crate::bench::results::{Metric, Reading};
use crate::traffic::bulk::{Bulk, Transfer};
use crate::traffic::{Connect, Direction};

/// Transfers are made one after the other, and ended by hand.
const MARGIN: Duration = Duration::from_secs(2);

pub(super) fn length(effort: &Effort) -> Duration {
    2 * (REST + WARM_UP + effort.length)
}

pub(super) fn take(bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
    // A system that serves one laptop has no crowd.
    if running.laptops < 2 {
        return Ok(Vec::new());
    }
    both_ways(|direction| one(bed, running, effort, direction))
}

fn one(bed: &Bed, running: &Running, effort: &Effort, direction: Direction) -> Result<Vec<Reading>> {
    sleep(REST);
    let connect = Connect { congestion: effort.congestion.first().cloned(), ..Connect::default() };
    let bulk = Bulk { flows: 1, direction, duration: WARM_UP + effort.length + MARGIN, connect };
    let laptops = bed.world.laptops().iter().take(running.laptops);
    let transfers: Vec<Transfer> =
        laptops.map(|laptop| bulk.start(laptop.namespace(), bed.server(running))).collect::<Result<_>>()?;
    sleep(WARM_UP);
    let (started, cpu_before) = (Instant::now(), machine::cpu_time(&running.gateway)?);
    let before = arrived(&transfers);
    sleep(effort.length);
    let after = arrived(&transfers);
    let (seconds, cpu) = (started.elapsed().as_secs_f64(), machine::cpu_time(&running.gateway)? - cpu_before);
    transfers.iter().for_each(Transfer::stop);
    for transfer in transfers {
        transfer.finish()?;
    }
    let megabits: Vec<f64> =
        before.iter().zip(&after).map(|(before, after)| (after - before) as f64 * 8.0 / 1e6).collect();
    Ok(readings(direction, &megabits, seconds, cpu))
}

/// Bytes of each.
fn arrived(transfers: &[Transfer]) -> Vec<u64> {
    transfers.iter().map(|transfer| transfer.meter().total()).collect()
}

fn readings(direction: Direction, megabits: &[f64], seconds: f64, cpu: Duration) -> Vec<Reading> {
    let way = label(direction);
    let laptops = megabits.len();
    let sum: f64 = megabits.iter().sum();
    let least = megabits.iter().copied().fold(f64::INFINITY, f64::min);
    // Where nothing arrived, neither a share nor a cost exists.
    let per_sum = |value: f64| (sum > 0.0).then(|| value / sum);
    let title = |what: &str| format!("{what} {laptops} laptops {way}, a flow each");
    let metric = |key: &str| format!("crowd_{way}_{key}");
    vec![
        Reading::of(Metric::higher(&metric("sum"), &title("TCP of"), "Mbit/s"), Some(sum / seconds)),
        Reading::of(
            Metric::higher(&metric("least"), &title("the slowest of"), "% of the mean"),
            per_sum(least * laptops as f64 * 100.0),
        ),
        Reading::of(
            Metric::lower(&metric("cpu"), &title("CPU of the gateway,"), "s/Gbit"),
            per_sum(cpu.as_secs_f64() * 1e3),
        ),
    ]
}
