//! Outbound packets: from the ingress queue to a path's queue, and from there into datagrams.

use std::time::Instant;

use bytes::BufMut;

use super::Tunnel;
use crate::lane::Place;
use crate::link::Transmit;
use crate::masque::datagram::{self, CONTEXT_IP};
use crate::path::{Outgoing, Path, Precedence};
use crate::quic::Datagram;
use crate::schedule::{self, Candidate, Choice, Usage};

/// What QUIC adds to a datagram at most, bytes: short header with a 20-byte connection id and a 4-byte packet
/// number, frame type and length, AEAD tag (RFC 9000 §17.3.1, RFC 9221 §4, RFC 9001 §5.3).
pub(super) const OVERHEAD: u64 = 1 + 20 + 4 + 3 + 16;

impl Tunnel {
    /// Moves packets to the queues of the paths that deliver them first, as far as these may run ahead.
    fn assign(&mut self, now: Instant) {
        self.look_at_paths(now);
        self.queue_notice();
        loop {
            let next = self.ingress.peek(now).map(|(class, len)| (Precedence::from(class), len));
            let is_call = next.is_some_and(|(precedence, _)| precedence == Precedence::Urgent);
            let returned = self.returned.front().filter(|item| item.is_notice() || !is_call);
            let returned = returned.map(|item| (item.precedence(), item.len()));
            let Some((precedence, len)) = returned.or(next) else { return };
            let waiting = self.ingress.bytes() as u64;
            let Choice::Path(index) = schedule::choose(&self.candidates[precedence as usize], len, waiting)
            else {
                return;
            };
            let item = match returned.and_then(|_| self.returned.pop_front()) {
                Some(item) => item,
                None => match self.ingress.pop(now) {
                    Some((class, queued)) => {
                        let place = self.sequencer.place(queued.flow_hash, class);
                        let item = Outgoing::Packet { packet: queued.packet.freeze(), place, twin: None };
                        if is_call { self.duplicate(now, index, item) } else { item }
                    }
                    None => return,
                },
            };
            self.queue_on(now, index, item);
        }
    }

    /// Lets an item wait for path `index`.
    pub(super) fn queue_on(&mut self, now: Instant, index: usize, item: Outgoing) {
        // It is ahead of what goes no sooner than itself.
        for candidates in &mut self.candidates[item.precedence() as usize..] {
            candidates[index].queued += item.len() as u64;
        }
        self.paths[index].push(now, item);
    }

    /// Takes down how the paths stand, for packets of each precedence.
    pub(super) fn look_at_paths(&mut self, now: Instant) {
        let best = self.paths.iter().filter(|path| path.health.is_usable()).map(Path::rate).max();
        let best = best.unwrap_or(0);
        // With every path silent, each of them is worth a try: one may just be coming back.
        let none_is_usable = !self.paths.iter().any(|path| path.health.is_usable());
        let any_is_sure = self.paths.iter().any(|path| path.health.is_usable() && !path.health.is_doubted());
        self.candidates.iter_mut().for_each(Vec::clear);
        for path in &self.paths {
            let is_passed_by = path.health.is_doubted() && any_is_sure;
            let usable =
                path.health.is_usable() && !is_passed_by || none_is_usable && path.health.is_validated();
            let candidate = Candidate { usable, ..path.candidate(now, best) };
            for (precedence, candidates) in Precedence::ALL.into_iter().zip(&mut self.candidates) {
                candidates.push(path.candidate_for(precedence, candidate));
            }
        }
        let candidates = &self.candidates[Precedence::Patient as usize];
        let rate = candidates.iter().filter(|path| path.usable).map(|path| path.rate * 8).sum();
        // Not of a path that stands by or is left out: nobody waits for what comes that late.
        let usages = schedule::usage(candidates, self.ingress.bytes() as u64);
        let in_use = candidates.iter().zip(usages).filter(|(_, usage)| *usage == Usage::InUse);
        self.ingress.adapt(rate, in_use.map(|(path, _)| path.delay).max().unwrap_or_default());
    }

    /// Hands the next batch to QUIC: from one path's queue, as much as its window and pace let out. False if
    /// no path can send.
    pub(super) fn hand_over_next_batch(&mut self, now: Instant, max_packets: usize) -> bool {
        if !self.is_established() {
            return false;
        }
        self.assign(now);
        let count = self.paths.len();
        for turn in 0..count {
            let index = (self.next_path + turn) % count;
            if let Some(beyond) = self.fill_batch(now, index, max_packets) {
                let path = self.paths[index].id;
                self.conn.hand_over(path, &mut self.batch, beyond);
                // The next path's turn comes when this one has had its batch.
                self.next_path = index + 1;
                return self.conn.is_busy();
            }
        }
        false
    }

    /// Encodes what path `index` may send now into the batch. Whether that goes beyond its window; `None` if it is nothing.
    fn fill_batch(&mut self, now: Instant, index: usize, max_packets: usize) -> Option<bool> {
        self.batch.clear();
        let gate = self.conn.gate(self.paths[index].id).cloned()?;
        if let Some(notice) = self.paths[index].pop_notice() {
            // However full the window is: it may be because the peer does not know yet where answers arrive.
            gate.set_probing(true);
            self.encode(now, notice);
            return Some(false);
        }
        let path = &mut self.paths[index];
        let mtu = path.mtu();
        let reserve = path.reserve(&gate);
        let ((mut room, beyond), mut credit) = (path.room(&gate, reserve), path.pacer.credit(now));
        let is_ready = path.pacer.ready_at().is_some_and(|ready| ready <= now);
        if is_ready {
            while self.batch.len() < max_packets
                && room >= self.paths[index].room_needed(reserve)
                && credit >= mtu.min(1200)
            {
                let Some(item) = self.paths[index].pop() else { break };
                if self.gives_way(now, &item) {
                    continue;
                }
                let Some(item) = self.still_needed(index, item) else { continue };
                let before = self.batch.len();
                self.paths[index].tally.note(now, &item);
                self.encode(now, item);
                let bytes: u64 =
                    self.batch[before..].iter().map(|datagram| datagram.bytes.len() as u64 + OVERHEAD).sum();
                room = room.saturating_sub(bytes);
                credit = credit.saturating_sub(bytes);
                if beyond {
                    self.paths[index].goes_beyond(bytes);
                }
            }
        }
        let waits = !self.paths[index].is_idle();
        gate.set_backlog(waits, waits && gate.room() < self.paths[index].room_needed(reserve));
        (!self.batch.is_empty()).then_some(beyond)
    }

    /// Appends the datagrams of an item to the batch: one, or several pieces where it is too long.
    pub(super) fn encode(&mut self, now: Instant, item: Outgoing) {
        let max = self.conn.max_datagram();
        let (packet, place, twin) = match item {
            Outgoing::Again(datagram) if datagram.bytes.len() <= max => {
                self.counters.reinjected += 1;
                self.batch.push(datagram);
                return;
            }
            Outgoing::Again(_) => {
                // It fit a path that is gone; the sender will notice the loss of this one packet.
                self.counters.dropped += 1;
                return;
            }
            Outgoing::Report(bytes) => {
                if bytes.len() <= max {
                    self.batch.push(Datagram::new(now, bytes));
                }
                return;
            }
            Outgoing::Notice(bytes) => {
                self.batch.push(Datagram::new(now, bytes));
                return;
            }
            Outgoing::Packet { packet, place, twin } => (packet, place, twin),
        };
        let Some(stream) = self.stream else { return };
        let quarter = datagram::quarter_stream_id(stream);
        let (context, place_len) = match self.contexts.lane {
            Some(context) => (context, Place::LEN),
            None => (CONTEXT_IP, 0),
        };
        let len = datagram::header_len(quarter, context) + place_len + packet.len();
        if len > max && self.contexts.split.is_none() {
            // Only a peer without the split context gets here, and `mtu` told the sender of it before.
            tracing::trace!(len = packet.len(), max, "a packet fits no datagram");
            self.counters.dropped += 1;
            return;
        }
        let buf = self.blocks.room(len);
        datagram::encode_header(buf, quarter, context);
        let header_len = buf.len();
        if place_len > 0 {
            place.encode(buf);
        }
        buf.put_slice(&packet);
        let whole = buf.split().freeze();
        if len <= max {
            self.batch.push(Datagram { twin, ..Datagram::new(now, whole) });
        } else if let Some(context) = self.contexts.split {
            self.split(now, quarter, context, &whole[header_len..], max);
        }
    }

    fn split(&mut self, now: Instant, quarter: u64, context: u64, payload: &[u8], max: usize) {
        let room = max.saturating_sub(datagram::header_len(quarter, context));
        self.counters.split += 1;
        let Ok(pieces) = self.splitter.split(payload, room) else {
            self.counters.dropped += 1;
            return;
        };
        for piece in pieces {
            let buf = self.blocks.room(max);
            datagram::encode_header(buf, quarter, context);
            piece.write(buf);
            self.batch.push(Datagram::new(now, buf.split().freeze()));
        }
    }

    /// Notes that UDP datagrams leave: pace, and the expectation of an answer.
    pub(super) fn note_sent(&mut self, now: Instant, transmit: &Transmit) {
        let index = self
            .paths
            .iter()
            .position(|path| path.link == transmit.link && path.remote == transmit.destination);
        let Some(index) = index else { return };
        let asks = self.conn.asked(self.paths[index].id);
        let expects_answer = asks && self.conn.answers_due(self.paths[index].id, now) > 0;
        let path = &mut self.paths[index];
        path.sent(transmit.size as u64);
        self.budget.earn(transmit.size as u64);
        self.doubts.earn(transmit.size as u64);
        if expects_answer {
            path.health.on_sent(now);
        }
    }

    /// Largest IP packet that can be sent now, in pieces where the peer can rejoin them. At most `configured`.
    pub(crate) fn mtu(&mut self, configured: u16) -> u16 {
        if self.contexts.split.is_some() || self.stream.is_none() {
            return configured;
        }
        let quarter = self.stream.map_or(0, datagram::quarter_stream_id);
        let room = self.conn.max_datagram().saturating_sub(datagram::header_len(quarter, CONTEXT_IP));
        configured.min(u16::try_from(room).unwrap_or(u16::MAX))
    }
}
