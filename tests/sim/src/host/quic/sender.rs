//! The sending end: loss detection (RFC 9002 §6), Cubic, and what may be in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::MAX_ACK_DELAY;
use super::pacer::Pacer;
use super::ranges::Ranges;
use crate::host::tcp::cubic::Cubic;
use crate::host::tcp::window::Window;

/// Packets acknowledged after one that is missing (RFC 9002 §6.1.1).
const PACKET_THRESHOLD: u64 = 3;
/// Round trip assumed at first (RFC 9002 §6.2.2).
const INITIAL_RTT: Duration = Duration::from_millis(333);
/// Timer granularity (RFC 9002 §6.1.2).
const GRANULARITY: Duration = Duration::from_millis(1);
/// Packets that a probe timeout lets out (RFC 9002 §6.2.4).
const PROBES: u32 = 2;
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

/// State of the sending end, which always has more to send.
#[derive(Debug)]
pub struct Sender {
    in_flight: BTreeMap<u64, Instant>,
    given_up: BTreeSet<u64>,
    window: Window,
    cubic: Cubic,
    pacer: Option<Pacer>,
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
    stats: QuicStats,
}

impl Sender {
    /// A sender that begins at `start`, and lets out at once what the window lets.
    pub fn new(start: Instant) -> Self {
        Self {
            in_flight: BTreeMap::new(),
            given_up: BTreeSet::new(),
            window: Window::new(start),
            cubic: Cubic::new(start),
            pacer: None,
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

    /// As [`Sender::new`], but spread over the round trip. HyStart is off: it reads the spacing of acknowledgements,
    /// which the pacer makes.
    pub fn paced(start: Instant) -> Self {
        Self { cubic: Cubic::without_hystart(start), pacer: Some(Pacer::new(start)), ..Self::new(start) }
    }

    /// What happened so far.
    pub fn stats(&self) -> QuicStats {
        self.stats
    }

    /// Takes the bytes of an acknowledgement.
    pub fn handle_ack(&mut self, now: Instant, ranges: &[u8]) {
        let mut acked = 0;
        for (first, last) in Ranges::decode(ranges) {
            acked += self.acknowledge(now, first, last);
        }
        if acked == 0 {
            return;
        }
        self.backoff = 0;
        let una = self.first_in_flight();
        self.cubic.on_rtt(now, self.latest_rtt, una, self.stats.sent, &mut self.window);
        if self.recovery_end.is_none_or(|end| self.largest_acked >= Some(end)) {
            self.cubic.on_ack(now, acked, &mut self.window);
        }
        self.detect_losses(now);
    }

    /// The number of the next packet, if one may leave now.
    pub fn poll_send(&mut self, now: Instant) -> Option<u64> {
        let pace = self.pace();
        if self.is_full() {
            self.probes = self.probes.checked_sub(1)?;
        } else if self.pacer.as_mut().is_some_and(|pacer| !pacer.take(now, pace)) {
            return None;
        }
        let number = self.stats.sent;
        self.stats.sent += 1;
        self.in_flight.insert(number, now);
        self.last_sent = now;
        self.note_fullness(now);
        Some(number)
    }

    /// When [`Sender::handle_timeout`] and [`Sender::poll_send`] are to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timer = self.in_flight.first_key_value().map(|(first, sent)| {
            let is_overtaken = self.largest_acked.is_some_and(|largest| *first < largest);
            if is_overtaken { *sent + self.loss_delay() } else { self.last_sent + self.probe_timeout() }
        });
        let send = self.pacer.as_ref().filter(|_| !self.is_full()).map(|pacer| pacer.next(self.pace()));
        timer.into_iter().chain(send).min()
    }

    /// Does what is due by now.
    pub fn handle_timeout(&mut self, now: Instant) {
        let before = self.stats.lost;
        self.detect_losses(now);
        let is_overdue = !self.in_flight.is_empty() && self.last_sent + self.probe_timeout() <= now;
        if self.stats.lost == before && is_overdue {
            self.stats.timeouts += 1;
            self.backoff += 1;
            self.probes = PROBES;
        }
    }

    fn is_full(&self) -> bool {
        self.in_flight.len() as u32 >= self.window.segments
    }

    /// The least number that may still be acknowledged.
    fn first_in_flight(&self) -> u64 {
        self.in_flight.keys().next().copied().unwrap_or(self.stats.sent)
    }

    /// Packets per second that the pacer lets out: a little more than the window takes, so that the window rules.
    fn pace(&self) -> f64 {
        let factor = if self.window.in_slow_start() { 2.0 } else { 1.25 };
        factor * f64::from(self.window.segments) / self.smoothed_rtt().as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn smoothed_rtt(&self) -> Duration {
        self.rtt.map_or(INITIAL_RTT, |(smoothed, _)| smoothed)
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
        (self.smoothed_rtt().max(self.latest_rtt) * 9 / 8).max(GRANULARITY)
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
        let una = self.first_in_flight();
        let full = self.is_full();
        self.window.validate(now, una, self.stats.sent, out, full, self.probe_timeout());
    }
}

#[cfg(test)]
mod tests;
