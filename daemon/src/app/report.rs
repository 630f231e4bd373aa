//! The engine's figures in the words of the control API.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tandem::api::{Path, PathDirection, PathState, Tier, reason};
use tandem_engine::link;
use tandem_engine::path::{self, PathReport, Told, Usage};

/// The paths of one tunnel in the API's words; what only the owner of the links knows is left open.
pub(super) fn paths(reports: &[PathReport]) -> Vec<Path> {
    reports.iter().map(path).collect()
}

fn path(report: &PathReport) -> Path {
    let (tx, rx) = (sending(report), receiving(report));
    // A path that either end uses is in use.
    let shown = if rx.state == Some(PathState::Up) { &rx } else { &tx };
    Path {
        id: Some(report.id.into()),
        tier: tier(report.tier),
        state: shown.state.unwrap_or_default(),
        reason: shown.reason.clone().unwrap_or_default(),
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
        tx: Some(tx),
        rx: Some(rx),
        told_age_us: report.told.map(|told| span_us(told.age)),
        ..Path::default()
    }
}

/// What this end sends: measured here, but for the order in which it arrives.
fn sending(report: &PathReport) -> PathDirection {
    let (state, reason) = state_of(report, report.usage);
    let told = report.told.map(|told| told.account);
    PathDirection {
        state: Some(state),
        reason: Some(reason.to_owned()),
        rate_bps: report.tx_rate.saturating_mul(8),
        estimated_rate_bps: Some(report.estimated_rate.saturating_mul(8)),
        share_ratio: report.tx_share,
        rtt_us: Some(span_us(report.rtt)),
        rtt_min_us: Some(span_us(report.rtt_min)),
        delay_difference_us: report.delay_difference.map(span_us),
        loss_ratio: Some(report.loss),
        lost_packets: Some(report.lost_packets),
        retransmitted_packets: Some(report.retransmitted),
        duplicated_packets: Some(report.duplicated),
        reordered_packets: told.map(|told| told.reordered),
        held_packets: told.map(|told| told.held),
        queue_bytes: Some(report.queued),
    }
}

/// What this end receives: told by the other end, but for the rate and the order in which it arrives.
fn receiving(report: &PathReport) -> PathDirection {
    let told = report.told.map(|told| told.account);
    let fresh = report.told.as_ref().and_then(Told::fresh);
    let state = fresh.map(|told| state_of(report, told.usage));
    PathDirection {
        state: state.map(|(state, _)| state),
        reason: state.map(|(_, reason)| reason.to_owned()),
        rate_bps: report.rx_rate.saturating_mul(8),
        estimated_rate_bps: told.map(|told| told.estimated_rate.saturating_mul(8)),
        share_ratio: report.rx_share,
        rtt_us: told.map(|told| span_us(told.rtt)),
        rtt_min_us: told.map(|told| span_us(told.rtt_min)),
        delay_difference_us: told.and_then(|told| told.delay_difference).map(span_us),
        loss_ratio: fresh.map(|told| told.loss),
        lost_packets: told.map(|told| told.lost_packets),
        retransmitted_packets: told.map(|told| told.retransmitted),
        duplicated_packets: told.map(|told| told.duplicated),
        reordered_packets: Some(report.reordered),
        held_packets: Some(report.held),
        queue_bytes: fresh.map(|told| told.queued),
    }
}

/// State and reason of the direction whose sender uses a path so.
fn state_of(report: &PathReport, usage: Usage) -> (PathState, &'static str) {
    match (report.state, usage) {
        (path::PathState::Validating, _) => (PathState::Probing, reason::VALIDATING),
        (path::PathState::Suspect, _) => (PathState::Suspect, reason::SILENT),
        (path::PathState::Demoted, _) => (PathState::Suspect, reason::PEER_REQUEST),
        (path::PathState::Up, Usage::InUse) => (PathState::Up, reason::IN_USE),
        (path::PathState::Up, Usage::Standby) if report.tier == link::Tier::Backup => {
            (PathState::Standby, reason::TIER_BACKUP)
        }
        (path::PathState::Up, Usage::Standby) => (PathState::Standby, reason::TIER_SECONDARY),
        (path::PathState::Up, Usage::TooSlow) => (PathState::Standby, reason::TOO_SLOW),
        (path::PathState::Up, Usage::TooLossy) => (PathState::Standby, reason::TOO_LOSSY),
        (path::PathState::Up, Usage::Unusable) if report.tier == link::Tier::Never => {
            (PathState::Standby, reason::TIER_NEVER)
        }
        // The other end takes it for silent. That it does not want it used is news that comes by itself.
        (path::PathState::Up, Usage::Unusable) => (PathState::Suspect, reason::PEER_REQUEST),
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

#[cfg(test)]
mod tests;
