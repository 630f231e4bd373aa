//! Requests and responses over UDP: one at a time, each asked again until it is answered in full.

use std::any::Any;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::Endpoint;
use super::udp::{datagram, number};

/// Bytes of a request packet, headers included.
const REQUEST_LEN: usize = 200;
/// Bytes of each packet of a response.
const RESPONSE_LEN: usize = 1200;
/// A request without a whole answer is made again after this long.
const RETRY: Duration = Duration::from_secs(1);

/// Asks, waits for the whole answer, pauses, and asks again.
#[derive(Debug)]
pub struct Asker {
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    packets: u64,
    pause: Duration,
    serial: u64,
    missing: BTreeSet<u64>,
    asked: Instant,
    next: Instant,
    /// How long each answer took, from the first time it was asked for.
    pub took: Vec<Duration>,
    /// How often a request had to be made again.
    pub retries: u64,
}

impl Asker {
    /// Asks from `start` on for answers of `packets` packets, with a pause after each.
    pub fn new(
        from: (IpAddr, u16),
        to: (IpAddr, u16),
        packets: u64,
        pause: Duration,
        start: Instant,
    ) -> Self {
        Self {
            from,
            to,
            packets,
            pause,
            serial: 0,
            missing: BTreeSet::new(),
            asked: start,
            next: start,
            took: Vec::new(),
            retries: 0,
        }
    }
}

impl Endpoint for Asker {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        let Some(number) = number(packet) else { return };
        if self.missing.remove(&number) && self.missing.is_empty() {
            self.took.push(now - self.asked);
            self.next = now + self.pause;
        }
    }

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        if self.next > now {
            return None;
        }
        if self.missing.is_empty() {
            self.serial += 1;
            self.asked = now;
            self.missing = (0..self.packets).map(|part| self.serial * self.packets + part).collect();
        } else {
            self.retries += 1;
        }
        self.next = now + RETRY;
        Some(datagram(self.from, self.to, REQUEST_LEN, self.serial * self.packets))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.next)
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Answers at once.
#[derive(Debug)]
pub struct Answerer {
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    packets: u64,
    answers: std::collections::VecDeque<u64>,
}

impl Answerer {
    /// Answers each request with that many packets.
    pub fn new(from: (IpAddr, u16), to: (IpAddr, u16), packets: u64) -> Self {
        Self { from, to, packets, answers: std::collections::VecDeque::new() }
    }
}

impl Endpoint for Answerer {
    fn handle_packet(&mut self, _now: Instant, packet: &[u8]) {
        if let Some(first) = number(packet) {
            self.answers.extend(first..first + self.packets);
        }
    }

    fn poll_packet(&mut self, _now: Instant) -> Option<BytesMut> {
        Some(datagram(self.from, self.to, RESPONSE_LEN, self.answers.pop_front()?))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}
