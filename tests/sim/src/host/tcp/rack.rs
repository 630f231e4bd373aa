//! RACK: a segment is lost if one sent sufficiently later has arrived (RFC 8985, with Linux's adaptation to reordering).

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::scoreboard::{Scoreboard, Sent};

/// Reordering degree, in segments, from which RACK waits before it repeats: Linux's `tcp_reordering`.
pub(super) const INITIAL_REORDERING: u32 = 3;
/// Most that is believed of reordering, in segments: Linux's `tcp_max_reordering`.
const MAX_REORDERING: u32 = 300;
/// Recoveries that a widened window outlives (RFC 8985, section 6.2, step 4).
const PERSISTENCE: u8 = 16;
/// Least delay of the reordering timer: two ticks of Linux's clock.
pub(super) const TIMER_SLACK: Duration = Duration::from_millis(2);

/// What bounds the reordering window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Recovery, or after a timeout.
    pub(super) recovering: bool,
    pub(super) least_rtt: Duration,
    pub(super) smoothed_rtt: Duration,
}

/// The state of RACK.
#[derive(Debug)]
pub(super) struct Rack {
    /// When the newest segment that has arrived was sent, and its end.
    newest: Option<(Instant, u64)>,
    /// The round trip of that segment.
    rtt: Duration,
    /// There is news since losses were looked for.
    advanced: bool,
    /// Transmissions in order of time: segment number and how often it had been sent.
    log: VecDeque<(u64, u32)>,
    reordering_seen: bool,
    /// Degree of reordering seen, in segments.
    reordering: u32,
    /// The window, in quarters of the least round trip.
    steps: u8,
    persist: u8,
    duplicate_seen: bool,
    /// Segments delivered when the window was widened last.
    widened_at: u64,
}

impl Rack {
    pub(super) fn new() -> Self {
        Self {
            newest: None,
            rtt: Duration::ZERO,
            advanced: false,
            log: VecDeque::new(),
            reordering_seen: false,
            reordering: INITIAL_REORDERING,
            steps: 1,
            persist: 0,
            duplicate_seen: false,
            widened_at: 0,
        }
    }

    /// Reordering of more than the default has been seen.
    pub(super) fn expects_reordering(&self) -> bool {
        self.reordering > INITIAL_REORDERING
    }

    /// A segment was sent, for the `times`-th time.
    pub(super) fn on_sent(&mut self, number: u64, times: u32) {
        self.log.push_back((number, times));
    }

    /// A segment has arrived.
    pub(super) fn on_delivered(&mut self, now: Instant, sent: &Sent, least_rtt: Option<Duration>) {
        let rtt = now.saturating_duration_since(sent.at);
        // So soon after its repetition, it can only be the original (RFC 8985, section 6.2, step 2).
        if sent.is_repeated() && least_rtt.is_some_and(|least| rtt < least) {
            return;
        }
        self.advanced = true;
        self.rtt = rtt;
        if self.newest.is_none_or(|newest| (sent.at, sent.end) > newest) {
            self.newest = Some((sent.at, sent.end));
        }
    }

    /// A segment that was sent once filled a gap below `highest`: reordering of so many segments.
    pub(super) fn on_reordering(&mut self, low: u64, highest: u64, mss: u64) {
        if low < highest {
            let degree = (highest - low).div_ceil(mss).min(u64::from(MAX_REORDERING)) as u32;
            self.reordering = self.reordering.max(degree);
            self.reordering_seen = true;
        }
    }

    /// The receiver got something twice that this end had repeated, and not for a tail loss probe.
    pub(super) fn on_duplicate(&mut self) {
        self.duplicate_seen |= self.reordering_seen;
    }

    /// Widens the window once a round trip after needless repetitions, and forgets it after 16 recoveries without.
    pub(super) fn adapt(&mut self, prior_delivered: Option<u64>, delivered: u64) {
        let Some(prior) = prior_delivered else { return };
        if prior < self.widened_at {
            self.duplicate_seen = false;
        }
        if std::mem::take(&mut self.duplicate_seen) {
            self.steps = self.steps.saturating_add(1);
            self.widened_at = delivered;
            self.persist = PERSISTENCE;
        } else if self.persist == 0 {
            self.steps = 1;
        }
    }

    /// A recovery ended; `needless` if it was taken back.
    pub(super) fn on_recovered(&mut self, needless: bool) {
        self.persist =
            if needless { (self.persist + 1).min(PERSISTENCE) } else { self.persist.saturating_sub(1) };
    }

    /// A timeout came although `sacked` segments had arrived: the degree of reordering was overestimated.
    pub(super) fn on_timeout(&mut self, sacked: u32) {
        if sacked >= INITIAL_REORDERING {
            self.reordering = self.reordering.min(INITIAL_REORDERING);
        }
    }

    /// Losses have to be looked for again although nothing has arrived.
    pub(super) fn reexamine(&mut self) {
        self.advanced = true;
    }

    /// How long later a segment sent after another may be known to have arrived without the other being lost.
    fn window(&self, sacked: u32, bounds: Bounds) -> Duration {
        if !self.reordering_seen && (bounds.recovering || sacked >= self.reordering) {
            return Duration::ZERO;
        }
        (bounds.least_rtt / 4 * u32::from(self.steps)).min(bounds.smoothed_rtt)
    }

    /// Marks what is lost after an acknowledgement; see [`find_lost`](Self::find_lost).
    pub(super) fn find_lost_after_ack(
        &mut self,
        now: Instant,
        board: &mut Scoreboard,
        bounds: Bounds,
    ) -> (u32, Option<Duration>) {
        if std::mem::take(&mut self.advanced) { self.find_lost(now, board, bounds) } else { (0, None) }
    }

    /// Marks what is lost, and tells how many segments, and after what time the next may be.
    pub(super) fn find_lost(
        &mut self,
        now: Instant,
        board: &mut Scoreboard,
        bounds: Bounds,
    ) -> (u32, Option<Duration>) {
        let Some(newest) = self.newest else { return (0, None) };
        let allowed = self.rtt + self.window(board.sacked(), bounds);
        let (mut lost, mut wait) = (0, None);
        let mut at_front = true;
        let mut index = 0;
        while let Some(&(number, times)) = self.log.get(index) {
            let current = board
                .get(number)
                .filter(|sent| sent.times == times && !sent.sacked && (!sent.lost || sent.repeating));
            if let Some(sent) = current {
                if newest <= (sent.at, sent.end) {
                    break;
                }
                let remaining = (sent.at + allowed).saturating_duration_since(now);
                if remaining.is_zero() {
                    lost += u32::from(board.mark_lost(number));
                } else {
                    wait = wait.max(Some(remaining));
                    at_front = false;
                }
            }
            // What is settled leaves the log from the front; behind what still waits it stays.
            if at_front {
                self.log.pop_front();
            } else {
                index += 1;
            }
        }
        (lost, wait)
    }

    /// Whether a segment was sent so recently that a timeout does not tell it lost.
    pub(super) fn is_recent(&self, now: Instant, sent: &Sent) -> bool {
        self.newest.is_some() && sent.at + self.rtt > now
    }
}
