//! The busier link dies under a transfer and a call, and returns.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{REST, WARM_UP, speeds, time};
use crate::bench::bed::{Bed, Running};
use crate::bench::options::Effort;
use crate::bench::results::{Metric, Reading};
use crate::link::Link;
use crate::traffic::bulk::{Bulk, Transfer};
use crate::traffic::meter::{SLOT, rate_bps};
use crate::traffic::udp::{Stream, StreamReport};
use crate::traffic::{Connect, Direction};
use crate::world::LinkSpec;

/// How long the link is away: long enough for what is going to notice.
const OUTAGE: Duration = Duration::from_secs(3);
/// Full speed is nine tenths of what it was before, and speed is taken over half a second: TCP's is never steady.
const FULL: f64 = 0.9;
const WINDOW: Duration = Duration::from_millis(500);
/// So soon after the cut bulk is to have what the other links carry.
const SOON: Duration = Duration::from_secs(1);
/// The last second of the outage tells what speed the other links have, and the last of all whether full speed was
/// reached.
const LEVEL: Duration = Duration::from_secs(1);
/// A link that carries this share of what the busiest carries is as busy.
const AS_BUSY: f64 = 0.8;
/// Datagrams of the call: one per slot, so that its pauses are seen as finely as those of TCP.
const CALL_INTERVAL: Duration = SLOT;
const CALL_PAYLOAD: usize = 172;
/// How far two times to full speed may be apart that speeds over [`WINDOW`] cannot tell apart.
const RECOVERY_RESOLUTION: Duration = Duration::from_millis(100);
/// What may be under way on a link when it dies, in time.
const IN_FLIGHT: Duration = Duration::from_millis(250);

/// How a link dies.
#[derive(Debug, Clone, Copy)]
enum Death {
    /// The kernel is told.
    Carrier,
    /// Nobody is told.
    Blackhole,
}

impl Death {
    const ALL: [Self; 2] = [Self::Carrier, Self::Blackhole];

    fn set(self, link: &Link, dead: bool) -> Result<()> {
        match self {
            Self::Carrier => link.set_carrier(!dead),
            Self::Blackhole => link.set_blackhole(dead),
        }
    }

    /// What the keys of its figures begin with under a transfer in this direction.
    fn key(self, direction: Direction) -> &'static str {
        match (self, direction) {
            (Self::Carrier, Direction::Download) => "carrier",
            (Self::Carrier, Direction::Upload) => "carrier_up",
            (Self::Blackhole, Direction::Download) => "blackhole",
            (Self::Blackhole, Direction::Upload) => "blackhole_up",
        }
    }

    /// What their titles begin with.
    fn title(self, direction: Direction) -> &'static str {
        match (self, direction) {
            (Self::Carrier, Direction::Download) => "carrier off",
            (Self::Carrier, Direction::Upload) => "carrier off, upwards",
            (Self::Blackhole, Direction::Download) => "silent blackhole",
            (Self::Blackhole, Direction::Upload) => "silent blackhole, upwards",
        }
    }
}

/// Times of the events, counted from the start of the transfer.
#[derive(Debug, Clone, Copy)]
struct Course {
    cut: Duration,
    back: Duration,
    end: Duration,
}

impl Course {
    fn of(effort: &Effort) -> Self {
        let before = WARM_UP + effort.length.clamp(Duration::from_secs(2), Duration::from_secs(4));
        let back = before + OUTAGE;
        let after = if effort.quick { Duration::from_secs(3) } else { Duration::from_secs(8) };
        Self { cut: before, back, end: back + after }
    }
}

pub(super) fn length(effort: &Effort) -> Duration {
    // The call's receiver waits a second for stragglers.
    2 * (REST + Course::of(effort).end + Duration::from_secs(1))
}

/// What arrived around a death.
struct Played {
    direction: Direction,
    death: Death,
    course: Course,
    /// Bytes of the transfer in each slot; none where TCP gave its connection up, which is the longest pause of all and no
    /// reason to stop.
    samples: Vec<u64>,
    call: StreamReport,
    /// Sum of the rates of the links that stayed, where they have some.
    left_bps: Option<u64>,
}

pub(super) fn take(
    bed: &Bed,
    running: &Running,
    effort: &Effort,
    direction: Direction,
) -> Result<Vec<Reading>> {
    let mut readings = Vec::new();
    for death in Death::ALL {
        readings.extend(play(bed, running, effort, direction, death)?.readings());
    }
    Ok(readings)
}

fn play(bed: &Bed, running: &Running, effort: &Effort, direction: Direction, death: Death) -> Result<Played> {
    sleep(REST);
    let course = Course::of(effort);
    let connect = Connect {
        congestion: effort.congestion.first().cloned(),
        multipath: running.multipath_tcp,
        ..Connect::default()
    };
    let bulk = Bulk { flows: 1, direction, duration: course.end, connect };
    let call = Stream {
        direction,
        payload: CALL_PAYLOAD,
        interval: CALL_INTERVAL,
        duration: course.end,
        lead: Duration::ZERO,
        is_call: true,
        interface: None,
    };
    let transfer = bulk.start(bed.laptop()?, bed.server(running))?;
    let call = call.start(bed.laptop()?, bed.server(running))?;
    let link = busier_link(bed, &transfer, course)?;
    until(&transfer, course.cut);
    death.set(link, true)?;
    until(&transfer, course.back);
    let returned = death.set(link, false);
    let samples = transfer.finish().map(|report| report.samples).unwrap_or_default();
    let call = call.finish()?;
    returned?;
    let left_bps = bed.profile.without(link.name()).rate_bps(direction);
    Ok(Played { direction, death, course, samples, call, left_bps })
}

impl Played {
    fn readings(&self) -> Vec<Reading> {
        let (course, samples) = (self.course, self.samples.as_slice());
        let away = course.end - course.cut;
        let pause = longest_pause(samples, course).filter(|pause| *pause + SLOT < away);
        let gap = self.call.last_arrival.map(|last| {
            let silent = course.end.saturating_sub(last);
            self.call.longest_gap.max(silent)
        });
        let gap = gap.filter(|gap| *gap < away);
        let pause = self.time("pause_tcp", "longest pause of TCP", SLOT, pause);
        let mut readings = vec![
            pause.with_timeline(speeds(samples, course.end)),
            self.time("pause_call", "longest pause of a call", CALL_INTERVAL, gap),
            self.lost_of_call(),
            self.time(
                "recovery",
                "to full speed after return",
                RECOVERY_RESOLUTION,
                recovery(samples, course),
            ),
        ];
        readings.extend(self.left_bps.map(|left_bps| self.of_what_is_left(left_bps)));
        readings
    }

    fn key(&self, name: &str) -> String {
        format!("{}_{name}", self.death.key(self.direction))
    }

    fn title(&self, what: &str) -> String {
        format!("{}: {what}", self.death.title(self.direction))
    }

    fn time(&self, key: &str, title: &str, resolution: Duration, value: Option<Duration>) -> Reading {
        time(&self.key(key), &self.title(title), resolution, value)
    }

    /// Packets of the call that were lost from just before the cut until after the return: those lost elsewhere are the
    /// profile's.
    fn lost_of_call(&self) -> Reading {
        let number = |at: Duration| (at.as_micros() / CALL_INTERVAL.as_micros()) as u64;
        let span = number(self.course.cut.saturating_sub(IN_FLIGHT))..number(self.course.back + IN_FLIGHT);
        let title = self.title("packets of the call lost");
        let metric = Metric::lower(&self.key("lost_call"), &title, "packets").resolving(1.0);
        Reading::of(metric, Some(self.call.lost_among(span) as f64))
    }

    /// Goodput from a second after the cut until the return, of the rate of the links that stayed: headers and the call
    /// have their part of it.
    fn of_what_is_left(&self, left_bps: u64) -> Reading {
        let goodput = rate_bps(&self.samples, self.course.cut + SOON, self.course.back);
        let title = self.title("speed after a second, of what is left");
        let metric = Metric::higher(&self.key("left"), &title, "%");
        Reading::of(metric, Some(goodput / left_bps as f64 * 1e2))
    }
}

/// The link that carries more in the last second before the cut; of those that carry as much, the better one, or else
/// chance would decide which one dies.
fn busier_link<'a>(bed: &'a Bed, transfer: &Transfer, course: Course) -> Result<&'a Link> {
    until(transfer, course.cut.saturating_sub(Duration::from_secs(1)));
    let before = bed.carried()?;
    until(transfer, course.cut.saturating_sub(Duration::from_millis(100)));
    let mut carried = bed.carried()?;
    for (link, bytes) in &mut carried {
        *bytes -= before.get(link).copied().unwrap_or_default();
    }
    let busier = busier(&bed.profile.links, &carried).context("the profile has no link")?;
    bed.world.laptop()?.link(busier)
}

fn busier<'a>(links: &'a [LinkSpec], carried: &BTreeMap<String, u64>) -> Option<&'a str> {
    let bytes = |link: &LinkSpec| carried.get(&link.name).copied().unwrap_or_default() as f64;
    let most = links.iter().map(bytes).fold(0.0, f64::max);
    let busy = links.iter().filter(|link| bytes(link) >= AS_BUSY * most);
    busy.min_by_key(|link| link.metric).map(|link| link.name.as_str())
}

fn until(transfer: &Transfer, at: Duration) {
    sleep((transfer.meter().start() + at).saturating_duration_since(Instant::now()));
}

/// The longest run of slots without a byte, from the cut on.
fn longest_pause(samples: &[u64], course: Course) -> Option<Duration> {
    let slots = samples.get(slot(course.cut)..slot(course.end).min(samples.len()))?;
    let longest = slots.split(|bytes| *bytes > 0).map(<[u64]>::len).max()?;
    Some(SLOT * u32::try_from(longest).unwrap_or(u32::MAX))
}

/// Time from the link's return to full speed: how long a transfer would have had to go on at the speed of the outage, and
/// then at full speed at once, to miss as much as it did. Unlike the moment at which some threshold is first passed, that
/// moves little when the speed wavers. `None` where the end is nearer to the outage's speed than to full speed.
fn recovery(samples: &[u64], course: Course) -> Option<Duration> {
    let full = FULL * rate_bps(samples, WARM_UP, course.cut);
    let outage = rate_bps(samples, course.back.saturating_sub(LEVEL), course.back).min(full);
    let at_end = rate_bps(samples, course.end.saturating_sub(LEVEL), course.end);
    if full <= 0.0 || at_end < f64::midpoint(outage, full) {
        return None;
    }
    // An outage that hardly slowed the transfer down leaves hardly anything to miss.
    let step = (full - outage).max((1.0 - FULL) * full);
    let around = |at: Duration| rate_bps(samples, at.saturating_sub(WINDOW / 2), at + WINDOW / 2);
    let moments = (0..).map(|number| course.back + SLOT * number);
    let missed: f64 = moments
        .take_while(|at| *at + WINDOW / 2 <= course.end)
        .map(|at| (full - around(at)).max(0.0) / step)
        .sum();
    Some(SLOT.mul_f64(missed))
}

fn slot(at: Duration) -> usize {
    (at.as_micros() / SLOT.as_micros()) as usize
}

#[cfg(test)]
mod tests;
