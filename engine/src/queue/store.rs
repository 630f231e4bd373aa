//! Packets of many first-in-first-out queues in one piece of memory.

#[cfg(test)]
mod tests;

use std::time::Instant;

use bytes::BytesMut;

const NONE: u32 = u32::MAX;

/// A packet in the queue, or just out of it.
#[derive(Debug)]
pub struct Queued {
    /// The IP packet.
    pub packet: BytesMut,
    /// Hash of its flow, as it was pushed with.
    pub flow_hash: u32,
    /// When it was pushed.
    pub enqueued: Instant,
}

/// A queue inside a [`Store`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Fifo {
    head: u32,
    tail: u32,
}

impl Default for Fifo {
    fn default() -> Self {
        Self { head: NONE, tail: NONE }
    }
}

/// The memory: a slab of list nodes that are used again, so that a packet costs no allocation.
#[derive(Debug)]
pub(super) struct Store {
    nodes: Vec<Node>,
    /// Head of the list of unused nodes.
    free: u32,
}

#[derive(Debug)]
struct Node {
    queued: Option<Queued>,
    next: u32,
}

impl Default for Store {
    fn default() -> Self {
        Self { nodes: Vec::new(), free: NONE }
    }
}

impl Store {
    pub(super) fn push(&mut self, fifo: &mut Fifo, queued: Queued) {
        let node = Node { queued: Some(queued), next: NONE };
        let index = self.free;
        let index = if let Some(unused) = self.nodes.get_mut(index as usize) {
            self.free = unused.next;
            *unused = node;
            index
        } else {
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        };
        match self.nodes.get_mut(fifo.tail as usize) {
            Some(tail) => tail.next = index,
            None => fifo.head = index,
        }
        fifo.tail = index;
    }

    pub(super) fn pop(&mut self, fifo: &mut Fifo) -> Option<Queued> {
        let index = fifo.head;
        let node = self.nodes.get_mut(index as usize)?;
        let queued = node.queued.take();
        fifo.head = node.next;
        if fifo.head == NONE {
            fifo.tail = NONE;
        }
        node.next = self.free;
        self.free = index;
        queued
    }
}
