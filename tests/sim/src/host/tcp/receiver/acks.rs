//! When to acknowledge: delayed, at once, or compressed behind a gap (RFC 5681, section 4.2, as in Linux).

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// Longest and usual delay of an acknowledgement: Linux's `TCP_DELACK_MIN`.
const DELAY: Duration = Duration::from_millis(40);
/// Acknowledgements sent without delay at the start and after trouble: Linux's `TCP_MAX_QUICKACKS`.
const QUICK: u32 = 16;
/// A pause in which the sender may have gone back to slow start, and is acknowledged quickly again.
const LONG_PAUSE: Duration = Duration::from_secs(1);
/// Acknowledgements behind a gap that are not compressed: RFC 5681's threshold for fast retransmit.
const UNCOMPRESSED: u32 = 3;
/// Most segments that one compressed acknowledgement may stand for: Linux's `tcp_comp_sack_nr`.
const MAX_COMPRESSED: u32 = 44;
/// Longest delay of a compressed one: Linux's `tcp_comp_sack_delay_ns`.
const COMPRESSED_DELAY: Duration = Duration::from_millis(1);

/// Why an acknowledgement is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Urgency {
    /// The sender shall know at once.
    Now,
    /// Data arrived behind a gap, over a path with this round trip.
    Gap { rtt: Option<Duration> },
    /// Data arrived in order; so many bytes are not acknowledged.
    Progress { unacknowledged: u64 },
}

/// Pending acknowledgements.
#[derive(Debug)]
pub(super) struct Acks {
    mss: u64,
    due: bool,
    /// Acknowledgements still to be sent without delay.
    quick: u32,
    delayed: Option<Instant>,
    compressed: Option<Instant>,
    compressed_count: u32,
    /// Acknowledgements sent for the present gap.
    for_gap: u32,
    /// In-order bytes at the last acknowledgement sent.
    last_next: u64,
    last_arrival: Option<Instant>,
}

impl Acks {
    pub(super) fn new(mss: u64) -> Self {
        Self {
            mss,
            due: false,
            quick: QUICK,
            delayed: None,
            compressed: None,
            compressed_count: 0,
            for_gap: 0,
            last_next: 0,
            last_arrival: None,
        }
    }

    /// The next acknowledgements shall not be delayed.
    pub(super) fn be_quick(&mut self) {
        self.quick = QUICK;
    }

    /// Data arrived.
    pub(super) fn arrived(&mut self, now: Instant) {
        if self.last_arrival.replace(now).is_some_and(|last| now.saturating_duration_since(last) > LONG_PAUSE)
        {
            self.be_quick();
        }
    }

    /// Wants an acknowledgement.
    pub(super) fn request(&mut self, now: Instant, urgency: Urgency) {
        if self.quick > 0 {
            self.due = true;
            return;
        }
        match urgency {
            Urgency::Now => self.due = true,
            Urgency::Progress { unacknowledged } if unacknowledged > self.mss => self.due = true,
            Urgency::Progress { .. } => {
                self.delayed.get_or_insert(now + DELAY);
            }
            Urgency::Gap { .. } if self.for_gap < UNCOMPRESSED || self.compressed_count >= MAX_COMPRESSED => {
                self.for_gap += 1;
                self.due = true;
            }
            Urgency::Gap { rtt } => {
                let delay = rtt.map_or(COMPRESSED_DELAY, |rtt| COMPRESSED_DELAY.min(rtt / 20));
                self.compressed_count += 1;
                self.compressed.get_or_insert(now + delay);
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.delayed.into_iter().chain(self.compressed).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.due |= self.deadline().is_some_and(|deadline| deadline <= now);
    }

    /// Whether an acknowledgement of everything before `next` has to go out now; it counts as sent.
    pub(super) fn take_due(&mut self, next: u64) -> bool {
        let due = std::mem::take(&mut self.due);
        if due {
            self.quick = self.quick.saturating_sub(1);
            (self.delayed, self.compressed, self.compressed_count) = (None, None, 0);
            if self.last_next != next {
                self.for_gap = 0;
                self.last_next = next;
            }
        }
        due
    }
}
