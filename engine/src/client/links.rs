//! The client's links, and a path over each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Client, ClientEvent, State};
use crate::link::{Link, LinkId, Tier};

/// Longest pause between attempts to open a path.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// First such pause, also while the peer has not given out connection ids.
const RETRY_FIRST: Duration = Duration::from_millis(500);

/// A link, and how far its path is.
#[derive(Debug)]
pub(super) struct LinkEntry {
    pub(super) link: Link,
    /// When to try to open a path (again).
    retry_at: Option<Instant>,
    /// Attempts since the last that worked.
    failures: u32,
    /// Whether a path was opened that has not ended.
    opened: bool,
}

/// Why a link carries no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkReport {
    /// The link.
    pub link: LinkId,
    /// Its name.
    pub name: Arc<str>,
    /// How willingly it is used.
    pub tier: Tier,
    /// The stable label of why it has no path.
    pub reason: &'static str,
}

impl Client {
    /// A link can carry UDP, or what is known of it changed.
    pub fn link_up(&mut self, now: Instant, link: Link) {
        match self.links.iter_mut().find(|entry| entry.link.id == link.id) {
            Some(entry) if entry.link == link => return,
            Some(entry) => {
                entry.link = link.clone();
                entry.retry_at = Some(now);
                entry.failures = 0;
            }
            None => self.links.push(LinkEntry {
                link: link.clone(),
                retry_at: Some(now),
                failures: 0,
                opened: false,
            }),
        }
        if let Some(tunnel) = self.current_mut() {
            if link.tier == Tier::Never {
                tunnel.link_down(now, link.id);
            } else {
                tunnel.set_policy(link.id, link.policy());
            }
        }
        if link.tier == Tier::Never {
            self.link_left_race(now, link.id);
        }
        // A new link is a new chance: no reason to sit out a pause.
        match self.state {
            State::Paused { .. } => self.start_race(now),
            State::Racing(_) => self.extend_race(now),
            State::Idle | State::Asking { .. } | State::Up { .. } => {}
        }
        self.maintain_links(now);
    }

    /// A link is gone: carrier, address or route.
    pub fn link_down(&mut self, now: Instant, id: LinkId) {
        self.links.retain(|entry| entry.link.id != id);
        self.link_left_race(now, id);
        if let Some(tunnel) = self.current_mut() {
            tunnel.link_down(now, id);
        }
        self.events.push_back(ClientEvent::PathsChanged);
    }

    /// A link's address changed: what the peer knows of it is stale.
    pub fn link_moved(&mut self, now: Instant, id: LinkId) {
        if let Some(tunnel) = self.current_mut() {
            tunnel.probe_link(id);
        }
        if let Some(entry) = self.links.iter_mut().find(|entry| entry.link.id == id) {
            entry.retry_at = Some(now);
            entry.failures = 0;
        }
    }

    /// Links that carry no path, and why.
    pub fn idle_links(&self) -> Vec<LinkReport> {
        let tunnel = self.current();
        let idle =
            self.links.iter().filter(|entry| tunnel.is_none_or(|tunnel| !tunnel.has_path_on(entry.link.id)));
        idle.map(|entry| LinkReport {
            link: entry.link.id,
            name: entry.link.name.clone(),
            tier: entry.link.tier,
            reason: self.idle_reason(entry),
        })
        .collect()
    }

    fn idle_reason(&self, entry: &LinkEntry) -> &'static str {
        if entry.link.tier == Tier::Never {
            "tier-never"
        } else if !self.remotes.iter().any(|remote| entry.link.reaches(*remote)) {
            "no-gateway-address"
        } else if matches!(self.state, State::Idle) {
            "disconnected"
        } else if !self.is_up() {
            "connecting"
        } else if entry.failures > 0 {
            "unreachable"
        } else {
            "validating"
        }
    }

    /// Opens a path over each link that has none.
    pub(super) fn maintain_links(&mut self, now: Instant) {
        let State::Up { handle } = self.state else { return };
        let Some(tunnel) = self.conns.get_mut(&handle) else { return };
        for entry in self.links.iter_mut().filter(|entry| entry.link.tier != Tier::Never) {
            if tunnel.has_path_on(entry.link.id) {
                entry.opened = true;
                entry.retry_at = None;
                if tunnel.is_link_validated(entry.link.id) {
                    entry.failures = 0;
                }
                continue;
            }
            if std::mem::take(&mut entry.opened) {
                // The path ended: at once for a first retry, later and later if it keeps ending so.
                entry.failures += 1;
                entry.retry_at = Some(now + backoff(entry.failures));
            }
            if entry.retry_at.is_none_or(|at| at > now) {
                continue;
            }
            let mut remotes: Vec<_> =
                self.remotes.iter().copied().filter(|remote| entry.link.reaches(*remote)).collect();
            if remotes.is_empty() {
                entry.retry_at = None;
                continue;
            }
            let first = entry.failures as usize % remotes.len();
            remotes.rotate_left(first);
            let policy = entry.link.policy();
            entry.opened = tunnel.open_path(now, &mut self.endpoint, entry.link.id, remotes[0], policy);
            entry.retry_at = (!entry.opened).then(|| now + RETRY_FIRST);
        }
    }

    pub(super) fn next_link_retry(&self) -> Option<Instant> {
        self.links
            .iter()
            .filter(|entry| entry.link.tier != Tier::Never)
            .filter_map(|entry| entry.retry_at)
            .min()
    }
}

fn backoff(failures: u32) -> Duration {
    (RETRY_FIRST * 2_u32.saturating_pow(failures.saturating_sub(1).min(10))).min(RETRY_MAX)
}
