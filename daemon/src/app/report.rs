//! The engine's figures in the words of the control API.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tandem::api::{Path, PathState, Tier, reason};
use tandem_engine::link;
use tandem_engine::path::{self, PathReport};

/// A rate below this, in bytes/s, is no traffic but what keeps a path alive.
const QUIET: u64 = 1_000;

/// The paths of one tunnel in the API's words; what only the owner of the links knows is left open.
pub(super) fn paths(reports: &[PathReport]) -> Vec<Path> {
    let up = reports.iter().filter(|report| report.state == path::PathState::Up);
    let best = up.map(|report| rank(report.tier)).min().unwrap_or_default();
    reports.iter().map(|report| path(report, best)).collect()
}

fn path(report: &PathReport, best: u8) -> Path {
    let (state, reason) = state_of(report, best);
    Path {
        id: Some(report.id.into()),
        tier: tier(report.tier),
        state,
        reason: reason.to_owned(),
        remote: Some(report.remote),
        rtt_us: Some(span_us(report.rtt)),
        rtt_min_us: Some(span_us(report.rtt_min)),
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

/// A healthy path waits while one of a better tier works. One of the secondary tier may carry traffic all the
/// same, when those are full.
fn state_of(report: &PathReport, best: u8) -> (PathState, &'static str) {
    let is_quiet = report.tx_rate.max(report.rx_rate) < QUIET;
    match report.state {
        path::PathState::Validating => (PathState::Probing, reason::VALIDATING),
        path::PathState::Up if rank(report.tier) > best && is_quiet => {
            let is_backup = report.tier == link::Tier::Backup;
            (PathState::Standby, if is_backup { reason::TIER_BACKUP } else { reason::TIER_SECONDARY })
        }
        path::PathState::Up => (PathState::Up, reason::IN_USE),
        path::PathState::Suspect => (PathState::Suspect, reason::SILENT),
        path::PathState::Demoted => (PathState::Suspect, reason::PEER_REQUEST),
    }
}

fn rank(tier: link::Tier) -> u8 {
    match tier {
        link::Tier::Auto | link::Tier::Always => 0,
        link::Tier::Secondary => 1,
        link::Tier::Backup => 2,
        link::Tier::Never => 3,
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

/// A span in the API's unit.
pub(super) fn span_us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A moment in the API's unit.
pub(super) fn unix_us(time: SystemTime) -> u64 {
    span_us(time.duration_since(UNIX_EPOCH).unwrap_or_default())
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
