//! Resident memory.

use anyhow::Result;

use crate::bench::bed::Running;
use crate::bench::machine;
use crate::bench::results::{Metric, Reading};

pub(super) fn take(running: &Running) -> Result<Vec<Reading>> {
    let ends = [("client", &running.client), ("gateway", &running.gateway)];
    ends.into_iter()
        .filter(|(_, processes)| !processes.is_empty())
        .map(|(end, processes)| {
            let mebibytes = machine::resident(processes)? as f64 / f64::from(1 << 20);
            let metric = Metric::lower(&format!("memory_{end}"), &format!("resident memory, {end}"), "MiB");
            Ok(Reading::of(metric, Some(mebibytes)))
        })
        .collect()
}
