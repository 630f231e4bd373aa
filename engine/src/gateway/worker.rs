//! One gateway of several that serve the same addresses, each on a thread of its own: which of them has a connection, and
//! what came to another one is passed on.
//!
//! A connection stays with the worker to which its first datagram came. Nothing is shared: workers tell one another who
//! holds which inner addresses, by the same way on which they pass packets on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use noq_proto::{ConnectionId, ConnectionIdGenerator, InvalidCid};

use super::{Gateway, Lease};
use crate::error::code;
use crate::ip;
use crate::link::Arrival;

/// Which one of how many workers a gateway is.
///
/// The connection ids that it gives out leave its index when their first byte is divided by the number of workers, and
/// the first datagrams of a connection, whose ids the client chose at random, go by the same rule. That is little enough for
/// a filter in the kernel (`SO_ATTACH_REUSEPORT_CBPF`), and an observer learns no more from it than which of a few threads
/// a connection is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worker {
    index: u8,
    count: NonZeroU8,
}

impl Worker {
    /// The only one.
    pub const ALONE: Self = Self { index: 0, count: NonZeroU8::MIN };

    /// All of so many.
    pub fn all(count: NonZeroU8) -> impl Iterator<Item = Self> {
        (0..count.get()).map(move |index| Self { index, count })
    }

    /// Its number, counted from 0.
    #[must_use]
    pub fn index(self) -> u8 {
        self.index
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> NonZeroU8 {
        self.count
    }

    fn others(self) -> impl Iterator<Item = u8> {
        (0..self.count.get()).filter(move |other| *other != self.index)
    }

    /// Whose a connection id is, by its first byte.
    fn of(self, first: u8) -> u8 {
        first % self.count
    }

    /// The other worker for which a UDP datagram is. None if it is for this one, or has no connection id.
    fn other_of(self, datagram: &[u8]) -> Option<u8> {
        if self.count == NonZeroU8::MIN {
            return None;
        }
        let owner = self.of(first_of_id(datagram)?);
        (owner != self.index).then_some(owner)
    }
}

/// The first byte of the destination's connection id (RFC 9000 §17.2 and §17.3).
fn first_of_id(datagram: &[u8]) -> Option<u8> {
    match datagram {
        [form, _, _, _, _, len, first, ..] if form & 0x80 != 0 => (*len > 0).then_some(*first),
        [form, first, ..] if form & 0x80 == 0 => Some(*first),
        _ => None,
    }
}

/// Gives out the connection ids of one worker.
pub(crate) struct WorkerIds<G> {
    pub(crate) inner: G,
    pub(crate) worker: Worker,
}

impl<G: ConnectionIdGenerator> ConnectionIdGenerator for WorkerIds<G> {
    fn generate_cid(&mut self) -> ConnectionId {
        // Each try is right with the same chance, whatever came before.
        loop {
            let id = self.inner.generate_cid();
            if id.first().is_none_or(|first| self.worker.of(*first) == self.worker.index) {
                return id;
            }
        }
    }

    fn validate(&self, id: ConnectionId) -> Result<(), InvalidCid> {
        self.inner.validate(id)
    }

    fn cid_len(&self) -> usize {
        self.inner.cid_len()
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        self.inner.cid_lifetime()
    }
}

/// What one worker passes on to another.
#[derive(Debug, Clone)]
pub enum Handover {
    /// A UDP datagram of the other's connection.
    Datagram(Arrival, BytesMut),
    /// An IP packet for the other's peer.
    Packet(BytesMut),
    /// A peer has a tunnel here, since then.
    Claimed(Lease, Instant),
    /// A peer has none here any more.
    Released(Arc<[IpAddr]>),
}

/// Which other worker holds an inner address, and since when.
pub(super) type Elsewhere = HashMap<IpAddr, (u8, Instant)>;

impl Gateway {
    /// What another worker is to have, by its index.
    pub fn poll_handover(&mut self) -> Option<(u8, Handover)> {
        self.handovers.pop_front()
    }

    /// Takes what worker `from` passed on.
    pub fn take_over(&mut self, now: Instant, from: u8, handover: Handover) {
        match handover {
            Handover::Datagram(arrival, data) => self.take_datagram(now, &arrival, data),
            Handover::Packet(packet) => {
                let Ok(header) = ip::Header::parse(&packet) else { return };
                // A peer that left meanwhile is looked for no further.
                match self.leases.get(&header.dst) {
                    Some(&handle) => self.pass_to_peer(now, handle, packet, &header),
                    None => self.answer_unreachable(now, &packet, &header),
                }
            }
            Handover::Claimed(lease, since) => self.note_claim(now, from, &lease, since),
            Handover::Released(addresses) => {
                for address in &*addresses {
                    if self.elsewhere.get(address).is_some_and(|(holder, _)| *holder == from) {
                        self.elsewhere.remove(address);
                    }
                }
            }
        }
    }

    /// Passes a datagram on if it is another worker's; gives it back if not.
    pub(super) fn steer(&mut self, arrival: &Arrival, data: BytesMut) -> Option<BytesMut> {
        match self.worker.other_of(&data) {
            Some(other) => {
                self.handovers.push_back((other, Handover::Datagram(*arrival, data)));
                None
            }
            None => Some(data),
        }
    }

    /// The other worker that holds an address.
    pub(super) fn holder_elsewhere(&self, address: IpAddr) -> Option<u8> {
        self.elsewhere.get(&address).map(|(holder, _)| *holder)
    }

    pub(super) fn tell_others(&mut self, handover: &Handover) {
        for other in self.worker.others() {
            self.handovers.push_back((other, handover.clone()));
        }
    }

    /// Of two claims the later one holds, in whatever order they are heard of.
    fn note_claim(&mut self, now: Instant, from: u8, lease: &Lease, since: Instant) {
        let own = self.connection_of(&lease.name);
        let is_older = |handle: &usize| {
            let lease = self.peers.get(handle).and_then(|peer| peer.lease.as_ref());
            lease.is_some_and(|(_, own_since)| *own_since <= since)
        };
        if let Some(handle) = own.filter(is_older) {
            self.supersede(now, handle);
        } else if own.is_some() {
            return;
        }
        for address in &lease.addresses {
            let holder = self.elsewhere.entry(*address).or_insert((from, since));
            if holder.1 <= since {
                *holder = (from, since);
            }
        }
    }

    /// Ends an older connection of a peer that came back on a new one.
    pub(super) fn supersede(&mut self, now: Instant, handle: usize) {
        self.end(now, handle, code::SUPERSEDED, "the same peer came back on a new connection");
    }
}
