//! The engine's figures in the words of the control API.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tandem::api::{Path, PathState, Tier, reason};
use tandem_engine::link;
use tandem_engine::path::{self, PathReport};

/// A path in the API's words; what only the owner of the links knows is left open.
pub(super) fn path(report: &PathReport) -> Path {
    let (state, reason) = state_of(report);
    Path {
        id: Some(report.id.into()),
        tier: tier(report.tier),
        state,
        reason: reason.to_owned(),
        remote: Some(report.remote),
        rtt_us: Some(micros(report.rtt)),
        rtt_min_us: Some(micros(report.rtt_min)),
        loss_ratio: Some(report.loss),
        tx_rate_bps: report.tx_rate.saturating_mul(8),
        rx_rate_bps: report.rx_rate.saturating_mul(8),
        tx_bytes: report.tx_bytes,
        rx_bytes: report.rx_bytes,
        estimated_rate_bps: Some(report.estimated_rate.saturating_mul(8)),
        cwnd_bytes: Some(report.cwnd),
        mtu_bytes: u32::try_from(report.mtu).ok(),
        lost_packets: report.lost_packets,
        ..Path::default()
    }
}

fn state_of(report: &PathReport) -> (PathState, &'static str) {
    match report.state {
        path::PathState::Validating => (PathState::Probing, reason::VALIDATING),
        path::PathState::Up => (PathState::Up, reason::IN_USE),
        path::PathState::Standby if report.tier == link::Tier::Secondary => {
            (PathState::Standby, reason::TIER_SECONDARY)
        }
        path::PathState::Standby => (PathState::Standby, reason::TIER_BACKUP),
        path::PathState::Suspect => (PathState::Suspect, reason::SILENT),
        path::PathState::Demoted => (PathState::Suspect, reason::PEER_REQUEST),
    }
}

/// A tier in the API's words.
pub(super) fn tier(tier: link::Tier) -> Tier {
    match tier {
        link::Tier::Auto => Tier::Auto,
        link::Tier::Always => Tier::Always,
        link::Tier::Secondary => Tier::Secondary,
        link::Tier::Backup => Tier::Backup,
        link::Tier::Never => Tier::Never,
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A span in the API's unit.
pub(super) fn span_us(time: Duration) -> u64 {
    micros(time)
}

/// A moment in the API's unit.
pub(super) fn unix_us(time: SystemTime) -> u64 {
    micros(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Since when things are in their present state, by a name for each.
#[derive(Debug)]
pub(super) struct Since<K, S>(BTreeMap<K, (S, SystemTime)>);

impl<K: Ord, S: PartialEq> Since<K, S> {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Notes the present states of all that there is, and gives since when each is so, and whether that is news.
    pub(super) fn note(&mut self, now: SystemTime, states: impl Iterator<Item = (K, S)>) -> Vec<(u64, bool)> {
        let mut before = std::mem::take(&mut self.0);
        let mut noted = Vec::new();
        for (key, state) in states {
            let since = before.remove(&key).filter(|(old, _)| *old == state).map(|(_, since)| since);
            noted.push((unix_us(since.unwrap_or(now)), since.is_none()));
            self.0.insert(key, (state, since.unwrap_or(now)));
        }
        noted
    }
}

/// Resident memory of this process in bytes (proc_pid_statm(5)).
pub(super) fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * u64::try_from(rustix::param::page_size()).ok()?)
}
