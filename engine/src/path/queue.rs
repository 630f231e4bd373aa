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
    /// A datagram that tells the peer of a path.
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

    /// Whether it goes before what was queued earlier.
    pub(super) fn is_urgent(&self) -> bool {
        match self {
            Self::Packet { place, .. } => place.class() == Class::Realtime,
            Self::Again(_) | Self::Report(_) | Self::Notice(_) => false,
        }
    }

    /// Whether it goes before everything.
    pub(crate) fn is_notice(&self) -> bool {
        matches!(self, Self::Notice(_))
    }
}

/// Two queues, of which calls' goes first: a fast path's queue may run ahead of a slow one's by as much as the path is
/// faster, and a call shall not wait for all that.
#[derive(Debug, Default)]
pub(super) struct PathQueue {
    urgent: VecDeque<Outgoing>,
    rest: VecDeque<Outgoing>,
    urgent_bytes: u64,
    rest_bytes: u64,
}

impl PathQueue {
    pub(super) fn push(&mut self, item: Outgoing) {
        let len = item.len() as u64;
        if item.is_notice() {
            self.urgent_bytes += len;
            self.urgent.push_front(item);
        } else if item.is_urgent() {
            self.urgent_bytes += len;
            self.urgent.push_back(item);
        } else {
            self.rest_bytes += len;
            self.rest.push_back(item);
        }
    }

    /// What goes before everything, if there is such.
    pub(super) fn pop_notice(&mut self) -> Option<Outgoing> {
        self.urgent.front().filter(|item| item.is_notice())?;
        let notice = self.urgent.pop_front()?;
        self.urgent_bytes -= notice.len() as u64;
        Some(notice)
    }

    pub(super) fn pop(&mut self) -> Option<Outgoing> {
        if let Some(item) = self.urgent.pop_front() {
            self.urgent_bytes -= item.len() as u64;
            return Some(item);
        }
        let item = self.rest.pop_front()?;
        self.rest_bytes -= item.len() as u64;
        Some(item)
    }

    /// All of it, in the order in which it would leave; nothing is left.
    pub(super) fn take(&mut self) -> VecDeque<Outgoing> {
        let Self { mut urgent, mut rest, .. } = std::mem::take(self);
        urgent.append(&mut rest);
        urgent
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> u64 {
        self.urgent_bytes + self.rest_bytes
    }

    /// Bytes of these that go first.
    pub(super) fn urgent_bytes(&self) -> u64 {
        self.urgent_bytes
    }
}

#[cfg(test)]
mod tests;
