//! The sending end.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::ranges::Ranges;
use super::{PACKET_LEN, RANGES_AT};
use crate::host::Endpoint;
use crate::host::tcp::cubic::Cubic;
use crate::host::tcp::window::Window;
use crate::host::udp::datagram;

/// Packets acknowledged after one that is missing (RFC 9002 §6.1.1).
const PACKET_THRESHOLD: u64 = 3;
/// Round trip assumed at first (RFC 9002 §6.2.2).
const INITIAL_RTT: Duration = Duration::from_millis(333);
/// What the receiver may add to an acknowledgement.
const MAX_ACK_DELAY: Duration = Duration::from_millis(25);
/// Timer granularity (RFC 9002 §6.1.2).
const GRANULARITY: Duration = Duration::from_millis(1);
/// Lost numbers that are remembered, to tell when one arrives after all.
const REMEMBERED: usize = 4096;

/// What a sender counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QuicStats {
    /// Packets sent.
    pub sent: u64,
    /// Packets declared lost.
    pub lost: u64,
    /// Of those, such as were acknowledged after all.
    pub spurious: u64,
    /// Probe timeouts.
    pub timeouts: u64,
}

/// Sends more than the network takes.
#[derive(Debug)]
pub struct QuicSender {
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    in_flight: BTreeMap<u64, Instant>,
    given_up: BTreeSet<u64>,
    window: Window,
    cubic: Cubic,
    largest_acked: Option<u64>,
    /// Losses up to here belong to a reduction that was made.
    recovery_end: Option<u64>,
    rtt: Option<(Duration, Duration)>,
    latest_rtt: Duration,
    /// Probe timeouts in a row.
    backoff: u32,
    /// Packets that may leave whatever the window says.
    probes: u32,
    last_sent: Instant,
    /// What happened so far.
    pub stats: QuicStats,
}

impl QuicSender {
    /// A sender at `local` that begins at `start`.
    pub fn new(local: (IpAddr, u16), remote: (IpAddr, u16), start: Instant) -> Self {
        Self {
            local,
            remote,
            in_flight: BTreeMap::new(),
            given_up: BTreeSet::new(),
            window: Window::new(start),
            cubic: Cubic::new(start),
            largest_acked: None,
            recovery_end: None,
            rtt: None,
            latest_rtt: INITIAL_RTT,
            backoff: 0,
            probes: 0,
            last_sent: start,
            stats: QuicStats::default(),
        }
    }

    /// Takes a round trip (RFC 9002 §5.3).
    fn sample(&mut self, sample: Duration) {
        self.latest_rtt = sample;
        self.rtt = Some(match self.rtt {
            None => (sample, sample / 2),
            Some((smoothed, variation)) => {
                ((smoothed * 7 + sample) / 8, (variation * 3 + smoothed.abs_diff(sample)) / 4)
            }
        });
    }

    fn acknowledge(&mut self, now: Instant, first: u64, last: u64) -> u32 {
        let numbers: Vec<u64> = self.in_flight.range(first..=last).map(|(number, _)| *number).collect();
        let late: Vec<u64> = self.given_up.range(first..=last).copied().collect();
        self.stats.spurious += late.len() as u64;
        for number in late {
            self.given_up.remove(&number);
        }
        let acked = numbers.len() as u32;
        for number in numbers {
            let Some(sent) = self.in_flight.remove(&number) else { continue };
            if self.largest_acked.is_none_or(|largest| number > largest) {
                self.largest_acked = Some(number);
                if number == last {
                    self.sample(now - sent);
                }
            }
        }
        acked
    }

    /// The time threshold (RFC 9002 §6.1.2).
    fn loss_delay(&self) -> Duration {
        let rtt = self.rtt.map_or(INITIAL_RTT, |(smoothed, _)| smoothed).max(self.latest_rtt);
        (rtt * 9 / 8).max(GRANULARITY)
    }

    fn detect_losses(&mut self, now: Instant) {
        let Some(largest) = self.largest_acked else { return };
        let delay = self.loss_delay();
        let is_lost =
            |number: u64, sent: Instant| number + PACKET_THRESHOLD <= largest || sent + delay <= now;
        let lost: Vec<u64> = self
            .in_flight
            .range(..largest)
            .filter(|(number, sent)| is_lost(**number, **sent))
            .map(|(number, _)| *number)
            .collect();
        for number in lost {
            self.in_flight.remove(&number);
            self.given_up.insert(number);
            self.stats.lost += 1;
            if self.recovery_end.is_none_or(|end| number >= end) {
                self.recovery_end = Some(self.stats.sent);
                self.window.threshold = self.cubic.on_congestion(self.window.segments);
                self.window.reset(self.window.threshold);
            }
        }
        while self.given_up.len() > REMEMBERED {
            self.given_up.pop_first();
        }
    }

    fn probe_timeout(&self) -> Duration {
        let base = match self.rtt {
            None => INITIAL_RTT * 2,
            Some((smoothed, variation)) => smoothed + (variation * 4).max(GRANULARITY) + MAX_ACK_DELAY,
        };
        base * 2_u32.saturating_pow(self.backoff.min(6))
    }

    fn note_fullness(&mut self, now: Instant) {
        let out = self.in_flight.len() as u32;
        let una = self.in_flight.keys().next().copied().unwrap_or(self.stats.sent);
        let full = out >= self.window.segments;
        self.window.validate(now, una, self.stats.sent, out, full, self.probe_timeout());
    }
}

impl Endpoint for QuicSender {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        let Some(ranges) = packet.get(RANGES_AT..) else { return };
        let mut acked = 0;
        for (first, last) in Ranges::decode(ranges) {
            acked += self.acknowledge(now, first, last);
        }
        if acked == 0 {
            return;
        }
        self.backoff = 0;
        let una = self.in_flight.keys().next().copied().unwrap_or(self.stats.sent);
        self.cubic.on_rtt(now, self.latest_rtt, una, self.stats.sent, &mut self.window);
        if self.recovery_end.is_none_or(|end| self.largest_acked >= Some(end)) {
            self.cubic.on_ack(now, acked, &mut self.window);
        }
        self.detect_losses(now);
    }

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        if self.in_flight.len() as u32 >= self.window.segments {
            self.probes = self.probes.checked_sub(1)?;
        }
        let number = self.stats.sent;
        self.stats.sent += 1;
        self.in_flight.insert(number, now);
        self.last_sent = now;
        self.note_fullness(now);
        Some(datagram(self.local, self.remote, PACKET_LEN, number))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let (first, sent) = self.in_flight.first_key_value()?;
        let is_overtaken = self.largest_acked.is_some_and(|largest| *first < largest);
        Some(if is_overtaken { *sent + self.loss_delay() } else { self.last_sent + self.probe_timeout() })
    }

    fn handle_timeout(&mut self, now: Instant) {
        let before = self.stats.lost;
        self.detect_losses(now);
        if self.stats.lost == before && self.last_sent + self.probe_timeout() <= now {
            self.stats.timeouts += 1;
            self.backoff += 1;
            self.probes = 2;
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
