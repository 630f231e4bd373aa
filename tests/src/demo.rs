//! The demonstration: what a laptop gets over each of its links, over both with tandem, and what happens to a
//! download when one is cut.

use std::io::{Write, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::interrupt;
use crate::traffic::Connect;
use crate::traffic::http::{WebServer, download};
use crate::traffic::meter::Meter;
use crate::world::{Laptop, World, WorldSpec};

mod progress;
mod table;

use progress::Progress;
use table::Summary;

/// What can be chosen about the demonstration.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Length of each download in seconds
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(3..=120))]
    pub seconds: u64,
    /// Downloads at once when speed is measured
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub flows: u64,
}

/// Start of a download that is not counted, in which TCP finds its speed.
const WARM_UP: Duration = Duration::from_secs(1);

/// A download to be watched.
struct Phase<'a> {
    title: &'a str,
    server: &'a WebServer,
    connect: Connect,
    flows: u64,
    length: Duration,
}

/// Runs the demonstration and prints it.
///
/// # Errors
/// When the world cannot be built, tandem does not start, or a download breaks.
pub fn run(args: &DemoArgs) -> Result<()> {
    interrupt::clean_up_and_exit()?;
    let mut out = stdout();
    writeln!(out, "Building the world: a laptop, an internet, a gateway and a web server behind it.")?;
    let mut world = World::new(WorldSpec::default())?;
    writeln!(
        out,
        "  Wi-Fi 50 Mbit/s, round trip 15 ms; cellular 20 Mbit/s, round trip 60 ms, behind a NAT."
    )?;
    let outcome = show(&mut world, args);
    let summary = world.with_logs(outcome)?;
    write!(out, "\n{summary}")?;
    ensure!(summary.went_on(), "the download did not go on after Wi-Fi was cut");
    Ok(())
}

fn show(world: &mut World, args: &DemoArgs) -> Result<Summary> {
    let length = Duration::from_secs(args.seconds);
    let direct = WebServer::start(world.web_direct(), 80)?;
    let behind = WebServer::start(world.web(), 80)?;
    let alone = |world: &World, title: &str, link: &str| -> Result<f64> {
        let laptop = world.laptop()?;
        let connect = Connect { interface: Some(laptop.interface(link)?.to_owned()), ..Connect::default() };
        let phase = Phase { title, server: &direct, connect, flows: args.flows, length };
        let meter = phase.run(laptop, |_| Ok(()))?;
        Ok(meter.rate_bps(WARM_UP, length))
    };
    let wifi = alone(world, "Wi-Fi alone, without tandem", "wifi")?;
    let cellular = alone(world, "Cellular alone, without tandem", "cellular")?;

    let mut out = stdout();
    writeln!(out, "\nStarting tandem: gateway, invitation, laptop.")?;
    let started = Instant::now();
    world.start_tandem()?;
    writeln!(out, "  Both paths are up after {:.1} s.", started.elapsed().as_secs_f64())?;

    let laptop = world.laptop()?;
    let title = "Both, through tandem";
    let phase = Phase { title, server: &behind, connect: Connect::default(), flows: args.flows, length };
    let both = phase.run(laptop, |_| Ok(()))?.rate_bps(WARM_UP, length);

    let cut_at = length / 2;
    let title = "One download through tandem; Wi-Fi is cut in the middle";
    let phase = Phase { title, server: &behind, connect: Connect::default(), flows: 1, length };
    let mut cut = false;
    let meter = phase.run(laptop, |elapsed| {
        if !cut && elapsed >= cut_at {
            cut = true;
            laptop.link("wifi")?.set_carrier(false)?;
            return Ok(());
        }
        Ok(())
    })?;
    let after = meter.rate_bps(cut_at + Duration::from_secs(1), length);
    Ok(Summary { wifi, cellular, both, after, pause: meter.longest_pause() })
}

impl Phase<'_> {
    /// Downloads for the phase's length, calling `during` about 20 times a second with the time since the start.
    fn run(&self, laptop: &Laptop, mut during: impl FnMut(Duration) -> Result<()>) -> Result<Arc<Meter>> {
        /// More than can arrive: the time ends a download, not its size.
        const ENDLESS: u64 = 1 << 40;
        writeln!(stdout(), "\n{}", self.title)?;
        // What the previous phase left in the queues is not this one's.
        thread::sleep(Duration::from_millis(500));
        let meter = Arc::new(Meter::new(self.length + Duration::from_secs(1)));
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let flows: Vec<_> = (0..self.flows)
                .map(|_| {
                    scope.spawn(|| {
                        download(
                            laptop.namespace(),
                            self.server.addr(),
                            &self.connect,
                            ENDLESS,
                            &meter,
                            &stop,
                        )
                    })
                })
                .collect();
            let mut progress = Progress::new(laptop);
            let mut watch = || -> Result<()> {
                while meter.start().elapsed() < self.length && !flows.iter().any(|flow| flow.is_finished()) {
                    during(meter.start().elapsed())?;
                    progress.show(&meter, laptop)?;
                    thread::sleep(Duration::from_millis(50));
                }
                Ok(())
            };
            let watched = watch();
            stop.store(true, Ordering::Release);
            progress.finish()?;
            for flow in flows {
                let bytes = flow.join().map_err(|_| anyhow!("a download panicked"))?;
                bytes.with_context(|| self.title.to_owned())?;
            }
            watched
        })?;
        Ok(meter)
    }
}
