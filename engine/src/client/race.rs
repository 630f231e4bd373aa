//! The first handshake, over all links and to all addresses at once.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{ASK_TIMEOUT, Client, ClientEvent, State};
use crate::error::{CloseReason, code};
use crate::h3;
use crate::link::{LinkId, Tier};
use crate::tunnel::Tunnel;

/// Between attempts over one link: the "connection attempt delay" of RFC 8305 §5.
const STAGGER: Duration = Duration::from_millis(250);
/// A race without a winner ends after this long; another follows after a pause.
const RACE_TIMEOUT: Duration = Duration::from_secs(10);
/// Attempts under way at once. Each costs both ends a handshake.
const MAX_ATTEMPTS: usize = 16;

/// A race under way.
#[derive(Debug)]
pub(super) struct Race {
    ends: Instant,
    waiting: Vec<(Instant, LinkId, SocketAddr)>,
    running: Vec<(usize, LinkId, SocketAddr)>,
    /// The most telling failure so far.
    failure: Option<CloseReason>,
}

impl Race {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|(at, ..)| *at).chain([self.ends]).min()
    }

    fn covers(&self, link: LinkId, remote: SocketAddr) -> bool {
        self.waiting.iter().any(|(_, l, r)| (*l, *r) == (link, remote))
            || self.running.iter().any(|(_, l, r)| (*l, *r) == (link, remote))
    }
}

impl Client {
    pub(super) fn start_race(&mut self, now: Instant) {
        self.state = State::Racing(Race {
            ends: now + RACE_TIMEOUT,
            waiting: Vec::new(),
            running: Vec::new(),
            failure: None,
        });
        self.extend_race(now);
    }

    /// Adds what is not in the race yet: a link that came up, an address that was resolved.
    pub(super) fn extend_race(&mut self, now: Instant) {
        let State::Racing(race) = &mut self.state else { return };
        for entry in self.links.iter().filter(|entry| entry.link.tier != Tier::Never) {
            let remotes = self.remotes.iter().filter(|remote| entry.link.reaches(**remote));
            for (rank, remote) in interleave(remotes.copied()).into_iter().enumerate() {
                if !race.covers(entry.link.id, remote) {
                    race.waiting.push((now + STAGGER * rank as u32, entry.link.id, remote));
                }
            }
        }
        self.check_race(now);
    }

    /// Starts what is due, and ends what takes too long.
    pub(super) fn check_race(&mut self, now: Instant) {
        match &mut self.state {
            State::Idle | State::Up { .. } => {}
            State::Paused { until } if *until <= now => self.start_race(now),
            State::Paused { .. } => {}
            State::Asking { handle, .. } => {
                if self.asked_at.is_some_and(|at| at + ASK_TIMEOUT <= now) {
                    if let Some(tunnel) = self.conns.get_mut(handle) {
                        tunnel.close(now, code::NO_ERROR, "no answer in time");
                    }
                    self.fail(now, ClientEvent::Down { reason: CloseReason::TimedOut }, false);
                }
            }
            State::Racing(race) => {
                let due = extract_due(race, now);
                for (link, remote) in due {
                    self.attempt(now, link, remote);
                }
                if let State::Racing(race) = &self.state
                    && race.ends <= now
                {
                    let reason = race.failure.clone().unwrap_or(CloseReason::TimedOut);
                    self.abort_attempts(now, None);
                    self.fail(now, ClientEvent::Down { reason }, false);
                }
            }
        }
    }

    fn attempt(&mut self, now: Instant, link: LinkId, remote: SocketAddr) {
        match self.endpoint.connect(now, self.quic.clone(), link, remote) {
            Ok((handle, conn)) => {
                let mut tunnel = Tunnel::new(conn, h3::Role::Client, self.seed, self.rules.clone());
                tunnel.set_duplication(self.duplication);
                self.conns.insert(handle, tunnel);
                if let State::Racing(race) = &mut self.state {
                    race.running.push((handle, link, remote));
                }
            }
            Err(error) => tracing::debug!(%error, "an attempt to connect could not start"),
        }
    }

    /// The first handshake that is through wins; the others end.
    pub(super) fn attempt_won(&mut self, now: Instant, handle: usize) {
        if !matches!(&self.state, State::Racing(race) if race.running.iter().any(|(won, ..)| *won == handle))
        {
            return;
        }
        self.abort_attempts(now, Some(handle));
        if let Some(tunnel) = self.conns.get_mut(&handle) {
            for entry in &self.links {
                tunnel.set_policy(entry.link.id, entry.link.policy());
            }
        }
        self.state = State::Asking { handle, stream: None, answer: None };
        self.asked_at = Some(now);
    }

    pub(super) fn attempt_lost(&mut self, now: Instant, handle: usize, reason: CloseReason) {
        let State::Racing(race) = &mut self.state else { return };
        let before = race.running.len();
        race.running.retain(|(lost, ..)| *lost != handle);
        if race.running.len() == before {
            return;
        }
        if race.failure.is_none() || matches!(reason, CloseReason::WrongPin(_)) {
            race.failure = Some(reason);
        }
        if race.running.is_empty() && race.waiting.is_empty() {
            let reason = race.failure.clone().unwrap_or(CloseReason::TimedOut);
            self.fail(now, ClientEvent::Down { reason }, false);
        }
    }

    /// A link went: its attempts are hopeless.
    pub(super) fn link_left_race(&mut self, now: Instant, link: LinkId) {
        let State::Racing(race) = &mut self.state else { return };
        race.waiting.retain(|(_, waiting, _)| *waiting != link);
        let hopeless: Vec<usize> = race
            .running
            .iter()
            .filter(|(_, running, _)| *running == link)
            .map(|(handle, ..)| *handle)
            .collect();
        race.running.retain(|(_, running, _)| *running != link);
        for handle in hopeless {
            self.drop_conn(now, handle);
        }
    }

    fn abort_attempts(&mut self, now: Instant, except: Option<usize>) {
        let State::Racing(race) = &mut self.state else { return };
        let losers: Vec<usize> = race.running.drain(..).map(|(handle, ..)| handle).collect();
        for handle in losers.into_iter().filter(|handle| Some(*handle) != except) {
            self.drop_conn(now, handle);
        }
    }

    /// Closes a connection that nobody needs. It goes once the peer was told.
    fn drop_conn(&mut self, now: Instant, handle: usize) {
        if let Some(tunnel) = self.conns.get_mut(&handle) {
            tunnel.close(now, code::NO_ERROR, "another link was faster");
        }
    }
}

fn extract_due(race: &mut Race, now: Instant) -> Vec<(LinkId, SocketAddr)> {
    let room = MAX_ATTEMPTS.saturating_sub(race.running.len());
    let mut due = Vec::new();
    race.waiting.retain(|(at, link, remote)| {
        let is_due = *at <= now && due.len() < room;
        if is_due {
            due.push((*link, *remote));
        }
        !is_due
    });
    due
}

/// Alternates families, IPv6 first as RFC 8305 §4 asks, each in its own order.
fn interleave(remotes: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let (six, four): (Vec<SocketAddr>, Vec<SocketAddr>) = remotes.partition(SocketAddr::is_ipv6);
    let mut merged = Vec::with_capacity(six.len() + four.len());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    loop {
        let pair = [six.next(), four.next()];
        if pair.iter().all(Option::is_none) {
            return merged;
        }
        merged.extend(pair.into_iter().flatten());
    }
}
