//! A line per second: speed of the download, and what each link carried of it.

use std::io::{IsTerminal, Result, Write, stdout};
use std::time::{Duration, Instant};

use crate::traffic::meter::Meter;
use crate::world::Laptop;

/// Speed at which the bar is full.
const FULL_MBPS: f64 = 70.0;
/// Short enough for a line to fit into 80 columns; a longer one could not be rewritten.
const BAR: usize = 20;
const CLEAR_LINE: &str = "\r\x1b[K";

/// Prints progress: on a terminal the present second is a line that lives, elsewhere lines come when complete.
pub(super) struct Progress {
    live: bool,
    second: u32,
    /// When the present second began, and how many bytes there were, in all and on each link.
    since: Instant,
    before: u64,
    links_before: Vec<u64>,
}

impl Progress {
    pub(super) fn new(laptop: &Laptop) -> Self {
        Self {
            live: stdout().is_terminal(),
            second: 1,
            since: Instant::now(),
            before: 0,
            links_before: carried(laptop),
        }
    }

    /// Called often; prints when there is something to print.
    pub(super) fn show(&mut self, meter: &Meter, laptop: &Laptop) -> Result<()> {
        let elapsed = self.since.elapsed();
        let complete = elapsed >= Duration::from_secs(1);
        if !complete && (!self.live || elapsed < Duration::from_millis(200)) {
            return Ok(());
        }
        let line = self.line(meter, laptop, elapsed);
        let mut out = stdout();
        write!(out, "{}{line}", if self.live { CLEAR_LINE } else { "" })?;
        if complete {
            writeln!(out)?;
            self.second += 1;
            self.since = Instant::now();
            self.before = meter.total();
            self.links_before = carried(laptop);
        }
        out.flush()
    }

    /// Ends the line that lives.
    pub(super) fn finish(&self) -> Result<()> {
        if self.live { write!(stdout(), "{CLEAR_LINE}") } else { Ok(()) }
    }

    fn line(&self, meter: &Meter, laptop: &Laptop, elapsed: Duration) -> String {
        let mbps = |bytes: u64| bytes as f64 * 8.0 / 1e6 / elapsed.as_secs_f64();
        let speed = mbps(meter.total() - self.before);
        let filled = ((speed / FULL_MBPS).min(1.0) * BAR as f64).round() as usize;
        let mut line = format!(
            "  {:>3} s  {speed:>6.1} Mbit/s  {}{} ",
            self.second,
            "█".repeat(filled),
            "░".repeat(BAR - filled)
        );
        for ((link, now), before) in laptop.links().zip(carried(laptop)).zip(&self.links_before) {
            let state =
                if link.config().carrier { format!("{:.1}", mbps(now - before)) } else { "cut".to_owned() };
            line.push_str(&format!(" {} {state}", link.name()));
        }
        line
    }
}

/// Bytes each link has carried towards the laptop.
fn carried(laptop: &Laptop) -> Vec<u64> {
    laptop.links().map(|link| link.counts()[1].bytes).collect()
}
