//! The life of a tunnel's paths: opening, silence, demotion on both ends, return, and what was in flight.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Tunnel, TunnelEvent};
use crate::congestion::Coupling;
use crate::link::{LinkId, Policy};
use crate::path::state::{AnswerTimes, Verdict};
use crate::path::{Outgoing, Path};
use crate::quic::gate::Gate;
use crate::quic::{ConnEvent, Endpoint, PathId, path_number};

/// With so much in flight on one path, bytes, the others are worth a look.
const BULK: u64 = 32 << 10;

impl Tunnel {
    /// Opens a path over `link` to `remote`. False if the peer gave no connection ids for one yet, or the
    /// connection has enough of them: try again on the next event.
    pub(crate) fn open_path(
        &mut self,
        now: Instant,
        endpoint: &mut Endpoint,
        link: LinkId,
        remote: SocketAddr,
        policy: Policy,
    ) -> bool {
        let Some(tuple) = endpoint.locals.outgoing(link, None, remote) else { return false };
        match self.conn.open_path(now, tuple) {
            Ok(Some(id)) => {
                self.paths.push(Path::new(now, id, link, remote, policy));
                self.tell_of_paths();
                self.events.push_back(TunnelEvent::PathsChanged);
                self.dirty = true;
                true
            }
            Ok(None) => {
                // noq has queued PATHS_BLOCKED or PATH_CIDS_BLOCKED for the peer.
                self.dirty = true;
                false
            }
            Err(error) => {
                tracing::debug!(%error, "a path could not be opened");
                false
            }
        }
    }

    /// The link is gone: what was under way on it is sent elsewhere at once.
    pub(crate) fn link_down(&mut self, now: Instant, link: LinkId) {
        let ids: Vec<PathId> =
            self.paths.iter().filter(|path| path.link == link).map(|path| path.id).collect();
        for id in ids {
            if let Some(path) = self.path_mut(id) {
                path.health.suspect_now(now);
            }
            self.demote(now, id);
            // The last path cannot be abandoned. It stays suspect, and is used again if the link returns.
            if self.conn.close_path(now, id) {
                self.forget_path(id);
            }
        }
        self.events.push_back(TunnelEvent::PathsChanged);
        self.dirty = true;
    }

    /// Changes how the paths over `link` are used, on both ends.
    pub(crate) fn set_policy(&mut self, link: LinkId, policy: Policy) {
        for path in self.paths.iter_mut().filter(|path| path.link == link) {
            path.set_policy(policy);
        }
        self.tell_of_paths();
    }

    /// The peer says how a path is to be used.
    pub(super) fn peer_set_policy(&mut self, id: u32, policy: Policy) {
        match self.paths.iter_mut().find(|path| path_number(path.id) == id) {
            Some(path) if path.policy() == policy => return,
            Some(path) => path.set_policy(policy),
            // Bounded by what a peer can have open at once.
            None if self.early_policies.len() < 64 => {
                self.early_policies.insert(id, policy);
            }
            None => {}
        }
        self.events.push_back(TunnelEvent::PathsChanged);
    }

    pub(super) fn drain_connection(&mut self, now: Instant, endpoint: &mut Endpoint) {
        while let Some(event) = self.conn.poll_event() {
            match event {
                ConnEvent::Connected => {
                    self.adopt_path(now, endpoint, PathId::ZERO);
                    self.validated(PathId::ZERO);
                    self.events.push_back(TunnelEvent::Connected);
                }
                ConnEvent::Lost(reason) => {
                    self.stream = None;
                    self.events.push_back(TunnelEvent::Closed(reason));
                }
                ConnEvent::PathEstablished(id) => {
                    self.adopt_path(now, endpoint, id);
                    self.validated(id);
                }
                ConnEvent::PathAbandoned(id) => {
                    self.take_back(id);
                    self.forget_path(id);
                    self.events.push_back(TunnelEvent::PathsChanged);
                }
                // Between two tandems it steers noq only, and notices say what it is about.
                ConnEvent::PeerStatus { path, backup } if self.contexts.lane.is_none() => {
                    self.peer_hears(now, path_number(path), !backup);
                }
                ConnEvent::PeerStatus { .. } => {}
                ConnEvent::StreamStopped { stream, code } => self.stream_stopped(now, stream, code),
                ConnEvent::Readable => {}
            }
        }
        self.conn.refresh_gates();
        self.follow_moves(endpoint);
    }

    /// Makes the path known that the peer opened, or on which the connection began.
    fn adopt_path(&mut self, now: Instant, endpoint: &Endpoint, id: PathId) {
        if self.paths.iter().any(|path| path.id == id) {
            return;
        }
        let Some((link, remote)) = self.conn.path_link(id, &endpoint.locals) else { return };
        let policy = self.early_policies.remove(&path_number(id)).unwrap_or_default();
        self.paths.push(Path::new(now, id, link, remote, policy));
    }

    fn validated(&mut self, id: PathId) {
        if let Some(path) = self.path_mut(id) {
            path.health.on_validated();
            self.events.push_back(TunnelEvent::PathsChanged);
        }
    }

    /// A NAT gave the peer a new address, or a packet came in elsewhere: noq migrates the path by itself. What is under
    /// way to the old address is as good as lost.
    fn follow_moves(&mut self, endpoint: &Endpoint) {
        for index in 0..self.paths.len() {
            let path = &mut self.paths[index];
            let Some((link, remote)) = self.conn.path_link(path.id, &endpoint.locals) else { continue };
            path.link = link;
            if std::mem::replace(&mut path.remote, remote) != remote {
                let id = path.id;
                self.conn.path_moved(id);
                self.take_back(id);
            }
        }
    }

    /// The peer misses answers on a path, or gets them again.
    pub(super) fn peer_hears(&mut self, now: Instant, id: u32, hears: bool) {
        let Some(path) = self.paths.iter_mut().find(|path| path_number(path.id) == id) else { return };
        let was_usable = path.health.is_usable();
        if !path.health.set_demoted(!hears) {
            return;
        }
        let (id, is_usable) = (path.id, path.health.is_usable());
        if was_usable && !is_usable {
            self.demote(now, id);
        } else if is_usable && !was_usable {
            self.conn.set_backup(id, false);
        }
        self.events.push_back(TunnelEvent::PathsChanged);
    }

    /// Applies acknowledgements and losses, and what the controllers learned from them.
    pub(super) fn settle_fates(&mut self, now: Instant) {
        let ack_path = self.paths.iter().filter(|path| path.health.is_usable()).map(|path| path.id).min();
        if std::mem::replace(&mut self.ack_path, ack_path) != ack_path {
            for path in &mut self.paths {
                path.ack_path_changed(now, self.conn.gate(path.id));
            }
        }
        let mut answered: Vec<(PathId, Instant)> = Vec::new();
        let (lost, delivered) = (&mut self.lost, &mut self.delivered);
        self.conn.collect_fates(lost, delivered, |id, sent| answered.push((id, sent)));
        self.delivered.drain(..).for_each(|twin| self.twins.delivered(twin));
        // First: a path's first answer brings its first round trip, and what was assumed until then is none.
        for path in &mut self.paths {
            path.refresh(now, &mut self.conn);
        }
        self.couple();
        for (id, sent) in answered {
            let still_due = self.conn.answers_due(id, now);
            let Some(path) = self.path_mut(id) else { continue };
            path.answered(now);
            path.health.on_answer(now, sent, still_due);
        }
        self.clear_suspicions(now);
        self.recover(now);
        self.adapt_hold();
    }

    /// Uses paths again that were silent, and are not.
    fn clear_suspicions(&mut self, now: Instant) {
        // A foreign peer sends nothing on a path but what belongs there, and its answers take any.
        let shows_itself = self.contexts.lane.is_some();
        for index in 0..self.paths.len() {
            let path = &mut self.paths[index];
            let heard = if shows_itself { path.heard() } else { now };
            let (is_found, is_cleared) = (path.health.try_find(heard), path.health.try_clear(heard));
            if is_cleared {
                path.explore();
                let (id, is_usable) = (path.id, path.health.is_usable());
                tracing::debug!(path = %id, "a silent path answers again");
                if is_usable {
                    self.conn.set_backup(id, false);
                }
                self.events.push_back(TunnelEvent::PathsChanged);
            }
            if is_found || is_cleared {
                self.tell_of_paths();
            }
        }
    }

    /// Lets controllers that grow together know how all paths stand.
    fn couple(&self) {
        let gates = || self.paths.iter().filter_map(|path| self.conn.gate(path.id));
        if !gates().next().is_some_and(Gate::is_coupled) {
            return;
        }
        let rates = || self.paths.iter().filter(|path| path.health.is_usable()).map(Path::rate);
        let coupling = Coupling { total: rates().sum(), best: rates().max().unwrap_or(0) };
        gates().for_each(|gate| gate.couple(coupling));
    }

    /// Looks at every path's clock.
    pub(super) fn check_paths(&mut self, now: Instant) {
        let mut index = 0;
        while index < self.paths.len() {
            let answers = self.answer_times(&self.paths[index]);
            let verdict = self.paths[index].health.check(now, answers);
            let id = self.paths[index].id;
            index += 1;
            match verdict {
                Verdict::Unchanged => {}
                Verdict::Late => self.question_way(now, id),
                Verdict::Doubted => {
                    // Unlike a dead path's, its packets may arrive yet: what goes twice is bounded.
                    let flight = self.conn.gate(id).map_or(0, Gate::in_flight);
                    if self.may_doubt(flight) {
                        self.take_back(id);
                    }
                }
                Verdict::Overdue => self.suspect(now, self.blame(id)),
                Verdict::Probe => {
                    self.conn.ping(id);
                    if self.ingress.bytes() > 0 {
                        // Packets wait, maybe because the last notice was lost, and no answer tells of it.
                        self.tell_of_paths();
                    }
                }
                Verdict::Failed => {
                    if self.conn.close_path(now, id) {
                        self.forget_path(id);
                        index -= 1;
                        self.events.push_back(TunnelEvent::PathsChanged);
                    }
                }
            }
        }
        self.keep_hope();
        self.refresh_unused(now);
    }

    /// How long answers on `path` may take.
    pub(super) fn answer_times(&self, path: &Path) -> AnswerTimes {
        let time = |id| self.conn.gate(id).and_then(Gate::answer_time);
        let others = self.paths.iter().filter(|other| other.id != path.id && other.health.is_usable());
        AnswerTimes {
            own: time(path.id),
            way: self.ack_path.filter(|way| *way != path.id).and_then(time),
            elsewhere: others
                .filter_map(|other| other.health.answered())
                .max()
                .filter(|_| path.loses_little()),
        }
    }

    /// Asks for the round trip of a path that bulk traffic passes by, or what made it slow would count for ever. Not
    /// for light traffic, which would keep the radio of a second link awake.
    fn refresh_unused(&mut self, now: Instant) {
        let in_flight = |path: &Path| self.conn.gate(path.id).map_or(0, |gate| gate.in_flight());
        if self.paths.iter().map(in_flight).all(|bytes| bytes < BULK) {
            return;
        }
        for path in &self.paths {
            if path.is_stale(now) && self.conn.answers_due(path.id, now) == 0 {
                self.conn.ping(path.id);
            }
        }
    }

    /// Answers on `id` are late: asks for a sign of life on the path on which they would come. With nothing under way
    /// but on one path, a dead way there and a dead way back look alike.
    ///
    /// Where several answers are late on that path and on another, and nothing comes on it, it is most likely dead on the way
    /// back, and the peer is told at once: to answer on another path costs it nothing, and waiting for certainty would
    /// stop them all.
    fn question_way(&mut self, now: Instant, id: PathId) {
        let Some(path) = self.ack_path.and_then(|way| self.path(way)) else { return };
        let way = path.id;
        let quiet = self.answer_times(path).own.is_some_and(|own| path.heard() + own / 2 <= now);
        let is_missed = quiet && path.health.lacks_answers();
        if way != id {
            self.conn.ping(way);
        }
        let elsewhere =
            |path: &Path| path.id != way && path.health.is_usable() && path.health.lacks_answers();
        if is_missed && self.contexts.lane.is_some() && self.paths.iter().any(elsewhere) {
            if let Some(path) = self.path_mut(way) {
                path.health.miss(now);
            }
            self.tell_of_paths();
        }
    }

    /// Which path is to blame for overdue answers on `id`: the one on which they would come, if nothing at all
    /// came on it since they are late.
    fn blame(&self, id: PathId) -> PathId {
        let Some(missed) = self.path(id).and_then(|path| path.health.missed_since()) else { return id };
        match self.ack_path.and_then(|way| self.path(way)) {
            Some(way) if way.health.is_usable() && way.heard() <= missed => way.id,
            _ => id,
        }
    }

    fn suspect(&mut self, now: Instant, id: PathId) {
        tracing::debug!(path = %id, "a path went silent");
        for path in &mut self.paths {
            if path.id == id {
                path.health.suspect_now(now);
            } else if self.ack_path == Some(id) {
                path.health.restart(now);
            }
        }
        self.demote(now, id);
        self.tell_of_paths();
        self.conn.ping(id);
        self.events.push_back(TunnelEvent::PathsChanged);
    }

    /// With every path silent, noq would send all acknowledgements on the lowest of them, and if that is a dead
    /// one, no other could ever prove that it works. Lets them go where something was heard last.
    fn keep_hope(&mut self) {
        let hope = if self.paths.iter().any(|path| path.health.is_usable()) {
            None
        } else {
            let validated = self.paths.iter().filter(|path| path.health.is_validated());
            validated.max_by_key(|path| path.heard()).map(|path| path.id)
        };
        let before = std::mem::replace(&mut self.hope, hope);
        if before == hope {
            return;
        }
        if let Some(gone) = before.and_then(|id| self.path(id)).filter(|path| !path.health.is_usable()) {
            self.conn.set_backup(gone.id, true);
        }
        if let Some(id) = hope {
            self.conn.set_backup(id, false);
        }
    }

    /// Takes a path out of use here and at the peer, so that neither sends acknowledgements into the void,
    /// and sends again elsewhere what is under way on it.
    fn demote(&mut self, now: Instant, id: PathId) {
        self.conn.set_backup(id, true);
        self.ingress.excuse(now);
        self.take_back(id);
    }

    fn take_back(&mut self, id: PathId) {
        let flight = self.conn.take_flight(id);
        // Without lanes the receiver could not tell a copy.
        let has_lanes = self.contexts.lane.is_some();
        let again = flight.into_iter().filter(|_| has_lanes).map(Outgoing::Again);
        let unsent = self.path_mut(id).map(Path::take_queue).unwrap_or_default();
        let twins = &mut self.twins;
        self.returned.extend(again.chain(unsent).filter_map(|item| twins.orphan(item)));
    }

    fn forget_path(&mut self, id: PathId) {
        if let Some(index) = self.paths.iter().position(|path| path.id == id) {
            let mut path = self.paths.remove(index);
            let unsent = path.take_queue().into_iter();
            self.returned.extend(unsent.filter_map(|item| self.twins.orphan(item)));
        }
    }

    /// Whether the peer has answered on a path over `link`.
    pub(crate) fn is_link_validated(&self, link: LinkId) -> bool {
        self.paths.iter().any(|path| path.link == link && path.health.is_validated())
    }

    /// Asks for a sign of life on the paths over `link`, which tells the peer of a new address, too.
    pub(crate) fn probe_link(&mut self, link: LinkId) {
        let ids: Vec<PathId> =
            self.paths.iter().filter(|path| path.link == link).map(|path| path.id).collect();
        for id in ids {
            self.conn.ping(id);
        }
        self.dirty = true;
    }
}
