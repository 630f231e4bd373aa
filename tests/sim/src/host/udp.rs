//! Datagrams at a constant rate, as of a call or a flood, and what becomes of them.

use std::any::Any;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::Endpoint;

/// Headers of IPv4 and UDP, and the number of the datagram.
const LEAST: usize = 20 + 8 + 8;

/// An IPv4 UDP packet of `len` bytes in all, numbered in its payload, that may not be fragmented. Its checksums are
/// left out: nothing on the way looks at them.
///
/// # Panics
/// For IPv6 addresses.
pub fn datagram(from: (IpAddr, u16), to: (IpAddr, u16), len: usize, number: u64) -> BytesMut {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (from.0, to.0) else { panic!("IPv4 only") };
    let len = len.max(LEAST);
    let mut packet = BytesMut::zeroed(len);
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&(len as u16).to_be_bytes());
    packet[6] = 0x40;
    packet[8] = 64;
    packet[9] = 17;
    packet[12..16].copy_from_slice(&source.octets());
    packet[16..20].copy_from_slice(&destination.octets());
    packet[20..22].copy_from_slice(&from.1.to_be_bytes());
    packet[22..24].copy_from_slice(&to.1.to_be_bytes());
    packet[24..26].copy_from_slice(&((len - 20) as u16).to_be_bytes());
    packet[28..36].copy_from_slice(&number.to_be_bytes());
    packet
}

/// The number in a packet of [`datagram`].
pub fn number(packet: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(packet.get(28..36)?.try_into().ok()?))
}

/// Sends datagrams at a constant rate.
#[derive(Debug)]
pub struct Source {
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    len: usize,
    interval: Duration,
    next: Instant,
    end: Instant,
    /// When each datagram left, by its number.
    pub sent: Vec<Instant>,
}

impl Source {
    /// Datagrams of `len` bytes, headers included, every `interval` from `start` until `end`.
    pub fn new(
        from: (IpAddr, u16),
        to: (IpAddr, u16),
        len: usize,
        interval: Duration,
        (start, end): (Instant, Instant),
    ) -> Self {
        Self { from, to, len, interval, next: start, end, sent: Vec::new() }
    }

    /// The interval at which packets of `len` bytes make `mbit` Mbit/s.
    pub fn interval(len: usize, mbit: f64) -> Duration {
        Duration::from_secs_f64(len as f64 * 8.0 / (mbit * 1e6))
    }
}

impl Endpoint for Source {
    fn handle_packet(&mut self, _now: Instant, _packet: &[u8]) {}

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        if self.next > now || self.next >= self.end {
            return None;
        }
        self.next += self.interval;
        self.sent.push(now);
        Some(datagram(self.from, self.to, self.len, self.sent.len() as u64 - 1))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        (self.next < self.end).then_some(self.next)
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Receives datagrams.
#[derive(Debug, Default)]
pub struct Sink {
    /// When each arrived, and its number.
    pub got: Vec<(Instant, u64)>,
    /// Bytes of packets received, headers included.
    pub bytes: u64,
    highest: Option<u64>,
    /// When each number was first overtaken is known by when a higher one arrived.
    overtaken_at: Vec<(u64, Instant)>,
    /// How long after it was overtaken the latest of all latecomers arrived.
    pub latest: Duration,
    /// How many arrived after one with a higher number.
    pub reordered: u64,
}

/// Latecomers further behind than this are taken for as late as the last that is remembered.
const REMEMBERED: usize = 65_536;

impl Sink {
    fn note(&mut self, now: Instant, number: u64) {
        if self.highest.is_none_or(|highest| number > highest) {
            self.highest = Some(number);
            if self.overtaken_at.len() >= REMEMBERED {
                self.overtaken_at.drain(..REMEMBERED / 2);
            }
            self.overtaken_at.push((number, now));
            return;
        }
        self.reordered += 1;
        let first_higher = self.overtaken_at.partition_point(|(higher, _)| *higher < number);
        if let Some((_, at)) = self.overtaken_at.get(first_higher) {
            self.latest = self.latest.max(now - *at);
        }
    }

    /// The longest time without an arrival between `from` and `to`.
    pub fn longest_pause(&self, from: Instant, to: Instant) -> Duration {
        let arrivals = self.got.iter().map(|(at, _)| *at).filter(|at| (from..=to).contains(at));
        let mut longest = Duration::ZERO;
        let mut last = from;
        for at in arrivals.chain([to]) {
            longest = longest.max(at - last);
            last = at;
        }
        longest
    }

    /// Mbit/s of packets, headers included, between `from` and `to`, where each has `len` bytes.
    pub fn mbit(&self, len: usize, from: Instant, to: Instant) -> f64 {
        let count = self.got.iter().filter(|(at, _)| (from..to).contains(at)).count();
        (count * len * 8) as f64 / 1e6 / (to - from).as_secs_f64()
    }
}

impl Endpoint for Sink {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        if let Some(number) = number(packet) {
            self.got.push((now, number));
            self.bytes += packet.len() as u64;
            self.note(now, number);
        }
    }

    fn poll_packet(&mut self, _now: Instant) -> Option<BytesMut> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests;
