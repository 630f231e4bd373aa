//! What waits for a path: for its window and its pace.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::class::Class;
use crate::duplication::Twin;
use crate::lane::Place;
use crate::quic::Datagram;

/// What waits for a path.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    /// An IP packet, not sent yet.
    Packet {
        /// The packet.
        packet: Bytes,
        /// Its place, which its copy has as well.
        place: Place,
        /// Which of two copies it is, if there are two.
        twin: Option<Twin>,
    },
    /// A datagram that was lost, or in flight on a path that died: the receiver drops it if it arrived all the same.
    Again(Datagram),
    /// A datagram that tells the peer of a path, or of a packet that will not come.
    Report(Bytes),
    /// A datagram that tells the peer of our paths.
    Notice(Bytes),
}

impl Outgoing {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Packet { packet, .. } => packet.len(),
            Self::Again(datagram) => datagram.bytes.len(),
            Self::Report(bytes) | Self::Notice(bytes) => bytes.len(),
        }
    }

    /// Which of two copies it is, if there are two.
    pub(crate) fn twin(&self) -> Option<Twin> {
        match self {
            Self::Packet { twin, .. } => *twin,
            Self::Again(datagram) => datagram.twin,
            Self::Report(_) | Self::Notice(_) => None,
        }
    }

    /// The same; from now on it is alone.
    pub(crate) fn take_twin(&mut self) -> Option<Twin> {
        match self {
            Self::Packet { twin, .. } => twin.take(),
            Self::Again(datagram) => datagram.twin.take(),
            Self::Report(_) | Self::Notice(_) => None,
        }
    }

    /// What it goes before.
    pub(crate) fn precedence(&self) -> Precedence {
        match self {
            Self::Packet { place, .. } => place.class().into(),
            Self::Notice(_) => Precedence::Urgent,
            Self::Report(_) => Precedence::Prompt,
            Self::Again(_) => Precedence::Missing,
        }
    }

    /// Whether it goes before everything.
    pub(crate) fn is_notice(&self) -> bool {
        matches!(self, Self::Notice(_))
    }
}

/// What goes first on a path, whatever was queued before. Classes have their turns before a path is chosen; what is left
/// to order here is no more than a path's short queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precedence {
    /// Calls, and what the peer must know at once.
    Urgent,
    /// Somebody waits for it.
    Prompt,
    /// What was lost: what came after it waits at the receiver.
    Missing,
    /// Everything else, in its order.
    Patient,
}

impl Precedence {
    pub(crate) const ALL: [Self; 4] = [Self::Urgent, Self::Prompt, Self::Missing, Self::Patient];
}

impl From<Class> for Precedence {
    fn from(class: Class) -> Self {
        match class {
            Class::Realtime => Self::Urgent,
            Class::Interactive => Self::Prompt,
            Class::Bulk | Class::Background => Self::Patient,
        }
    }
}

/// A queue for each precedence: a fast path's may run ahead of a slow one's by as much as the path is faster, and nobody
/// who waits for an answer shall wait for all that.
#[derive(Debug, Default)]
pub(super) struct PathQueue {
    queues: [VecDeque<Outgoing>; Precedence::ALL.len()],
    bytes: [u64; Precedence::ALL.len()],
}

impl PathQueue {
    pub(super) fn push(&mut self, item: Outgoing) {
        let index = item.precedence() as usize;
        self.bytes[index] += item.len() as u64;
        if item.is_notice() {
            self.queues[index].push_front(item);
        } else {
            self.queues[index].push_back(item);
        }
    }

    /// What goes before everything, if there is such.
    pub(super) fn pop_notice(&mut self) -> Option<Outgoing> {
        let first = Precedence::Urgent as usize;
        self.queues[first].front().filter(|item| item.is_notice())?;
        self.pop_from(first)
    }

    pub(super) fn pop(&mut self) -> Option<Outgoing> {
        (0..self.queues.len()).find_map(|index| self.pop_from(index))
    }

    fn pop_from(&mut self, index: usize) -> Option<Outgoing> {
        let item = self.queues[index].pop_front()?;
        self.bytes[index] -= item.len() as u64;
        Some(item)
    }

    /// All of it, in the order in which it would leave; nothing is left.
    pub(super) fn take(&mut self) -> VecDeque<Outgoing> {
        let Self { queues, .. } = std::mem::take(self);
        queues.into_iter().flatten().collect()
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes_until(Precedence::Patient)
    }

    /// Bytes of these that go no later than what has this precedence.
    pub(super) fn bytes_until(&self, precedence: Precedence) -> u64 {
        self.bytes[..=precedence as usize].iter().sum()
    }
}

#[cfg(test)]
mod tests;
