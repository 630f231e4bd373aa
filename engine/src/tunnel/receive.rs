//! Inbound datagrams: from contexts back to IP packets.

use std::time::Instant;

use bytes::Bytes;

use super::Tunnel;
use crate::class::Sample;
use crate::ip::Header;
use crate::lane::{Passed, Place, Resequencer};
use crate::link::Arrival;
use crate::masque::datagram::{self, CONTEXT_IP};
use crate::path::{Account, Path};
use crate::quic::PathId;

/// Packets that may wait for the embedder, which collects them after every batch of datagrams; and datagrams of one
/// batch.
const MAX_INBOUND: usize = 16_384;

impl Tunnel {
    /// Says that the connection took in a UDP datagram that arrived so. noq does not tell on which path the datagrams
    /// came that it hands out, so they are taken from it while that is known.
    pub(crate) fn arrived(&mut self, arrival: &Arrival) {
        self.dirty = true;
        let came_on = |path: &&Path| path.link == arrival.link && path.remote == arrival.remote;
        let path = self.paths.iter().find(came_on).map(|path| path.id);
        while let Some(bytes) = self.conn.recv_datagram() {
            if self.arrived.len() < MAX_INBOUND {
                self.arrived.push_back((path, bytes));
            } else {
                self.counters.dropped += 1;
            }
        }
    }

    pub(super) fn receive_datagrams(&mut self, now: Instant) {
        while let Some((path, bytes)) = self.arrived.pop_front() {
            match datagram::parse(&bytes) {
                Ok(datagram) => {
                    let ours = self.stream.map(datagram::quarter_stream_id) == Some(datagram.quarter);
                    if let Some((context, payload)) = datagram.content.filter(|_| ours) {
                        self.receive_context(now, path, context, payload);
                    }
                }
                Err(error) => {
                    self.close(now, error.code.value(), error.reason);
                    return;
                }
            }
        }
        self.rejoiner.handle_timeout(now);
        self.resequence(|resequencer, released| resequencer.handle_timeout(now, released));
    }

    /// Takes in what came in a context, on a path if that is known. Unknown ones are dropped (RFC 9484 §6).
    pub(super) fn receive_context(
        &mut self,
        now: Instant,
        path: Option<PathId>,
        context: u64,
        payload: Bytes,
    ) {
        if context == CONTEXT_IP {
            if let Ok(header) = Header::parse(&payload) {
                self.classifier.inbound(now, &Sample::of(&header, &payload), None);
            }
            self.pass_on(payload);
        } else if self.contexts.lane == Some(context) {
            self.receive_placed(now, path, payload);
        } else if self.contexts.split == Some(context) {
            if let Some(packet) = self.rejoiner.receive(now, &payload) {
                self.receive_placed(now, path, packet.freeze());
            }
        } else if self.contexts.report == Some(context) {
            // A malformed one is ignored: it is only for people to see.
            if let Some(account) = Account::decode(&payload) {
                self.peer_tells(now, account);
            }
        } else if self.contexts.paths == Some(context) {
            self.receive_notice(now, &payload);
        } else {
            tracing::trace!(context, "a datagram of an unknown context");
        }
    }

    /// A packet with its place: it goes on when its turn comes.
    fn receive_placed(&mut self, now: Instant, path: Option<PathId>, mut payload: Bytes) {
        let Some(place) = Place::decode(&mut payload) else { return };
        if payload.is_empty() {
            // The peer lost that packet, and does not send it again.
            self.resequence(|resequencer, released| resequencer.give_up(now, place, released));
            return;
        }
        // Looked at as it comes, not as it goes on: what has waited has no class any more.
        let sample = Header::parse(&payload).ok().map(|header| Sample::of(&header, &payload));
        let overtaken = self.resequencer.is_overtaken(place);
        let passed =
            self.resequence(|resequencer, released| resequencer.receive(now, place, payload, released));
        if let Some(path) = path.filter(|_| overtaken || passed != Passed::InOrder) {
            self.note_disorder(path, overtaken && passed != Passed::Copy, passed == Passed::Held);
        }
        match passed {
            Passed::InOrder => {}
            Passed::Held => self.counters.held += 1,
            Passed::Late => self.counters.late += 1,
            Passed::Stale => self.counters.dropped += 1,
            Passed::Copy => self.counters.duplicates += 1,
        }
        if let Some(sample) = sample.filter(|_| passed != Passed::Copy) {
            self.classifier.inbound(now, &sample, Some(place.class()));
        }
    }

    /// Lets the resequencer do something, and passes on what it releases.
    fn resequence<T>(&mut self, act: impl FnOnce(&mut Resequencer, &mut Vec<Bytes>) -> T) -> T {
        let mut released = std::mem::take(&mut self.released);
        let result = act(&mut self.resequencer, &mut released);
        released.drain(..).for_each(|packet| self.pass_on(packet));
        self.released = released;
        result
    }

    fn note_disorder(&mut self, path: PathId, is_overtaken: bool, is_held: bool) {
        if let Some(path) = self.path_mut(path) {
            path.tally.reordered += u64::from(is_overtaken);
            path.tally.held += u64::from(is_held);
        }
    }

    fn pass_on(&mut self, packet: Bytes) {
        if self.inbound.len() >= MAX_INBOUND {
            self.counters.dropped += 1;
            return;
        }
        self.counters.rx_packets += 1;
        self.counters.rx_bytes += packet.len() as u64;
        self.inbound.push_back(packet);
    }
}
