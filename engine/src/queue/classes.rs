//! One queue per class: the urgent before the rest, but none starves.
//!
//! Each class has a [`FqCodel`] of its own. Between a class and all below it the share is kept by a balance of bytes:
//! what the class took ahead of its share while others waited. As long as that is less than a burst, the class goes
//! first; so a call that is far below its share never waits, and a flood cannot take more than its part. The cost does
//! not depend on how many flows or packets there are.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::{Config, FqCodel, Queued, Stats};
use crate::class::Class;

/// Of each class but the last its share, while it and lower ones wait, and theirs. So realtime takes at most a half of
/// the rate, bulk gets at least an eighth, background a 64th.
const SHARES: [Share; 3] =
    [Share { own: 1, others: 1 }, Share { own: 3, others: 1 }, Share { own: 7, others: 1 }];
/// What a class may take beyond its share at once, bytes: a picture of a video call.
const BURST: i64 = 32 << 10;
/// One part in so many of the room is each class's own: another's flood cannot push out the rest.
const OWN_ROOM: usize = 8;
/// Memory is given back when nothing came for so long.
const IDLE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
struct Share {
    own: i64,
    others: i64,
}

/// The queues of all classes towards one peer.
#[derive(Debug)]
pub struct ClassQueue {
    queues: [FqCodel; Class::ALL.len()],
    /// What a class took ahead of its share, in bytes times the weight of the others.
    balances: [i64; SHARES.len()],
    /// The rate that the queues are adapted to, bit/s, and the round trip.
    adapted: (u64, Duration),
    /// When the last packet came. `None` while no memory is held.
    pushed: Option<Instant>,
}

impl ClassQueue {
    /// Empty queues. The limits of `config` are those of all of them together.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            queues: Class::ALL.map(|_| FqCodel::new(config)),
            balances: [0; SHARES.len()],
            adapted: (0, Duration::ZERO),
            pushed: None,
        }
    }

    /// Adapts to the rate in bit/s at which the queues are emptied, and to the round trip behind them, as
    /// [`FqCodel::adapt`] does.
    pub fn adapt(&mut self, bits_per_second: u64, rtt: Duration) {
        let to = (bits_per_second, rtt);
        if std::mem::replace(&mut self.adapted, to) == to {
            return;
        }
        self.queues.iter_mut().for_each(|queue| queue.adapt(bits_per_second, rtt));
    }

    /// Says that a path is gone, as [`FqCodel::excuse`] does.
    pub fn excuse(&mut self, now: Instant) {
        self.queues.iter_mut().for_each(|queue| queue.excuse(now));
    }

    /// Queues an IP packet of a flow that is in `class`, and was in class `before` with its last packet. Gives the
    /// class whose queue it went to: as long as packets of the flow wait in another, the flow goes on there, and keeps
    /// its order. When that passes a limit, a flow of the least class that holds more than its own room loses packets.
    pub fn push(
        &mut self,
        now: Instant,
        packet: BytesMut,
        flow_hash: u32,
        class: Class,
        before: Class,
    ) -> Class {
        let stays = class != before && self.queues[before.index()].holds(flow_hash);
        let class = if stays { before } else { class };
        self.pushed = Some(now);
        self.queues[class.index()].push(now, packet, flow_hash);
        while self.queues[0].is_beyond_limit(self.len(), self.bytes()) && self.drop_one() {}
        class
    }

    /// Takes the next packet to send, if there is one, with its class. Packets that CoDel drops on the way are gone.
    pub fn pop(&mut self, now: Instant) -> Option<(Class, Queued)> {
        let (class, _) = self.peek(now)?;
        let queued = self.queues[class.index()].pop(now)?;
        self.charge(class, queued.packet.len());
        Some((class, queued))
    }

    /// Class and length in bytes of the packet that [`ClassQueue::pop`] gives next.
    pub fn peek(&mut self, now: Instant) -> Option<(Class, usize)> {
        let mut beyond_share = None;
        for class in Class::ALL {
            let Some(len) = self.queues[class.index()].peek_len(now) else { continue };
            let is_within = |share: &Share, balance: i64| balance < BURST * share.others;
            match SHARES.get(class.index()) {
                Some(share) if !is_within(share, self.balances[class.index()]) => {
                    beyond_share = beyond_share.or(Some((class, len)));
                }
                _ => return Some((class, len)),
            }
        }
        // No lower one waits after all.
        beyond_share
    }

    /// Notes that a packet of a class leaves, and who waits meanwhile.
    fn charge(&mut self, class: Class, len: usize) {
        let len = len as i64;
        for (level, share) in SHARES.iter().enumerate() {
            let balance = &mut self.balances[level];
            if level < class.index() {
                *balance = (*balance - len * share.own).max(0);
            } else if level == class.index() {
                let others_wait = self.queues[level + 1..].iter().any(|queue| !queue.is_empty());
                *balance = if others_wait { *balance + len * share.others } else { 0 };
            }
        }
    }

    /// Drops a packet; returns whether there was one to drop.
    fn drop_one(&mut self) -> bool {
        // What is over the limit is over an eighth of it in some class, or it consists of packets given back.
        let least_first = || (0..self.queues.len()).rev();
        let over = least_first().find(|index| {
            let queue = &self.queues[*index];
            queue.is_beyond_limit(queue.len() * OWN_ROOM, queue.bytes() * OWN_ROOM)
        });
        over.into_iter().chain(least_first()).any(|index| self.queues[index].drop_from_fattest())
    }

    /// Packets held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queues.iter().map(FqCodel::len).sum()
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.queues.iter().map(FqCodel::bytes).sum()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queues.iter().all(FqCodel::is_empty)
    }

    /// What the queue of a class has done so far.
    #[must_use]
    pub fn stats(&self, class: Class) -> Stats {
        self.queues[class.index()].stats()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.pushed.map(|pushed| pushed + IDLE)
    }

    /// Gives memory back where nothing came for a while.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.queues.iter_mut().for_each(FqCodel::release_memory);
            self.pushed = (!self.is_empty()).then_some(now);
        }
    }
}
