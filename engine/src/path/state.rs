//! A path's state, the only place that changes it, and the reasons that people and scripts are shown.

use std::time::{Duration, Instant};

/// A path that was never validated is given up after this long, and tried again on another address.
pub(crate) const VALIDATION_TIMEOUT: Duration = Duration::from_secs(3);
/// Bounds of the silence after which a path is suspected. The lower one is a busy receiver's scheduling
/// delay, the upper one what a person notices.
const SUSPECT_MIN: Duration = Duration::from_millis(100);
const SUSPECT_MAX: Duration = Duration::from_secs(1);
/// So many unanswered packets in a row are no chance: whatever becomes of one, an answer to another would have come.
const EVIDENCE: u32 = 3;
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
    /// Packets that left since then and are unanswered, up to [`EVIDENCE`], and when the last of these left.
    unanswered: u32,
    evident_since: Option<Instant>,
    /// Since when an answer is late.
    late_since: Option<Instant>,
    /// Whether answers are late while another path shows that the peer is awake.
    doubted: bool,
    /// When the youngest packet left that was answered.
    answered: Option<Instant>,
    suspect: Option<Suspicion>,
    demoted: bool,
    /// Since when nothing was heard that ought to come on it.
    unheard: Option<Instant>,
    /// When the peer was last shown that it is heard on a path that is out of use.
    replied: Option<Instant>,
}

/// How long answers take, where that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AnswerTimes {
    /// On the path itself.
    pub(crate) own: Option<Duration>,
    /// On the path by which all answers come, if that is another one.
    pub(crate) way: Option<Duration>,
    /// When the youngest packet left that was answered on another path: the peer was not busy after this.
    pub(crate) elsewhere: Option<Instant>,
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
    /// An answer is late: time to find out whether it is its way that is dead.
    Late,
    /// Several answers are late, and later packets of another path have theirs: it is this path that is slow or dead.
    Doubted,
    /// An answer is overdue.
    Overdue,
    /// A suspect path is to be probed now.
    Probe,
    /// The path was never validated and is to be given up.
    Failed,
}

impl Health {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            validating_since: Some(now),
            due_since: None,
            unanswered: 0,
            evident_since: None,
            late_since: None,
            doubted: false,
            answered: None,
            suspect: None,
            demoted: false,
            unheard: None,
            replied: None,
        }
    }

    pub(crate) fn is_usable(&self) -> bool {
        self.validating_since.is_none() && self.suspect.is_none() && !self.demoted
    }

    /// Whether other paths are better for the moment.
    pub(crate) fn is_doubted(&self) -> bool {
        self.doubted
    }

    /// When the youngest packet left that was answered.
    pub(crate) fn answered(&self) -> Option<Instant> {
        self.answered
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
        if self.unanswered < EVIDENCE {
            self.unanswered += 1;
            self.evident_since = Some(now);
        }
    }

    /// An answer came to a packet that left at `sent`, while at least `still_due` others wait for theirs.
    pub(crate) fn on_answer(&mut self, now: Instant, sent: Instant, still_due: u32) {
        self.expect(now, still_due);
        self.answered = self.answered.max(Some(sent));
    }

    /// Clears a suspicion where that is due; the peer was last heard on the path at `heard`. True if it did.
    ///
    /// It takes an answer and something heard, both from after it began: the answer may have come by another path, and
    /// would not tell that this one is dead on its way back.
    pub(crate) fn try_clear(&mut self, heard: Instant) -> bool {
        let both = self.answered.map(|answered| answered.min(heard));
        self.suspect.take_if(|suspicion| both.is_some_and(|both| suspicion.since <= both)).is_some()
    }

    /// Whether several answers are late.
    pub(crate) fn lacks_answers(&self) -> bool {
        self.late_since.is_some() && self.unanswered == EVIDENCE
    }

    /// All answers were to come on this path, and none does. Other paths are better for the moment, in both directions.
    pub(crate) fn miss(&mut self, now: Instant) {
        self.unheard.get_or_insert(now);
        self.doubted = true;
    }

    /// Whether the peer had better not use it: answers are overdue, or nothing is heard that ought to come.
    pub(crate) fn is_silent(&self) -> bool {
        self.suspect.is_some() || self.unheard.is_some()
    }

    /// The peer was last heard on the path at `heard`. True if it was missed, and is from now on no more.
    pub(crate) fn try_find(&mut self, heard: Instant) -> bool {
        self.unheard.take_if(|since| *since < heard).is_some()
    }

    /// The peer was heard on the path. Whether it is to be told so now: it may use the path again once it hears us there, and
    /// nothing else is sent on a path that is out of use.
    pub(crate) fn take_reply(&mut self, now: Instant) -> bool {
        let lately = self.replied.is_some_and(|at| now.saturating_duration_since(at) < PROBE_INTERVAL / 2);
        if !self.is_validated() || self.is_usable() || lately {
            return false;
        }
        self.replied = Some(now);
        true
    }

    /// So many answers are due, from now on.
    fn expect(&mut self, now: Instant, due: u32) {
        self.due_since = (due > 0).then_some(now);
        self.unanswered = due.min(EVIDENCE);
        (self.evident_since, self.late_since, self.doubted) = (self.due_since, None, false);
    }

    /// Since when an answer is late, or due if it is not late yet.
    pub(crate) fn missed_since(&self) -> Option<Instant> {
        self.late_since.or(self.due_since)
    }

    /// Answers that are due could not arrive so far: they have all their time again.
    pub(crate) fn restart(&mut self, now: Instant) {
        if self.due_since.is_some() {
            self.expect(now, self.unanswered);
        }
    }

    /// The peer demotes the path, or takes that back. True if that is news.
    pub(crate) fn set_demoted(&mut self, demoted: bool) -> bool {
        std::mem::replace(&mut self.demoted, demoted) != demoted
    }

    /// The path is taken for dead: answers are overdue, or its link says that it is gone.
    pub(crate) fn suspect_now(&mut self, now: Instant) {
        self.suspect.get_or_insert(Suspicion { since: now, next_probe: now + PROBE_INTERVAL });
    }

    /// When to look again.
    pub(crate) fn deadline(&self, answers: AnswerTimes) -> Option<Instant> {
        if let Some(since) = self.validating_since {
            return Some(since + VALIDATION_TIMEOUT);
        }
        match &self.suspect {
            Some(suspicion) => Some(suspicion.next_probe),
            None => {
                let looks = [self.overdue_at(answers), self.late_at(answers), self.doubted_at(answers)];
                looks.into_iter().flatten().min()
            }
        }
    }

    /// Looks at the clock.
    pub(crate) fn check(&mut self, now: Instant, answers: AnswerTimes) -> Verdict {
        if self.deadline(answers).is_none_or(|deadline| now < deadline) {
            return Verdict::Unchanged;
        }
        if self.validating_since.is_some() {
            return Verdict::Failed;
        }
        let Some(suspicion) = &mut self.suspect else {
            if self.overdue_at(answers).is_some_and(|overdue| overdue <= now) {
                return Verdict::Overdue;
            }
            if self.late_at(answers).is_some_and(|late| late <= now) {
                self.late_since = Some(now);
                return Verdict::Late;
            }
            self.doubted = true;
            return Verdict::Doubted;
        };
        let quarantined = now.saturating_duration_since(suspicion.since) > QUARANTINE_AFTER;
        suspicion.next_probe = now + if quarantined { PROBE_QUARANTINED } else { PROBE_INTERVAL };
        Verdict::Probe
    }

    /// When an answer will be late that is not yet.
    fn late_at(&self, answers: AnswerTimes) -> Option<Instant> {
        let due = self.due_since.filter(|_| self.late_since.is_none())?;
        Some(due + answers.own?)
    }

    /// When the path is worth a doubt: the last of several packets has had an answer's time, and the peer answered what
    /// left later on another path.
    fn doubted_at(&self, answers: AnswerTimes) -> Option<Instant> {
        let evident = self.evident_since.filter(|_| self.unanswered == EVIDENCE && !self.doubted)?;
        answers.elsewhere.filter(|sent| *sent > evident)?;
        Some((evident + answers.own?).max(self.late_since?))
    }

    /// How long silence is borne. A single packet's: an answer's time, and another for the probe that QUIC sends when
    /// the packet was lost (RFC 9002 §6.2), with the peer's ack delay. Where several packets left, one answer's time
    /// for the last of them that counts; but the way of the answers is to have its chance to prove that it works.
    fn overdue_at(&self, answers: AnswerTimes) -> Option<Instant> {
        let due = self.due_since?;
        let Some(own) = answers.own else { return Some(due + SUSPECT_FIRST) };
        let single = due + (own * 2 + ACK_DELAYS).clamp(SUSPECT_MIN, SUSPECT_MAX);
        let Some(evident) = self.evident_since.filter(|_| self.unanswered == EVIDENCE) else {
            return Some(single);
        };
        let several = (evident + own + ACK_DELAYS).max(due + SUSPECT_MIN);
        let proven = answers.way.map_or(due, |way| self.late_since.unwrap_or(due + own) + way);
        Some(single.min(several.max(proven)))
    }
}

#[cfg(test)]
mod tests;
