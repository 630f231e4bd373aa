//! A path's state, the only place that changes it, and the reasons that people and scripts are shown.

use std::time::{Duration, Instant};

/// A path that was never validated is given up after this long, and tried again on another address.
pub(crate) const VALIDATION_TIMEOUT: Duration = Duration::from_secs(3);
/// Bounds of the silence after which a path is suspected. The lower one is a busy receiver's scheduling
/// delay, the upper one what a person notices.
const SUSPECT_MIN: Duration = Duration::from_millis(100);
const SUSPECT_MAX: Duration = Duration::from_secs(1);
/// Two times the delay that a receiver may add to an acknowledgement (RFC 9000 §18.2).
const ACK_DELAYS: Duration = Duration::from_millis(50);
/// Before a path has answered anything.
const SUSPECT_FIRST: Duration = Duration::from_millis(500);
/// Interval of a suspect path's probes. A link that passes packets again is found within it and a round trip.
const PROBE_INTERVAL: Duration = Duration::from_millis(200);
/// After this long without an answer, probes become rare, for the battery's sake.
const QUARANTINE_AFTER: Duration = Duration::from_secs(60);
const PROBE_QUARANTINED: Duration = Duration::from_secs(5);

/// What a path can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathState {
    /// Opened, and the peer has not answered on it yet.
    Validating,
    /// Carries packets.
    Up,
    /// Answers are overdue: no packets, only probes.
    Suspect,
    /// The peer asked us not to use it: its answers are overdue there.
    Demoted,
}

impl PathState {
    /// The stable label of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validating => "probing",
            Self::Up => "up",
            Self::Suspect | Self::Demoted => "suspect",
        }
    }

    /// The stable label of why the path is, or is not, used.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Validating => "validating",
            Self::Up => "in-use",
            Self::Suspect => "silent",
            Self::Demoted => "silent-at-peer",
        }
    }
}

/// Whether a path is alive: judged from silence where an answer is due.
#[derive(Debug)]
pub(crate) struct Health {
    validating_since: Option<Instant>,
    /// Since when an answer is due: the first packet sent after the last answer.
    due_since: Option<Instant>,
    suspect: Option<Suspicion>,
    demoted: bool,
}

#[derive(Debug)]
struct Suspicion {
    since: Instant,
    next_probe: Instant,
}

/// What became of a look at the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing new.
    Unchanged,
    /// An answer is overdue.
    Overdue,
    /// A suspect path is to be probed now.
    Probe,
    /// The path was never validated and is to be given up.
    Failed,
}

impl Health {
    pub(crate) fn new(now: Instant) -> Self {
        Self { validating_since: Some(now), due_since: None, suspect: None, demoted: false }
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.validating_since.is_none() && self.suspect.is_none() && !self.demoted
    }

    pub(crate) fn is_validated(&self) -> bool {
        self.validating_since.is_none()
    }

    pub(crate) fn state(&self) -> PathState {
        if self.validating_since.is_some() {
            PathState::Validating
        } else if self.suspect.is_some() {
            PathState::Suspect
        } else if self.demoted {
            PathState::Demoted
        } else {
            PathState::Up
        }
    }

    pub(crate) fn on_validated(&mut self) {
        self.validating_since = None;
    }

    /// A packet that asks for an answer left.
    pub(crate) fn on_sent(&mut self, now: Instant) {
        self.due_since.get_or_insert(now);
    }

    /// An answer came to a packet that left at `sent`; `more_due`: other packets still wait for theirs. True if
    /// that clears a suspicion: an answer to what left before it only tells of better times.
    pub(crate) fn on_answer(&mut self, now: Instant, sent: Instant, more_due: bool) -> bool {
        self.due_since = more_due.then_some(now);
        self.suspect.take_if(|suspicion| suspicion.since <= sent).is_some()
    }

    /// Since when an answer is due, if one is.
    pub(crate) fn due_since(&self) -> Option<Instant> {
        self.due_since
    }

    /// Answers that are due could not arrive so far: they have all their time again.
    pub(crate) fn restart(&mut self, now: Instant) {
        if let Some(since) = &mut self.due_since {
            *since = now;
        }
    }

    /// The peer demotes the path, or takes that back.
    pub(crate) fn set_demoted(&mut self, demoted: bool) {
        self.demoted = demoted;
    }

    /// The path is taken for dead: answers are overdue, or its link says that it is gone.
    pub(crate) fn suspect_now(&mut self, now: Instant) {
        self.suspect.get_or_insert(Suspicion { since: now, next_probe: now + PROBE_INTERVAL });
    }

    /// When to look again.
    pub(crate) fn deadline(&self, answer_time: Option<Duration>) -> Option<Instant> {
        if let Some(since) = self.validating_since {
            return Some(since + VALIDATION_TIMEOUT);
        }
        match &self.suspect {
            Some(suspicion) => Some(suspicion.next_probe),
            None => self.due_since.map(|since| since + patience(answer_time)),
        }
    }

    /// Looks at the clock.
    pub(crate) fn check(&mut self, now: Instant, answer_time: Option<Duration>) -> Verdict {
        if self.deadline(answer_time).is_none_or(|deadline| now < deadline) {
            return Verdict::Unchanged;
        }
        if self.validating_since.is_some() {
            return Verdict::Failed;
        }
        let Some(suspicion) = &mut self.suspect else { return Verdict::Overdue };
        let quarantined = now.saturating_duration_since(suspicion.since) > QUARANTINE_AFTER;
        suspicion.next_probe = now + if quarantined { PROBE_QUARANTINED } else { PROBE_INTERVAL };
        Verdict::Probe
    }
}

/// How long silence is borne: an answer's time, and another for the probe that QUIC sends when the first packet
/// was lost (RFC 9002 §6.2), with the peer's ack delay.
fn patience(answer_time: Option<Duration>) -> Duration {
    answer_time.map_or(SUSPECT_FIRST, |expected| (expected * 2 + ACK_DELAYS).clamp(SUSPECT_MIN, SUSPECT_MAX))
}

#[cfg(test)]
mod tests;
