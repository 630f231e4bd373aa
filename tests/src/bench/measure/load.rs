//! What a ping and a call get beside bulk transfers.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, anyhow};

use super::{DELAYS, REST, WARM_UP, both_ways, label, percentile, time};
use crate::bench::bed::{Bed, Running};
use crate::bench::options::Effort;
use crate::bench::results::{Metric, Reading};
use crate::traffic::bulk::Bulk;
use crate::traffic::ping::Ping;
use crate::traffic::udp::Stream;
use crate::traffic::{Connect, Direction};

/// Bulk flows at the same time.
const FLOWS: usize = 4;
/// A call sends fifty packets a second each way, of the size of 20 ms of Opus at 64 kbit/s.
const CALL_INTERVAL: Duration = Duration::from_millis(20);
const CALL_PAYLOAD: usize = 172;
/// Time between two pings: seldom enough to add nothing to the load.
const PING_INTERVAL: Duration = Duration::from_millis(20);
/// A call is under way for so long when the transfer begins: a tunnel that tells calls from transfers by what they do has
/// seen enough of it. That beginning is of no interest in a call of minutes.
const BEFORE: Duration = Duration::from_millis(2_000);
/// What stragglers and the making of connections take.
const MARGIN: Duration = Duration::from_millis(1_500);

pub(super) fn length(effort: &Effort) -> Duration {
    2 * (REST + before(effort) + WARM_UP + effort.length + MARGIN)
}

/// A quick run only looks whether it works.
fn before(effort: &Effort) -> Duration {
    if effort.quick { Duration::ZERO } else { BEFORE }
}

pub(super) fn take(bed: &Bed, running: &Running, effort: &Effort) -> Result<Vec<Reading>> {
    both_ways(|direction| one(bed, running, effort, direction))
}

fn one(bed: &Bed, running: &Running, effort: &Effort, direction: Direction) -> Result<Vec<Reading>> {
    sleep(REST);
    let laptop = bed.laptop()?;
    let connect = Connect {
        congestion: effort.congestion.first().cloned(),
        multipath: running.multipath_tcp,
        ..Connect::default()
    };
    let duration = WARM_UP + effort.length + MARGIN;
    let bulk = Bulk { flows: FLOWS, direction, duration, connect };
    let call = Stream {
        direction,
        payload: CALL_PAYLOAD,
        interval: CALL_INTERVAL,
        duration: before(effort) + WARM_UP + effort.length,
        lead: before(effort) + WARM_UP,
        is_call: true,
        interface: None,
    };
    let ping = Ping { interval: PING_INTERVAL, duration: effort.length, interface: None };
    let call = call.start(laptop, bed.server(running))?;
    sleep(before(effort));
    let transfer = bulk.start(laptop, bed.server(running))?;
    sleep(WARM_UP);
    let ping = ping.start(laptop, bed.echo(running.target).addr())?;
    let call = call.finish()?;
    let ping = ping.join().map_err(|_| anyhow!("a ping panicked"))??;
    transfer.stop();
    transfer.finish()?;
    let one_packet = 100.0 / (call.sent.max(1) as f64);
    let way = label(direction);
    let key = |name: &str| format!("load_{way}_{name}");
    let title = |name: &str| format!("{name} beside {FLOWS} flows {way}");
    Ok(vec![
        percentile(&key("ping_p50"), &title("ping, median,"), 0.5, &ping.round_trips),
        percentile(&key("ping_p99"), &title("ping, 99th percentile,"), 0.99, &ping.round_trips),
        percentile(&key("call_delay_p50"), &title("call, delay, median,"), 0.5, &call.delays),
        percentile(&key("call_delay_p99"), &title("call, delay, 99th percentile,"), 0.99, &call.delays),
        time(&key("call_jitter"), &title("call, jitter,"), DELAYS, jitter(&call.delays)),
        Reading::of(
            Metric::lower(&key("call_loss"), &title("call, lost,"), "%").resolving(one_packet),
            Some(call.loss_ratio() * 100.0),
        ),
    ])
}

/// Mean change of the delay from one packet to the next: the interarrival jitter of RFC 3550 §6.4.1 without its
/// smoothing, which would only tell of the end.
fn jitter(delays: &[Duration]) -> Option<Duration> {
    let changes = u32::try_from(delays.len().checked_sub(1)?).ok().filter(|changes| *changes > 0)?;
    let sum: Duration = delays.windows(2).map(|pair| pair[0].abs_diff(pair[1])).sum();
    Some(sum / changes)
}

#[cfg(test)]
mod tests;
