//! Losses: when to take them for real, how the window shrinks, and when that is taken back. Follows Linux's
//! `tcp_fastretrans_alert` and `tcp_process_loss`.

use std::time::Instant;

use super::super::prr::Prr;
use super::ack::News;
use super::{Phase, Transfer};

impl Transfer {
    /// Looks for losses after an acknowledgement, and moves from phase to phase.
    pub(super) fn alert(&mut self, now: Instant, prior_una: u64, news: &mut News) {
        if news.congestion {
            // The network said it: this reduction is right.
            self.undo.threshold = None;
        }
        if self.phase == Phase::Open {
            self.undo.repeated_at = None;
        } else if self.board.una() >= self.high {
            self.complete(news);
        }
        match self.phase {
            Phase::Recovery => {
                if news.advanced && self.undo_partial(prior_una, news) {
                    return;
                }
                if self.undo_by_duplicates() {
                    self.settle(news);
                }
                self.find_losses(now, news);
                if self.phase == Phase::Recovery || self.board.lost() == 0 {
                    return;
                }
            }
            Phase::Loss => {
                self.process_loss(now, news);
                self.find_losses(now, news);
                if self.phase != Phase::Open && !news.lost_repetition {
                    return;
                }
            }
            Phase::Open | Phase::Disorder | Phase::Reducing => {
                if self.phase <= Phase::Disorder {
                    self.undo_by_duplicates();
                }
                self.find_losses(now, news);
            }
        }
        if self.board.lost() == 0 {
            self.settle(news);
        } else {
            self.enter_recovery(!news.congestion);
        }
    }

    /// Everything that was out when the phase began is acknowledged.
    fn complete(&mut self, news: &News) {
        match self.phase {
            Phase::Reducing if self.board.una() > self.high => {
                self.end_reduction();
                self.phase = Phase::Open;
            }
            Phase::Recovery => {
                self.undo_recovery(news);
                self.end_reduction();
            }
            Phase::Open | Phase::Disorder | Phase::Reducing | Phase::Loss => {}
        }
        if self.phase == Phase::Open {
            self.keep_open();
        }
    }

    fn find_losses(&mut self, now: Instant, news: &mut News) {
        let repeating = self.board.repeating();
        let bounds = self.bounds();
        let (lost, wait) = self.rack.find_lost_after_ack(now, &mut self.board, bounds);
        news.lost += lost;
        news.lost_repetition |= self.board.repeating() < repeating;
        news.waits_for_reordering |= self.wait_for_reordering(now, wait);
    }

    /// Nothing is lost: open, disordered, or shrinking because of ECN.
    fn settle(&mut self, news: &News) {
        if !self.has_repeated() {
            self.undo.repeated_at = None;
        }
        if news.congestion && self.phase < Phase::Reducing {
            self.undo = Default::default();
            self.begin_reduction();
            self.phase = Phase::Reducing;
            self.stats.ecn_reductions += 1;
        }
        if self.phase != Phase::Reducing {
            self.keep_open();
        }
    }

    /// Open, or disordered if anything is unsettled.
    pub(super) fn keep_open(&mut self) {
        let unsettled = self.board.sacked() > 0 || self.board.lost() > 0 || self.has_repeated();
        let phase = if unsettled { Phase::Disorder } else { Phase::Open };
        if self.phase != phase {
            self.phase = phase;
            self.high = self.board.next();
        }
    }

    /// Something that is not acknowledged may have been sent twice.
    fn has_repeated(&self) -> bool {
        self.board.repeating() > 0 || self.board.front().is_some_and(|sent| sent.is_repeated())
    }

    /// Fast recovery begins; what it does to the window can be taken back if `may_undo`.
    pub(super) fn enter_recovery(&mut self, may_undo: bool) {
        self.init_undo();
        if !self.is_reducing() {
            self.undo.threshold = may_undo.then(|| self.window.current_threshold());
            self.begin_reduction();
        }
        self.phase = Phase::Recovery;
        self.stats.recoveries += 1;
    }

    fn init_undo(&mut self) {
        self.undo.marker = Some(self.board.una());
        let probing = u32::from(self.probe.until.is_some() && self.probe.repeated);
        // Repetitions that are still on their way may be answered as needless later.
        self.undo.outstanding = Some(self.board.repeating() + probing).filter(|&count| count > 0);
    }

    /// The window begins to shrink to what congestion control says.
    pub(super) fn begin_reduction(&mut self) {
        self.high = self.board.next();
        self.probe.until = None;
        self.undo.window = self.window.segments;
        self.prr = Prr::begin(self.window.segments);
        self.window.threshold = self.congestion.on_congestion(&self.window);
        self.cwr_due = self.agreed.ecn;
    }

    /// Sets the window while it shrinks.
    pub(super) fn reduce(&mut self, delivered: u32, good: bool) {
        if let Some(segments) =
            self.prr.window(delivered, self.board.in_flight(), self.window.threshold, good)
        {
            self.window.reset(segments);
        }
    }

    /// The window has shrunk as far as it shall.
    pub(super) fn end_reduction(&mut self) {
        let shrinks = self.phase == Phase::Reducing || self.undo.marker.is_some();
        if !self.congestion.sets_window() && self.window.threshold < u32::MAX && shrinks {
            self.window.reset(self.window.threshold);
        }
    }

    /// A timeout: everything not known to have arrived is lost, but for what was sent just now.
    pub(super) fn enter_loss(&mut self, now: Instant) {
        let new = self.phase < Phase::Recovery;
        if let Some((first, last)) = self.board.bounds() {
            for number in first..=last {
                let recent = self.board.get(number).is_some_and(|sent| self.rack.is_recent(now, sent));
                if number == first || !recent {
                    self.board.mark_lost(number);
                }
            }
        }
        let first_timeout = self.backoff == 0;
        if self.phase <= Phase::Disorder
            || self.high <= self.board.una()
            || (self.phase == Phase::Loss && first_timeout)
        {
            self.undo.threshold = Some(self.window.current_threshold());
            self.undo.window = self.window.segments;
            self.window.threshold = self.congestion.on_congestion(&self.window);
            self.congestion.on_timeout(now, self.board.next());
            self.init_undo();
        }
        self.window.reset(self.board.in_flight() + 1);
        if self.phase <= Phase::Disorder {
            self.rack.on_timeout(self.board.sacked());
        }
        self.phase = Phase::Loss;
        self.high = self.board.next();
        self.cwr_due = self.agreed.ecn;
        self.checking_timeout = new || !first_timeout;
        self.probe.until = None;
    }

    /// An acknowledgement after a timeout, which may show that it was needless (RFC 5682, section 3.1).
    fn process_loss(&mut self, now: Instant, news: &News) {
        let recovered = self.board.una() >= self.high;
        if news.advanced && self.undo_loss(news, false) {
            return;
        }
        if self.checking_timeout {
            if news.original && self.undo_loss(news, true) {
                return;
            }
            if self.board.next() > self.high {
                if news.sacked || (!news.advanced && !news.duplicate) {
                    self.checking_timeout = false;
                }
            } else if news.advanced && !recovered {
                self.high = self.board.next();
                self.new_data_first = self.has_new_data(now);
                self.checking_timeout = self.new_data_first;
            }
        }
        if recovered {
            self.undo_recovery(news);
        }
    }

    /// What was acknowledged left before it was repeated (RFC 3522).
    fn was_delayed(&self, news: &News) -> bool {
        self.undo.repeated_at.is_some_and(|at| (news.echo.wrapping_sub(at) as i32) < 0)
    }

    fn may_undo(&self, news: &News) -> bool {
        self.undo.marker.is_some() && (self.undo.outstanding == Some(0) || self.was_delayed(news))
    }

    /// Sets the window back to what it was.
    fn undo_reduction(&mut self, unmark: bool) {
        if unmark {
            self.board.clear_lost();
        }
        if let Some(threshold) = self.undo.threshold {
            self.window.segments = self.congestion.on_undo(self.undo.window, self.window.segments);
            self.window.threshold = self.window.threshold.max(threshold);
            self.cwr_due = false;
        }
        self.undo.marker = None;
        self.rack.reexamine();
        self.stats.undone += 1;
    }

    fn undo_recovery(&mut self, news: &News) {
        if self.may_undo(news) {
            self.undo_reduction(false);
        } else {
            self.rack.on_recovered(false);
        }
        self.phase = Phase::Open;
        self.checking_timeout = false;
    }

    /// Each repetition has been answered as needless.
    fn undo_by_duplicates(&mut self) -> bool {
        let needless = self.undo.marker.is_some() && self.undo.outstanding == Some(0);
        if needless {
            self.rack.on_recovered(true);
            self.undo_reduction(false);
        }
        needless
    }

    /// A gap was filled by what had been late; true if there is nothing to look for now.
    fn undo_partial(&mut self, prior_una: u64, news: &News) -> bool {
        if self.undo.marker.is_none() || !self.was_delayed(news) {
            return false;
        }
        self.rack.on_reordering(prior_una, self.board.highest_sacked(), u64::from(self.agreed.mss));
        if self.board.repeating() > 0 {
            return true;
        }
        if !self.has_repeated() {
            self.undo.repeated_at = None;
        }
        self.undo_reduction(true);
        self.keep_open();
        false
    }

    /// The timeout was needless, certainly if `proven`.
    fn undo_loss(&mut self, news: &News, proven: bool) -> bool {
        if !proven && !self.may_undo(news) {
            return false;
        }
        self.undo_reduction(true);
        self.checking_timeout = false;
        self.backoff = 0;
        self.phase = Phase::Open;
        self.keep_open();
        true
    }
}
