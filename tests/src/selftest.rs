//! How exact the emulated links are on this machine: timing error, rate error, and the most one link carries.

use std::io::{Write, stdout};
use std::net::IpAddr;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::exclusive::Exclusive;
use crate::link::{End, Link, LinkConfig};
use crate::netif::{self, Net};
use crate::netns::Namespace;
use crate::traffic::bulk::Bulk;
use crate::traffic::udp::{EchoClient, EchoServer, Stream};
use crate::traffic::{Direction, Place};
use crate::{interrupt, sys};

/// Two hosts with one link between them.
struct Bench {
    link: Link,
    here: Namespace,
    there: Namespace,
}

const THERE: [u8; 4] = [10, 0, 0, 2];
/// TCP payload in a full frame, with timestamps: 1448 of 1514 bytes.
const PAYLOAD_SHARE: f64 = 1448.0 / 1514.0;

impl Bench {
    fn new(config: LinkConfig) -> Result<Self> {
        let (here, there) = (Namespace::new("here")?, Namespace::new("there")?);
        let ends =
            [End { namespace: &here, interface: "left0" }, End { namespace: &there, interface: "right0" }];
        let link = Link::new("bench", ends, config, None, 1)?;
        here.run(|| netif::add_address("left0", Net::new([10, 0, 0, 1], 24)))?;
        there.run(|| netif::add_address("right0", Net::new(THERE, 24)))?;
        Ok(Self { link, here, there })
    }

    fn far_end(&self) -> Place<'_> {
        Place { namespace: &self.there, addr: IpAddr::from(THERE) }
    }
}

/// Measures and prints; the promises are a timing error below 1 ms, a rate within 3 %, and 500 Mbit/s.
///
/// # Errors
/// When a promise is not kept, or the links cannot be made.
pub fn run() -> Result<()> {
    interrupt::clean_up_and_exit()?;
    let _lab = Exclusive::acquire()?;
    let mut out = stdout();
    let timing = timing_error(Duration::from_millis(20))?;
    writeln!(
        out,
        "delay of 20 ms, 1000 packets a second: median {:?} late, 99 % at most {:?} late; a thread that only sleeps: \
         99 % at most {:?} late",
        timing.median, timing.worst_of_99, timing.machine
    )?;
    let mut worst = 0.0_f64;
    for rate in [1_000_000, 10_000_000, 50_000_000, 200_000_000, 500_000_000] {
        let (wire, payload) = rates(rate)?;
        let error = wire / rate as f64 - 1.0;
        worst = worst.max(error.abs());
        writeln!(
            out,
            "rate of {:>3} Mbit/s: {:.2} Mbit/s on the wire ({:+.2} %), TCP payload {:.2} Mbit/s",
            rate / 1_000_000,
            wire / 1e6,
            error * 100.0,
            payload / 1e6
        )?;
    }
    writeln!(out, "an idle link takes {:.2} % of a core", idle_cpu()? * 100.0)?;
    ensure!(
        timing.worst_of_99 < Duration::from_millis(1) + timing.machine,
        "timing errs by more than 1 ms over what the machine itself errs"
    );
    ensure!(worst < 0.03, "a rate errs by more than 3 %");
    Ok(())
}

/// How late packets arrive, and how late this machine wakes a thread that only sleeps, meanwhile.
struct Timing {
    median: Duration,
    worst_of_99: Duration,
    machine: Duration,
}

fn timing_error(delay: Duration) -> Result<Timing> {
    let bench = Bench::new(LinkConfig::symmetric(1_000_000_000, delay))?;
    // The first packets wait for ARP, which takes a round trip.
    let server = EchoServer::start(bench.far_end())?;
    let warm = EchoClient::new(&bench.here, server.addr(), None)?.exchange(100, Duration::from_secs(2))?;
    ensure!(warm.is_some(), "the link carries nothing");
    let stream = Stream {
        direction: Direction::Upload,
        payload: 200,
        interval: Duration::from_millis(1),
        duration: Duration::from_secs(3),
        lead: Duration::ZERO,
        is_call: false,
        interface: None,
    };
    let running = stream.start(&bench.here, bench.far_end())?;
    let machine = thread::spawn(machine_lateness).join().map_err(|_| anyhow!("a timing thread panicked"))?;
    let report = running.finish()?;
    let late = |share| {
        report.delay_quantile(share).context("nothing arrived").map(|seen| seen.saturating_sub(delay))
    };
    Ok(Timing { median: late(0.5)?, worst_of_99: late(0.99)?, machine })
}

/// What 99 % of 2000 sleeps of a millisecond do not exceed by more: noise that no emulator can remove.
fn machine_lateness() -> Duration {
    const NAP: Duration = Duration::from_millis(1);
    sys::keep_time();
    let mut late: Vec<Duration> = (0..2_000)
        .map(|_| {
            let start = Instant::now();
            sleep(NAP);
            start.elapsed().saturating_sub(NAP)
        })
        .collect();
    late.sort_unstable();
    late.get(late.len() * 99 / 100).copied().unwrap_or_default()
}

/// Bits per second on the wire and of TCP payload, with a full queue.
fn rates(rate: u64) -> Result<(f64, f64)> {
    let bench = Bench::new(LinkConfig::symmetric(rate, Duration::from_millis(2)))?;
    let transfer = Bulk::download(4, Duration::from_secs(6)).start(&bench.here, bench.far_end())?;
    sleep(Duration::from_secs(2));
    let (start, before) = (Instant::now(), bench.link.counts()[1].bytes);
    sleep(Duration::from_secs(3));
    let bytes = bench.link.counts()[1].bytes - before;
    let wire = bytes as f64 * 8.0 / start.elapsed().as_secs_f64();
    transfer.stop();
    transfer.finish()?;
    Ok((wire, wire * PAYLOAD_SHARE))
}

/// Share of a core that a link without traffic takes, in both directions together.
fn idle_cpu() -> Result<f64> {
    let _bench = Bench::new(LinkConfig::symmetric(50_000_000, Duration::from_millis(10)))?;
    sleep(Duration::from_secs(1));
    let used = || -> Result<Duration> {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Ok(Duration::new(u64::try_from(spent.tv_sec)?, u32::try_from(spent.tv_nsec)?))
    };
    let (start, before) = (Instant::now(), used()?);
    sleep(Duration::from_secs(2));
    Ok((used()? - before).as_secs_f64() / start.elapsed().as_secs_f64())
}
