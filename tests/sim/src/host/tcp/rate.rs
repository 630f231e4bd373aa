//! Delivery rate samples (draft-cheng-iccrg-delivery-rate-estimation, as in Linux's `tcp_rate.c`).
//!
//! Each segment remembers how much had been delivered when it left; when it is delivered itself, the difference over
//! the time in between is a sample of what the path carries.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// What a segment remembers of the moment when it left.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateStamp {
    delivered: u64,
    delivered_at: Instant,
    first_sent: Instant,
    app_limited: bool,
}

/// What one acknowledgement tells about rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateSample {
    /// Segments delivered before the newest segment acknowledged here was sent.
    pub(super) prior_delivered: Option<u64>,
    /// Segments delivered since, and the time that took; nothing if it says nothing.
    pub(super) delivered: Option<(u64, Duration)>,
    /// The sender had nothing more to send then.
    pub(super) app_limited: bool,
    /// Segments newly acknowledged or SACKed.
    pub(super) acked: u32,
    /// Segments newly found lost.
    pub(super) losses: u32,
    /// Segments in flight before.
    pub(super) prior_in_flight: u32,
    /// Round trip of the newest segment that was sent once.
    pub(super) rtt: Option<Duration>,
}

/// A sample that is still being collected: the newest delivered segment's memory.
#[derive(Debug, Default)]
pub(super) struct Pending {
    newest: Option<(Instant, u64, RateStamp)>,
}

/// Counts deliveries of one connection.
#[derive(Debug)]
pub(super) struct RateSampler {
    /// Segments delivered so far.
    delivered: u64,
    delivered_at: Instant,
    /// Send time of the newest delivered segment: begin of the sending interval of what is sent now.
    first_sent: Instant,
    /// Samples are application-limited until so many segments are delivered.
    limited_until: Option<u64>,
}

impl RateSampler {
    pub(super) fn new(now: Instant) -> Self {
        Self { delivered: 0, delivered_at: now, first_sent: now, limited_until: None }
    }

    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(super) fn delivered_at(&self) -> Instant {
        self.delivered_at
    }

    pub(super) fn is_app_limited(&self) -> bool {
        self.limited_until.is_some()
    }

    /// The memory for a segment that leaves now; `idle` if nothing is in flight.
    pub(super) fn stamp(&mut self, now: Instant, idle: bool) -> RateStamp {
        if idle {
            self.first_sent = now;
            self.delivered_at = now;
        }
        RateStamp {
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            first_sent: self.first_sent,
            app_limited: self.limited_until.is_some(),
        }
    }

    /// The sender has room but nothing to send.
    pub(super) fn mark_app_limited(&mut self, in_flight: u32) {
        self.limited_until = Some((self.delivered + u64::from(in_flight)).max(1));
    }

    /// Counts segments that arrived, which DSACK alone tells of as well.
    pub(super) fn count(&mut self, segments: u32) {
        self.delivered += u64::from(segments);
    }

    /// A segment up to `end` that was last sent at `sent` was delivered.
    pub(super) fn on_delivered(&mut self, pending: &mut Pending, sent: Instant, end: u64, stamp: RateStamp) {
        if pending.newest.is_none_or(|(at, last, _)| (sent, end) > (at, last)) {
            pending.newest = Some((sent, end, stamp));
            self.first_sent = sent;
        }
    }

    /// Ends the sample of one acknowledgement that delivered `acked` segments; `least` is the least round trip.
    pub(super) fn sample(
        &mut self,
        now: Instant,
        pending: &Pending,
        acked: u32,
        least: Option<Duration>,
    ) -> RateSample {
        if self.limited_until.is_some_and(|until| self.delivered > until) {
            self.limited_until = None;
        }
        if acked > 0 {
            self.delivered_at = now;
        }
        let delivered = pending.newest.and_then(|(sent, _, stamp)| {
            let sending = sent.saturating_duration_since(stamp.first_sent);
            let interval = sending.max(now.saturating_duration_since(stamp.delivered_at));
            // Below the least round trip it is compression of acknowledgements, not rate.
            let plausible = least.is_none_or(|least| interval >= least) && !interval.is_zero();
            plausible.then_some((self.delivered - stamp.delivered, interval))
        });
        RateSample {
            prior_delivered: pending.newest.map(|(_, _, stamp)| stamp.delivered),
            delivered,
            app_limited: pending.newest.is_some_and(|(_, _, stamp)| stamp.app_limited),
            acked,
            losses: 0,
            prior_in_flight: 0,
            rtt: None,
        }
    }
}
