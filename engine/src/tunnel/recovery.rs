//! Lost datagrams are sent again, so that inner transports see neither the loss nor, as far as the receiver waits,
//! disorder.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Tunnel;
use crate::budget::{Budget, WHOLE};
use crate::lane::Place;
use crate::masque::datagram;
use crate::path::Outgoing;
use crate::quic::Datagram;

/// No packet waits longer at the receiver for one that is missing: beyond it a loss costs less than the wait.
pub const MAX_HOLD: Duration = Duration::from_millis(150);
/// Nor is there a reason to give up sooner than a busy host takes to get things done.
const MIN_HOLD: Duration = Duration::from_millis(20);
/// What sender and receiver may add: delayed acknowledgements are not waited for, as those of lost packets come at
/// once, but each end has its batches.
const MARGIN: Duration = Duration::from_millis(10);
/// A datagram that left longer ago than this is not sent again: the receiver waits no longer, and an inner
/// transport has noticed (RFC 6298 bids it wait for a second, Linux 200 ms).
const DEADLINE: Duration = Duration::from_millis(300);
/// What is sent earns what may be sent again of it, up to so many bytes: at a tenth, 64 KiB may go again at once, however
/// little was sent before.
const REMEMBERED: u64 = 640 << 10;

/// The same for what a path that is doubted has under way, which may arrive yet. At once, that is as much as a fast path
/// holds.
const DOUBT_SHARE: u64 = 20;
const DOUBT_BURST: u64 = 1 << 20;

/// What doubts may cost, to begin with.
pub(super) fn doubt_budget() -> Budget {
    Budget::full(DOUBT_BURST * WHOLE / DOUBT_SHARE)
}

/// What lost datagrams may cost, to begin with.
pub(super) fn budget() -> Budget {
    Budget::full(REMEMBERED)
}

impl Tunnel {
    /// Queues what was lost once more.
    pub(super) fn recover(&mut self, now: Instant) {
        self.counters.lost += self.lost.len() as u64;
        let share = u64::from(self.duplication.lost_share);
        let mut lost = std::mem::take(&mut self.lost);
        for datagram in lost.drain(..) {
            if self.is_notice(&datagram) {
                self.tell_of_paths();
                continue;
            }
            let in_time = now.saturating_duration_since(datagram.born) <= DEADLINE;
            let Some(item) = self.twins.orphan(Outgoing::Again(datagram)) else { continue };
            // Without lanes the receiver could not tell a copy. What is too late it has given up by itself.
            if self.contexts.lane.is_none() || !in_time {
                continue;
            }
            if self.budget.spend(item.len() as u64, share) {
                self.returned.push_back(item);
            } else {
                self.returned.extend(self.without_packet(&item).map(Outgoing::Report));
            }
        }
        self.lost = lost;
    }

    /// Of what is not sent again what is left to say: that this packet, for which others may wait, will not come. `None`
    /// where nothing can wait for it.
    fn without_packet(&self, item: &Outgoing) -> Option<Bytes> {
        let Outgoing::Again(Datagram { bytes, .. }) = item else { return None };
        let (context, mut payload) = datagram::parse(bytes).ok()?.content?;
        let headers = bytes.len() - payload.len() + Place::LEN;
        let place = Place::decode(&mut payload).filter(|_| self.contexts.lane == Some(context))?;
        (place.is_ordered() && !payload.is_empty()).then(|| bytes.slice(..headers))
    }

    /// Whether so many bytes may go again that are under way on a path that is doubted; they count from now on.
    pub(super) fn may_doubt(&mut self, bytes: u64) -> bool {
        self.doubts.spend(bytes, DOUBT_SHARE)
    }

    /// Whether what was to be sent again is left out, because it is too late for it and newer packets wait for room: on
    /// the slow path that is left when a fast one died, they would wait for all that was under way on it.
    pub(super) fn gives_way(&mut self, now: Instant, item: &Outgoing) -> bool {
        let Outgoing::Again(datagram) = item else { return false };
        let is_late = now.saturating_duration_since(datagram.born) > DEADLINE;
        if !is_late || self.ingress.bytes() == 0 {
            return false;
        }
        self.counters.dropped += 1;
        if self.is_notice(datagram) {
            self.tell_of_paths();
        }
        true
    }

    /// Lets packets wait at the receiver for as long as what is missing may take: the slowest path's time to tell
    /// of a loss (RFC 9002 §6.1.2), and the fastest path's way for the second copy.
    ///
    /// The round trips known here are those of what this end sends. The queue that the other end builds on the way here
    /// is not in them, and in Startup that is more than another round trip's worth.
    pub(super) fn adapt_hold(&mut self) {
        let rtts = || self.paths.iter().filter(|path| path.health.is_usable()).map(|path| path.rtt());
        let (Some(slowest), Some(fastest)) = (rtts().max(), rtts().min()) else { return };
        let hold = slowest * 9 / 8 + slowest + fastest / 2 + MARGIN;
        self.resequencer.set_hold(hold.clamp(MIN_HOLD, MAX_HOLD));
    }
}
