//! One direction of an emulated link as a state machine in virtual time: queue, transmitter, air.
//!
//! A frame waits in a drop-tail queue, is transmitted at the link's rate, then travels for the delay plus
//! jitter. Every departure is computed from the exact time the transmitter became free, so that a relay that wakes
//! late does not slow the link down.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::config::Shape;
use super::loss::LossModel;

/// A frame with its buffer, as large as the buffer was when pushed.
pub(crate) type Frame = Vec<u8>;

struct Waiting {
    frame: Frame,
    arrived: Instant,
}

struct Travelling {
    frame: Frame,
    due: Instant,
}

/// What a direction has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ShaperCounts {
    /// Frames refused because the queue was full.
    pub(crate) queue_drops: u64,
    /// Frames lost on the air.
    pub(crate) lost: u64,
}

/// Queue, transmitter and air of one direction.
pub(crate) struct Shaper {
    shape: Shape,
    loss: LossModel,
    queue: VecDeque<Waiting>,
    queued_bytes: usize,
    /// When the transmitter has sent what it is sending.
    free_at: Instant,
    air: VecDeque<Travelling>,
    counts: ShaperCounts,
}

impl Shaper {
    /// An idle direction. The seed decides loss and jitter.
    pub(crate) fn new(shape: Shape, seed: u64, now: Instant) -> Self {
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

    /// Changes rate, delay, loss and queue; what is on the air keeps its time.
    pub(crate) fn reshape(&mut self, shape: Shape) {
        self.shape = shape;
    }

    pub(crate) fn counts(&self) -> ShaperCounts {
        self.counts
    }

    /// Takes a frame, or gives it back if the queue is full.
    pub(crate) fn push(&mut self, frame: Frame, now: Instant) -> Result<(), Frame> {
        // An idle transmitter takes a frame of any size: the limit is on what waits.
        let busy = !self.queue.is_empty() || self.free_at > now;
        if busy && self.queued_bytes + frame.len() > self.shape.queue_limit() {
            self.counts.queue_drops += 1;
            return Err(frame);
        }
        self.queued_bytes += frame.len();
        self.queue.push_back(Waiting { frame, arrived: now });
        Ok(())
    }

    /// Transmits what can be transmitted up to `now`; frames lost on the air go back to `spare`.
    pub(crate) fn advance(&mut self, now: Instant, spare: &mut Vec<Frame>) {
        while let Some(head) = self.queue.front() {
            let start = self.free_at.max(head.arrived);
            let sent = start + self.shape.transmission_time(head.frame.len());
            // The frame leaves the queue when its transmission begins, as in a network card.
            if start > now {
                break;
            }
            let Some(Waiting { frame, .. }) = self.queue.pop_front() else { break };
            self.queued_bytes -= frame.len();
            self.free_at = sent;
            if self.loss.loses(&self.shape) {
                self.counts.lost += 1;
                spare.push(frame);
                continue;
            }
            let due = sent + self.shape.delay + self.loss.jitter(self.shape.jitter);
            // Links retransmit and deliver in order: jitter delays what follows, it does not reorder.
            let due = self.air.back().map_or(due, |last| last.due.max(due));
            self.air.push_back(Travelling { frame, due });
        }
    }

    /// The next frame that has arrived by `now`.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Frame> {
        if self.air.front()?.due > now {
            return None;
        }
        self.air.pop_front().map(|travelling| travelling.frame)
    }

    /// When there is something to do next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let arrival = self.air.front().map(|travelling| travelling.due);
        let departure = self.queue.front().map(|head| self.free_at.max(head.arrived));
        match (arrival, departure) {
            (Some(arrival), Some(departure)) => Some(arrival.min(departure)),
            (some, none) => some.or(none),
        }
    }

    /// Loses everything that waits or travels, as when a cable is pulled.
    pub(crate) fn clear(&mut self, spare: &mut Vec<Frame>) {
        self.counts.lost += (self.queue.len() + self.air.len()) as u64;
        spare.extend(self.queue.drain(..).map(|waiting| waiting.frame));
        spare.extend(self.air.drain(..).map(|travelling| travelling.frame));
        self.queued_bytes = 0;
    }
}

impl Shape {
    /// Time on the wire of a frame of that many bytes.
    pub(crate) fn transmission_time(&self, bytes: usize) -> Duration {
        match self.rate_bps {
            Some(rate) => {
                Duration::from_nanos((bytes as u64 * 8).saturating_mul(1_000_000_000) / rate.max(1))
            }
            None => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests;
