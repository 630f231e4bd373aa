//! What it was measured on.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The machine, for the table's head.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_gib: f64,
    pub(super) kernel: String,
    /// Load average over one minute when the run began: what else the machine did.
    pub(super) load_before: f64,
}

impl Machine {
    pub(super) fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib: f64 = field(&meminfo, "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse().ok())
            .unwrap_or(0.0);
        Self {
            processor: field(&cpuinfo, "model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kib / f64::from(1 << 20),
            kernel: kernel().unwrap_or_default(),
            load_before: load(),
        }
    }
}

/// The kernel's release.
pub(super) fn kernel() -> Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").context("cannot read the release")?;
    Ok(text.trim().to_owned())
}

/// Load average over one minute.
pub(super) fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// The value of the first `key : value` line.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then_some(value.trim())
    })
}

/// CPU time that processes have taken, user and system, children excluded.
pub(super) fn cpu_time(processes: &[u32]) -> Result<Duration> {
    processes.iter().map(|process| Ok(crate::sys::process_cpu_time(*process)?)).sum::<Result<Duration>>()
}

/// Resident memory of processes in bytes.
pub(super) fn resident(processes: &[u32]) -> Result<u64> {
    processes.iter().map(|process| resident_of(*process)).sum()
}

fn resident_of(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let kib: u64 = field(&text, "VmRSS")
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .with_context(|| format!("{path} has no VmRSS"))?;
    Ok(kib * 1024)
}
