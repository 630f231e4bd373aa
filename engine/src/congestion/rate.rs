//! Delivery rate: how much the path delivered in how long, per acknowledgement (draft-ietf-ccwg-bbr-06 §4.1).
//!
//! Each packet remembers what had been delivered when it left. When it is acknowledged, the difference to what is
//! delivered by then, over the time that this took to send or to be acknowledged, whichever is longer, is what the
//! path carried: never more than it could.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::path::pacer::bytes_per;

/// A packet as it left.
#[derive(Debug, Clone, Copy)]
struct Departure {
    pn: u64,
    sent: Instant,
    /// When the packet left that was acknowledged last before this one left.
    first_sent: Instant,
    /// What was delivered by then, bytes, and when that last grew.
    delivered: u64,
    delivered_at: Instant,
    /// What was lost by then, bytes.
    lost: u64,
    /// In flight, this packet included, bytes.
    in_flight: u64,
    app_limited: bool,
    gone: bool,
}

/// What an acknowledgement tells of the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// Bytes/s; `None` if it came too soon after a pause to tell.
    pub(super) rate: Option<u64>,
    /// Bytes delivered while the rate was measured.
    pub(super) delivered: u64,
    /// From sending the newest packet that it acknowledges to now.
    pub(super) rtt: Duration,
    /// Whether less was sent than the path may carry, for want of data.
    pub(super) app_limited: bool,
    /// Bytes that had been delivered when the newest packet left.
    pub(super) prior_delivered: u64,
    /// Bytes that it acknowledges.
    pub(super) newly_acked: u64,
}

/// A packet that was lost, with what is known of the time when it left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loss {
    /// In flight when it left, itself included, bytes.
    pub(super) in_flight: u64,
    /// Lost since it left, itself included, bytes.
    pub(super) lost_since: u64,
    /// Whether less was sent than the path may carry.
    pub(super) app_limited: bool,
}

/// Keeps account of a path's packets.
#[derive(Debug, Clone)]
pub(super) struct Sampler {
    packets: VecDeque<Departure>,
    in_flight: u64,
    delivered: u64,
    delivered_at: Instant,
    first_sent: Instant,
    lost: u64,
    /// Samples are limited by want of data until this much is delivered.
    limited_until: u64,
    newest: Option<Departure>,
    newly_acked: u64,
}

impl Sampler {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            packets: VecDeque::new(),
            in_flight: 0,
            delivered: 0,
            delivered_at: now,
            first_sent: now,
            lost: 0,
            limited_until: 0,
            newest: None,
            newly_acked: 0,
        }
    }

    /// Bytes delivered so far.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Notes that a packet left.
    pub(super) fn sent(&mut self, now: Instant, pn: u64, bytes: u64) {
        if self.in_flight == 0 {
            self.first_sent = now;
            self.delivered_at = now;
        }
        if self.packets.back().is_some_and(|last| last.pn >= pn) {
            // Numbers begin anew with each stage of the handshake, whose packets tell nothing of a rate.
            self.packets.clear();
        }
        self.in_flight += bytes;
        self.packets.push_back(Departure {
            pn,
            sent: now,
            first_sent: self.first_sent,
            delivered: self.delivered,
            delivered_at: self.delivered_at,
            lost: self.lost,
            in_flight: self.in_flight,
            app_limited: self.is_app_limited(),
            gone: false,
        });
    }

    /// Notes an acknowledgement of the packet that left at `sent`.
    pub(super) fn acked(&mut self, now: Instant, pn: u64, sent: Instant, bytes: u64) {
        self.in_flight = self.in_flight.saturating_sub(bytes);
        self.delivered += bytes;
        self.delivered_at = now;
        self.newly_acked += bytes;
        let Some(packet) = self.take(pn).filter(|packet| packet.sent == sent) else { return };
        if self.newest.is_none_or(|newest| newest.pn < pn) {
            self.newest = Some(packet);
            self.first_sent = packet.sent;
        }
    }

    /// Notes a loss. `None` if nothing is known of the packet.
    pub(super) fn lost_one(&mut self, pn: u64, bytes: u64) -> Option<Loss> {
        self.in_flight = self.in_flight.saturating_sub(bytes);
        self.lost += bytes;
        let packet = self.take(pn)?;
        Some(Loss {
            in_flight: packet.in_flight,
            lost_since: self.lost - packet.lost,
            app_limited: packet.app_limited,
        })
    }

    /// Takes over how much is in flight: what was discarded leaves without a word.
    pub(super) fn set_in_flight(&mut self, bytes: u64) {
        self.in_flight = bytes;
    }

    /// Says that there is less to send than the path may carry: what is in flight by now proves nothing.
    pub(super) fn limit(&mut self) {
        self.limited_until = (self.delivered + self.in_flight).max(1);
    }

    fn is_app_limited(&self) -> bool {
        self.limited_until > 0 && self.delivered <= self.limited_until
    }

    /// What the acknowledgements since the last call tell together; a rate over less than `least` is none.
    pub(super) fn sample(&mut self, now: Instant, least: Duration) -> Option<Sample> {
        let newly_acked = std::mem::take(&mut self.newly_acked);
        let newest = self.newest.take()?;
        let delivered = self.delivered - newest.delivered;
        let sending = newest.sent.saturating_duration_since(newest.first_sent);
        let acking = self.delivered_at.saturating_duration_since(newest.delivered_at);
        let interval = sending.max(acking);
        Some(Sample {
            rate: (!interval.is_zero() && interval >= least).then(|| bytes_per(delivered, interval)),
            delivered,
            rtt: now.saturating_duration_since(newest.sent),
            app_limited: newest.app_limited,
            prior_delivered: newest.delivered,
            newly_acked,
        })
    }

    fn take(&mut self, pn: u64) -> Option<Departure> {
        let index = self.packets.partition_point(|packet| packet.pn < pn);
        let packet = self.packets.get_mut(index).filter(|packet| packet.pn == pn && !packet.gone)?;
        packet.gone = true;
        let packet = *packet;
        while self.packets.front().is_some_and(|first| first.gone) {
            self.packets.pop_front();
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests;
