//! The kernel's counters of network interfaces.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// Bytes of an Ethernet header, which the counters include.
const ETHERNET: u64 = 14;

/// The counters of a namespace at one moment.
#[derive(Debug)]
pub(super) struct Counters(BTreeMap<String, Interface>);

/// The counters of an interface, in frames and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interface {
    received_bytes: u64,
    sent_bytes: u64,
    sent_frames: u64,
}

impl Counters {
    /// Reads the text of `/proc/net/dev`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        const HEADINGS: usize = 2;
        let lines = text.lines().skip(HEADINGS);
        let parsed = lines.map(|line| interface(line).with_context(|| format!("no counters: `{line}`")));
        Ok(Self(parsed.collect::<Result<_>>()?))
    }

    /// Those of an interface.
    pub(super) fn of(&self, interface: &str) -> Result<Interface> {
        self.0.get(interface).copied().with_context(|| format!("no counters of {interface}"))
    }
}

fn interface(line: &str) -> Option<(String, Interface)> {
    const SENT_BYTES: usize = 8;
    let (name, numbers) = line.split_once(':')?;
    let numbers: Vec<u64> = numbers.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let interface = Interface {
        received_bytes: *numbers.first()?,
        sent_bytes: *numbers.get(SENT_BYTES)?,
        sent_frames: *numbers.get(SENT_BYTES + 1)?,
    };
    Some((name.trim().to_owned(), interface))
}

impl Interface {
    /// Both directions.
    pub(super) fn bytes(self) -> u64 {
        self.received_bytes + self.sent_bytes
    }

    /// What was sent, without Ethernet headers.
    pub(super) fn sent_ip(self) -> u64 {
        self.sent_bytes.saturating_sub(self.sent_frames * ETHERNET)
    }
}

#[cfg(test)]
mod tests;
