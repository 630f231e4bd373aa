//! Putting pieces together again.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::header::{Header, MAX_PIECES};

/// Longest packet that is put together: the longest IP packet and a little for what is sent with it.
const MAX_LEN: usize = 65_535 + 64;

/// Bounds on what a [`Rejoiner`] keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How long the first piece of a packet waits for the others.
    pub timeout: Duration,
    /// Most packets that are incomplete at a time.
    pub max_packets: usize,
    /// Most bytes of incomplete packets.
    pub max_bytes: usize,
}

impl Default for Config {
    /// Half a second covers the skew between usable paths and one retransmission. 2 MiB are 100 ms of first
    /// halves at 300 Mbit/s.
    fn default() -> Self {
        Self { timeout: Duration::from_millis(500), max_packets: 2048, max_bytes: 2 << 20 }
    }
}

/// What a [`Rejoiner`] has done since it was made. Every field only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets that became whole.
    pub rejoined: u64,
    /// Pieces that were there already.
    pub duplicates: u64,
    /// Payloads that are no piece.
    pub malformed: u64,
    /// Packets given up because their pieces contradict each other.
    pub inconsistent: u64,
    /// Packets given up because pieces did not come in time.
    pub expired: u64,
    /// Packets given up, oldest first, because too many were incomplete.
    pub evicted: u64,
}

/// The receiving side: keeps pieces until a packet is whole, within bounds of time and memory.
///
/// Pieces are copied, once each: to keep the buffer that they came in would let a few bytes hold a whole
/// batch of received datagrams.
#[derive(Debug)]
pub struct Rejoiner {
    config: Config,
    partials: HashMap<u32, Partial>,
    /// Packets in the order of their first pieces; those that have left `partials` since are skipped.
    order: VecDeque<Began>,
    began: u64,
    bytes: usize,
    stats: Stats,
}

/// When the first piece of a packet came.
#[derive(Debug, Clone, Copy)]
struct Began {
    id: u32,
    /// Tells two packets of the same identifier apart.
    serial: u64,
    at: Instant,
}

impl Rejoiner {
    /// A rejoiner that keeps nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let (partials, order) = (HashMap::new(), VecDeque::new());
        Self { config, partials, order, began: 0, bytes: 0, stats: Stats::default() }
    }

    /// Takes in the payload of a datagram in the split context, and returns the packet that it completes.
    ///
    /// A packet is returned once; but if all its pieces come again later, it is so again, as IP permits.
    pub fn receive(&mut self, now: Instant, payload: &[u8]) -> Option<BytesMut> {
        self.handle_timeout(now);
        let Some((header, piece)) = Header::decode(payload) else {
            self.stats.malformed += 1;
            return None;
        };
        let packet = self.add(now, header, piece);
        self.evict();
        packet
    }

    /// When [`Rejoiner::handle_timeout`] has something to give up; `None` while nothing is kept.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.order.front().map(|began| began.at + self.config.timeout)
    }

    /// Gives up packets whose pieces did not come in time.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(began) = self.order.front().copied() {
            if self.is_current(began) {
                if now < began.at + self.config.timeout {
                    break;
                }
                self.discard(began.id);
                self.stats.expired += 1;
            }
            self.order.pop_front();
        }
    }

    /// Packets that are incomplete.
    #[must_use]
    pub fn len(&self) -> usize {
        self.partials.len()
    }

    /// Whether no packet is incomplete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partials.is_empty()
    }

    /// Bytes of incomplete packets.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What has been done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    fn add(&mut self, now: Instant, header: Header, piece: &[u8]) -> Option<BytesMut> {
        if header.index == 0 && header.last {
            self.discard(header.id);
            self.stats.rejoined += 1;
            return Some(BytesMut::from(piece));
        }
        let partial = match self.partials.get_mut(&header.id) {
            Some(partial) => partial,
            None => self.begin(now, header.id, piece.len()),
        };
        match partial.add(header, piece) {
            Added::Duplicate => self.stats.duplicates += 1,
            Added::Inconsistent => {
                // One of the two lies; believing neither costs a packet, believing the wrong one costs data.
                self.stats.inconsistent += 1;
                self.discard(header.id);
            }
            Added::Incomplete => self.bytes += piece.len(),
            Added::Complete => {
                let partial = self.partials.remove(&header.id)?;
                // The last piece has not been counted.
                self.bytes -= partial.buffer.len() - piece.len();
                self.stats.rejoined += 1;
                return Some(partial.into_packet());
            }
        }
        None
    }

    fn begin(&mut self, now: Instant, id: u32, piece_len: usize) -> &mut Partial {
        self.began += 1;
        self.order.push_back(Began { id, serial: self.began, at: now });
        // Pieces are about equal, and mostly two.
        let buffer = BytesMut::with_capacity(piece_len * 2 + 1);
        let partial = Partial { serial: self.began, buffer, spans: Default::default(), last: None };
        self.partials.entry(id).insert_entry(partial).into_mut()
    }

    fn is_current(&self, began: Began) -> bool {
        self.partials.get(&began.id).is_some_and(|partial| partial.serial == began.serial)
    }

    /// Forgets a packet whose bytes are all counted.
    fn discard(&mut self, id: u32) {
        if let Some(partial) = self.partials.remove(&id) {
            self.bytes -= partial.buffer.len();
        }
    }

    /// Gives up the oldest packets until the rest is within bounds, and leaves an incomplete one in front.
    fn evict(&mut self) {
        while let Some(began) = self.order.front().copied() {
            let current = self.is_current(began);
            let over = self.bytes > self.config.max_bytes || self.order.len() > self.config.max_packets;
            if current && !over {
                break;
            }
            if current {
                self.discard(began.id);
                self.stats.evicted += 1;
            }
            self.order.pop_front();
        }
    }
}

/// A packet of which some pieces are there.
#[derive(Debug)]
struct Partial {
    serial: u64,
    /// The pieces in the order in which they came.
    buffer: BytesMut,
    /// Where in `buffer` each piece is, by index; empty while it is missing.
    spans: [Range<usize>; MAX_PIECES],
    /// Index of the last piece, once that has come.
    last: Option<u8>,
}

enum Added {
    Duplicate,
    Inconsistent,
    Incomplete,
    Complete,
}

impl Partial {
    fn add(&mut self, header: Header, piece: &[u8]) -> Added {
        let index = usize::from(header.index);
        let known = self.spans[index].clone();
        if !known.is_empty() {
            let same = self.buffer[known] == *piece && header.last == (self.last == Some(header.index));
            return if same { Added::Duplicate } else { Added::Inconsistent };
        }
        let beyond = self.last.is_some_and(|last| header.index > last || header.last);
        let ends_early = header.last && self.spans[index..].iter().any(|span| !span.is_empty());
        if beyond || ends_early || self.buffer.len() + piece.len() > MAX_LEN {
            return Added::Inconsistent;
        }
        if header.last {
            self.last = Some(header.index);
        }
        let start = self.buffer.len();
        self.buffer.extend_from_slice(piece);
        self.spans[index] = start..self.buffer.len();
        let complete = self
            .last
            .is_some_and(|last| self.spans[..=usize::from(last)].iter().all(|span| !span.is_empty()));
        if complete { Added::Complete } else { Added::Incomplete }
    }

    /// The packet, copied anew only where pieces came out of order.
    fn into_packet(self) -> BytesMut {
        let count = usize::from(self.last.unwrap_or_default()) + 1;
        let spans = &self.spans[..count];
        if spans.is_sorted_by_key(|span| span.start) {
            return self.buffer;
        }
        let mut packet = BytesMut::with_capacity(self.buffer.len());
        for span in spans {
            packet.extend_from_slice(&self.buffer[span.clone()]);
        }
        packet
    }
}
