//! One direction of a link as a state machine in virtual time: queue, transmitter, air.
//!
//! A packet waits in a drop-tail queue, is transmitted at the link's rate, then travels for the delay plus
//! jitter. Every departure is computed from the exact time the transmitter became free, so that a relay that wakes
//! late does not slow the link down.

use std::collections::VecDeque;
use std::time::Instant;

use super::Shape;
use super::loss::LossModel;

/// What a link can carry.
pub trait Load {
    /// Bytes that it takes on the wire.
    fn wire_len(&self) -> usize;
}

impl Load for Vec<u8> {
    fn wire_len(&self) -> usize {
        self.len()
    }
}

#[derive(Debug)]
struct Waiting<T> {
    packet: T,
    arrived: Instant,
}

#[derive(Debug)]
struct Travelling<T> {
    packet: T,
    due: Instant,
}

/// What a direction has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShaperCounts {
    /// Packets refused because the queue was full.
    pub queue_drops: u64,
    /// Packets lost on the air.
    pub lost: u64,
}

/// Queue, transmitter and air of one direction.
#[derive(Debug)]
pub struct Shaper<T> {
    shape: Shape,
    loss: LossModel,
    queue: VecDeque<Waiting<T>>,
    queued_bytes: usize,
    /// When the transmitter has sent what it is sending.
    free_at: Instant,
    air: VecDeque<Travelling<T>>,
    counts: ShaperCounts,
}

impl<T: Load> Shaper<T> {
    /// An idle direction. The seed decides loss and jitter.
    pub fn new(shape: Shape, seed: u64, now: Instant) -> Self {
        Self {
            shape,
            loss: LossModel::new(seed),
            queue: VecDeque::with_capacity(1024),
            queued_bytes: 0,
            free_at: now,
            air: VecDeque::with_capacity(1024),
            counts: ShaperCounts::default(),
        }
    }

    /// The present shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Changes rate, delay, loss and queue; what is on the air keeps its time. Packets that are lost until `now`
    /// go back to `spare`.
    pub fn reshape(&mut self, now: Instant, shape: Shape, spare: &mut Vec<T>) {
        self.advance(now, spare);
        if self.is_halted() {
            // No rate is made up for while there was none.
            self.free_at = self.free_at.max(now);
        }
        self.shape = shape;
    }

    /// What it has done so far.
    pub fn counts(&self) -> ShaperCounts {
        self.counts
    }

    /// Bytes that wait for transmission.
    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    fn is_halted(&self) -> bool {
        self.shape.rate_bps == Some(0)
    }

    /// Takes a packet, or gives it back if the queue is full. [`advance`](Self::advance) comes first: what has left
    /// since makes room.
    ///
    /// # Errors
    /// The packet, if there is no room for it.
    pub fn push(&mut self, packet: T, now: Instant) -> Result<(), T> {
        // An idle transmitter takes a packet of any size: the limit is on what waits.
        let busy = !self.queue.is_empty() || self.free_at > now;
        if busy && self.queued_bytes + packet.wire_len() > self.shape.queue_limit() {
            self.counts.queue_drops += 1;
            return Err(packet);
        }
        self.queued_bytes += packet.wire_len();
        self.queue.push_back(Waiting { packet, arrived: now });
        Ok(())
    }

    /// Transmits what can be transmitted up to `now`; packets lost on the air go back to `spare`.
    pub fn advance(&mut self, now: Instant, spare: &mut Vec<T>) {
        while let Some(head) = self.queue.front() {
            let start = self.free_at.max(head.arrived);
            // The packet leaves the queue when its transmission begins, as in a network card.
            if start > now || self.is_halted() {
                break;
            }
            let Some(Waiting { packet, .. }) = self.queue.pop_front() else { break };
            let len = packet.wire_len();
            let sent = start + self.shape.transmission_time(len);
            self.queued_bytes -= len;
            self.free_at = sent;
            if self.loss.loses(&self.shape) {
                self.counts.lost += 1;
                spare.push(packet);
                continue;
            }
            let due = sent + self.shape.delay + self.loss.jitter(self.shape.jitter);
            self.travel(packet, due);
        }
    }

    fn travel(&mut self, packet: T, due: Instant) {
        if self.shape.reorder {
            let place = self.air.partition_point(|other| other.due <= due);
            self.air.insert(place, Travelling { packet, due });
        } else {
            // Links retransmit and deliver in order: jitter delays what follows, it does not reorder.
            let due = self.air.back().map_or(due, |last| last.due.max(due));
            self.air.push_back(Travelling { packet, due });
        }
    }

    /// The next packet that has arrived by `now`.
    pub fn pop(&mut self, now: Instant) -> Option<T> {
        if self.air.front()?.due > now {
            return None;
        }
        self.air.pop_front().map(|travelling| travelling.packet)
    }

    /// When there is something to do next.
    pub fn deadline(&self) -> Option<Instant> {
        let arrival = self.air.front().map(|travelling| travelling.due);
        if arrival.is_some() && !self.shape.reorder {
            // What waits arrives later, and its departure is computed in retrospect.
            return arrival;
        }
        let head = self.queue.front().filter(|_| !self.is_halted());
        let departure = head.map(|head| self.free_at.max(head.arrived));
        match (arrival, departure) {
            (Some(arrival), Some(departure)) => Some(arrival.min(departure)),
            (some, none) => some.or(none),
        }
    }

    /// Loses everything that waits or travels, as when a cable is pulled.
    pub fn clear(&mut self, spare: &mut Vec<T>) {
        self.counts.lost += (self.queue.len() + self.air.len()) as u64;
        spare.extend(self.queue.drain(..).map(|waiting| waiting.packet));
        spare.extend(self.air.drain(..).map(|travelling| travelling.packet));
        self.queued_bytes = 0;
    }
}

#[cfg(test)]
mod tests;
