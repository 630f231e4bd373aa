//! The table at the end.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

/// What the demonstration found; rates are payload in bits per second.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summary {
    pub(super) wifi: f64,
    pub(super) cellular: f64,
    pub(super) both: f64,
    /// Over the remaining link, from one second after the cut.
    pub(super) after: f64,
    pub(super) pause: Duration,
}

impl Summary {
    /// Whether the download survived the cut.
    pub(super) fn went_on(&self) -> bool {
        self.after > 0.0
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let sum = self.wifi + self.cellular;
        let mut row = |name: &str, rate: f64| {
            writeln!(f, "  {name:<34} {:>6.1} Mbit/s {:>5.0} %", rate / 1e6, rate * 100.0 / sum.max(1.0))
        };
        row("Wi-Fi alone", self.wifi)?;
        row("cellular alone", self.cellular)?;
        row("the sum of the two", sum)?;
        row("both, through tandem", self.both)?;
        row("through tandem, after Wi-Fi was cut", self.after)?;
        writeln!(f, "  {:<34} {:>6} ms", "longest pause at the cut", self.pause.as_millis())
    }
}

#[cfg(test)]
mod tests;
