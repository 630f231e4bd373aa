//! CoDel's control law (RFC 8289), without a queue around it, and with one difference: while the delay falls, a signal that
//! is due is put off. The signals come ever faster, and to a flow that is coming down they are no news.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// How often the state may remember the last time it signalled (RFC 8289, section 5).
const MEMORY_INTERVALS: u32 = 16;

/// A delay of less than this part of what it was at the last signal falls: somebody has heard. Cubic takes three tenths
/// off its window, and it takes up to two round trips until the queue is shorter by all of that.
const FALLING: f64 = 0.8;

/// What CoDel aims at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aim {
    /// Standing delay that is tolerated.
    pub(super) target: Duration,
    /// How long the delay may be above `target`: the worst round trip that flows are expected to have.
    pub(super) interval: Duration,
    /// Bytes that may stay queued however long they wait: one packet more or less is no standing queue.
    pub(super) mtu: usize,
}

/// What to do with the packet that has come to the head of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send it.
    Deliver,
    /// Tell its sender to slow down: mark and send it, or drop it and ask about the next.
    Signal,
}

/// CoDel's state for one flow.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Codel {
    /// When the delay will have been above target for an interval.
    first_above: Option<Instant>,
    /// Set while signalling.
    signalling: bool,
    /// When the next signal is due, or, while not signalling, the last one was.
    next: Option<Instant>,
    /// A signal has been given, and the next is not scheduled: that takes the verdict on the packet after it.
    reschedule: bool,
    /// Signals since the state was entered, and what that was when it was entered last.
    count: u32,
    last_count: u32,
    /// The delay when the last signal was given or put off.
    stood: Duration,
}

impl Codel {
    /// Judges a packet that waited for `sojourn` and leaves `backlog` bytes behind it.
    pub(super) fn judge(&mut self, aim: &Aim, now: Instant, sojourn: Duration, backlog: usize) -> Verdict {
        let standing = self.is_standing(aim, now, sojourn, backlog);
        if !standing {
            self.signalling = false;
            return Verdict::Deliver;
        }
        if !self.signalling {
            self.enter(aim, now);
            self.stood = sojourn;
            return Verdict::Signal;
        }
        if self.reschedule {
            self.next = self.next.map(|next| next + aim.interval_after(self.count));
            self.reschedule = false;
        }
        if self.next.is_none_or(|next| now < next) {
            return Verdict::Deliver;
        }
        let falls = sojourn < self.stood.mul_f64(FALLING);
        self.stood = sojourn;
        if falls {
            self.next = Some(now + aim.interval_after(self.count));
            return Verdict::Deliver;
        }
        self.count += 1;
        self.reschedule = true;
        Verdict::Signal
    }

    /// Notes that the flow has nothing queued.
    pub(super) fn on_empty(&mut self) {
        self.first_above = None;
        self.signalling = false;
    }

    /// Whether the delay has been above target for a whole interval.
    fn is_standing(&mut self, aim: &Aim, now: Instant, sojourn: Duration, backlog: usize) -> bool {
        if sojourn < aim.target || backlog <= aim.mtu {
            self.first_above = None;
            return false;
        }
        now >= *self.first_above.get_or_insert(now + aim.interval)
    }

    fn enter(&mut self, aim: &Aim, now: Instant) {
        // Signalling stopped only a short while ago: take up the rate that controlled the queue then.
        let gained = self.count - self.last_count;
        let recent = self
            .next
            .is_some_and(|next| now.saturating_duration_since(next) < aim.interval * MEMORY_INTERVALS);
        self.count = if gained > 1 && recent { gained } else { 1 };
        self.last_count = self.count;
        self.next = Some(now + aim.interval_after(self.count));
        self.reschedule = false;
        self.signalling = true;
    }
}

impl Aim {
    /// Time between signals, shrinking so that the throughput of TCP falls linearly with their number.
    fn interval_after(&self, count: u32) -> Duration {
        self.interval.div_f64(f64::from(count).sqrt())
    }
}
