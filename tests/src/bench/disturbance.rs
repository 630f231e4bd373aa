//! What a hypervisor takes away. The processors of a virtual machine stand still now and then, and what is measured
//! meanwhile tells of the host's other guests. The kernel counts that time (`steal` in proc(5)): what was disturbed is
//! measured again, whatever came out.

use anyhow::{Context, Result};

/// Share of the processors' time (0 to 1) that may be taken away from a measurement that counts. On a quiet host it is
/// less than a hundredth under full load.
const TOLERABLE: f64 = 0.02;
/// How often something is measured, at most, until it was hardly disturbed. The last one counts in any case.
pub(super) const TAKES: u32 = 3;

/// Processor time since the machine's start, all processors together, in the kernel's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    /// Those until now.
    pub(super) fn now() -> Result<Self> {
        let text = std::fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        Self::parse(&text).context("/proc/stat does not begin with the processors' times")
    }

    fn parse(text: &str) -> Option<Self> {
        // User, nice, system, idle, iowait, irq, softirq, steal; guests' time is in user's and nice's.
        const STEAL: usize = 7;
        let line = text.lines().next()?.strip_prefix("cpu ")?;
        let fields: Vec<u64> =
            line.split_whitespace().take(STEAL + 1).map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self { all: fields.iter().sum(), stolen: *fields.get(STEAL)? })
    }

    /// The share of the processors' time, 0 to 1, that was wanted here since `earlier` and given to others.
    pub(super) fn stolen_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all);
        if all == 0 { 0.0 } else { self.stolen.saturating_sub(earlier.stolen) as f64 / all as f64 }
    }
}

/// Measures something, again if too much was taken away meanwhile, but `takes` times at most. With it, how often it was
/// measured in vain.
///
/// # Errors
/// Those of the measurement, at once.
pub(super) fn undisturbed<T>(takes: u32, mut take: impl FnMut() -> Result<T>) -> Result<(T, u32)> {
    until_undisturbed(takes, || {
        let before = Ticks::now()?;
        let taken = take()?;
        Ok((taken, Ticks::now()?.stolen_since(before)))
    })
}

fn until_undisturbed<T>(takes: u32, mut take: impl FnMut() -> Result<(T, f64)>) -> Result<(T, u32)> {
    let last = takes.saturating_sub(1);
    for in_vain in 0..last {
        let (taken, stolen) = take()?;
        if stolen <= TOLERABLE {
            return Ok((taken, in_vain));
        }
        eprintln!("  again: {:.1} % of the processors' time went to other machines", stolen * 1e2);
    }
    Ok((take()?.0, last))
}

#[cfg(test)]
mod tests;
