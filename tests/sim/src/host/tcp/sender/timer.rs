//! The one retransmission timer, which serves four purposes, as in Linux.

use std::time::{Duration, Instant};

use super::super::rack::TIMER_SLACK;
use super::super::rtt::{MAX_TIMEOUT, MIN_VARIATION};
use super::{Phase, Transfer};

/// Timeout of a tail loss probe before the first round trip is known.
const INITIAL_PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// What it stands for when it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    /// Nothing came back (RFC 6298).
    Timeout,
    /// The tail of what was sent may be lost (RFC 8985, section 7).
    TailProbe,
    /// What could have been late is lost (RFC 8985, section 6.3).
    Reordering,
    /// The peer's window has been closed for long (RFC 9293, section 3.8.6.1).
    ClosedWindow,
}

impl Transfer {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let timer = self.timer.map(|(at, _)| at);
        [timer, self.pacing.wakes(), self.source_wakes].into_iter().flatten().min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let Some((_, timer)) = self.timer.take_if(|(at, _)| *at <= now) else { return };
        match timer {
            Timer::Timeout => self.on_timeout(now),
            Timer::TailProbe => self.on_tail_probe(now),
            Timer::Reordering => self.on_reordering(now),
            Timer::ClosedWindow => {
                self.window_probe_due = true;
                self.backoff += 1;
            }
        }
    }

    fn on_timeout(&mut self, now: Instant) {
        self.enter_loss(now);
        self.stats.timeouts += 1;
        self.stats.window.record(now, self.window.segments);
        self.backoff += 1;
        self.timer = Some((now + self.timeout(), Timer::Timeout));
    }

    /// One probe at a time: new data if there is some, else the last segment again.
    fn on_tail_probe(&mut self, now: Instant) {
        self.probe.due = self.probe.until.is_none();
        if !self.probe.due {
            self.rearm_timeout(now);
        }
    }

    fn on_reordering(&mut self, now: Instant) {
        let bounds = self.bounds();
        let (lost, wait) = self.rack.find_lost(now, &mut self.board, bounds);
        if lost > 0 && self.phase != Phase::Recovery {
            self.enter_recovery(true);
            if !self.congestion.sets_window() {
                self.reduce(1, false);
            }
        }
        if !self.wait_for_reordering(now, wait) {
            self.rearm_timeout(now);
        }
    }

    /// Sets the reordering timer, if there is something to wait for.
    pub(super) fn wait_for_reordering(&mut self, now: Instant, wait: Option<Duration>) -> bool {
        if let Some(wait) = wait {
            let wait = (wait + TIMER_SLACK).min(self.timeout());
            self.timer = Some((now + wait, Timer::Reordering));
        }
        wait.is_some()
    }

    /// Sets the timer after progress or new data: a probe where one is due, else the timeout.
    pub(super) fn rearm(&mut self, now: Instant) {
        if !self.schedule_probe(now) {
            self.rearm_timeout(now);
        }
    }

    /// The retransmission timeout, doubled for each one in a row.
    pub(super) fn timeout(&self) -> Duration {
        (self.rtt.timeout() * (1 << self.backoff.min(10))).min(MAX_TIMEOUT)
    }

    pub(super) fn rearm_timeout(&mut self, now: Instant) {
        let Some(front) = self.board.front() else {
            self.timer = None;
            return;
        };
        let instead = matches!(self.timer, Some((_, Timer::Reordering | Timer::TailProbe)));
        let at =
            if instead { (front.at + self.timeout()).max(now + TIMER_SLACK) } else { now + self.timeout() };
        self.timer = Some((at, Timer::Timeout));
    }

    /// Sets the timer for a probe of the tail, unless losses are being repaired.
    pub(super) fn schedule_probe(&mut self, now: Instant) -> bool {
        let Some(front) = self.board.front() else { return false };
        if !matches!(self.phase, Phase::Open | Phase::Reducing) {
            return false;
        }
        let wait = match self.rtt.smoothed() {
            // One segment alone may be waiting for a delayed acknowledgement.
            Some(rtt) if self.board.out() == 1 => 2 * rtt + MIN_VARIATION,
            Some(rtt) => 2 * rtt + TIMER_SLACK,
            None => INITIAL_PROBE_TIMEOUT,
        };
        let timeout = (front.at + self.timeout()).max(now);
        self.timer = Some(((now + wait).min(timeout), Timer::TailProbe));
        true
    }
}
