//! Second copies of calls' packets.

use std::time::Instant;

use super::Tunnel;
use super::data::OVERHEAD;
use crate::duplication::Duplication;
use crate::lane::Place;
use crate::path::{Outgoing, Precedence};
use crate::schedule;

/// What stands before a packet in a datagram, at most, bytes: quarter stream id and context (of a first request and few
/// contexts, one each), and the place.
const HEADERS: u64 = 2 + Place::LEN as u64;

impl Tunnel {
    /// Says which packets are to be sent twice, in both directions. For the client's end: a gateway's follows.
    pub(crate) fn set_duplication(&mut self, duplication: Duplication) {
        if std::mem::replace(&mut self.duplication, duplication) != duplication {
            self.tell_duplication();
            self.dirty = true;
        }
    }

    /// Queues a copy of a call's packet, which goes on path `first`, on the path that delivers it next, if there is one
    /// that may carry it. Gives the packet back, which knows of its copy then.
    pub(super) fn duplicate(&mut self, now: Instant, first: usize, item: Outgoing) -> Outgoing {
        let Outgoing::Packet { packet, place, .. } = &item else { return item };
        // Without lanes the receiver could not tell a copy.
        if !self.duplication.realtime || self.contexts.lane.is_none() {
            return item;
        }
        let (paths, duplication) = (&mut self.paths, &self.duplication);
        let bytes = packet.len() as u64 + HEADERS + OVERHEAD;
        let is_affordable = |index: usize| paths[index].take_copy(now, bytes, duplication);
        let candidates = &self.candidates[Precedence::Urgent as usize];
        let second = schedule::second(candidates, first, packet.len(), duplication.secondary, is_affordable);
        let Some(second) = second else { return item };
        let [original, copy] = self.twins.pair();
        let (packet, place) = (packet.clone(), *place);
        let item = Outgoing::Packet { packet: packet.clone(), place, twin: Some(copy) };
        self.queue_on(now, second, item);
        Outgoing::Packet { packet, place, twin: Some(original) }
    }

    /// The item, unless it has arrived as another copy while this one waited for path `index`.
    pub(super) fn still_needed(&mut self, index: usize, item: Outgoing) -> Option<Outgoing> {
        if let Some(twin) = item.twin() {
            if self.twins.is_delivered(twin) {
                return None;
            }
            if twin.is_copy {
                self.paths[index].tally.duplicated += 1;
                self.counters.duplicated += 1;
            }
        }
        Some(item)
    }
}
