//! The sending end: loss detection (RFC 9002 §6), pacing (§7.7) and what may be in flight.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::cubic::{Cubic, INITIAL_WINDOW};
use super::receiver::{Ack, MAX_ACK_DELAY};

/// `kPacketThreshold` and `kTimeThreshold` of RFC 9002 §6.1.
const PACKET_THRESHOLD: u64 = 3;
const TIME_THRESHOLD: f64 = 9.0 / 8.0;
/// `kGranularity` of RFC 9002 §6.1.2.
const GRANULARITY: Duration = Duration::from_millis(1);
/// Round trip time before the first measurement (RFC 9002 §6.2.2).
const INITIAL_RTT: Duration = Duration::from_millis(333);
/// Exponent of the longest back-off: by then the flow has been silent for minutes.
const MOST_PROBES: u32 = 8;

#[derive(Debug)]
struct InFlight {
    number: u64,
    at: Instant,
}

/// State of the sending end.
#[derive(Debug)]
pub(super) struct Sender {
    next: u64,
    lost: u64,
    in_flight: VecDeque<InFlight>,
    largest_acked: Option<u64>,
    cubic: Cubic,
    smoothed: Option<Duration>,
    latest: Duration,
    variation: Duration,
    /// When the pacer's bucket was filled last, and packets in it.
    filled_at: Instant,
    credit: f64,
    last_sent: Instant,
    /// Probes sent since the last acknowledgement, and those that may go past the window now.
    probes: u32,
    probes_due: u32,
}

impl Sender {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: 0,
            lost: 0,
            in_flight: VecDeque::new(),
            largest_acked: None,
            cubic: Cubic::default(),
            smoothed: None,
            latest: INITIAL_RTT,
            variation: INITIAL_RTT / 2,
            filled_at: now,
            credit: INITIAL_WINDOW,
            last_sent: now,
            probes: 0,
            probes_due: 0,
        }
    }

    /// Packets sent.
    pub(super) fn sent(&self) -> u64 {
        self.next
    }

    /// Packets declared lost.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    fn rtt(&self) -> Duration {
        self.smoothed.unwrap_or(INITIAL_RTT)
    }

    /// Packets per second that the pacer lets out: a little more than the window takes, so that the window rules.
    fn pace(&self) -> f64 {
        let factor = if self.cubic.in_slow_start() { 2.0 } else { 1.25 };
        factor * self.cubic.window() / self.rtt().as_secs_f64()
    }

    /// The number of the next packet, if one may leave now.
    pub(super) fn poll_send(&mut self, now: Instant) -> Option<u64> {
        let waited = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        self.credit = (self.credit + waited * self.pace()).min(INITIAL_WINDOW);
        if self.probes_due > 0 {
            self.probes_due -= 1;
        } else if self.window_is_full() || self.credit < 1.0 {
            return None;
        } else {
            self.credit -= 1.0;
        }
        let number = self.next;
        self.next += 1;
        self.last_sent = now;
        self.in_flight.push_back(InFlight { number, at: now });
        Some(number)
    }

    fn window_is_full(&self) -> bool {
        self.in_flight.len() as f64 >= self.cubic.window()
    }

    /// Takes an acknowledgement.
    pub(super) fn handle_ack(&mut self, ack: &Ack, now: Instant) {
        let Some(largest) = ack.largest() else { return };
        // A window that was not used up must not grow (RFC 9002 §7.8); half is what pacing may leave unused.
        let limited = self.in_flight.len() as f64 >= self.cubic.window() / 2.0;
        let mut newly = Vec::new();
        self.in_flight.retain(|packet| {
            let acked = ack.contains(packet.number);
            if acked {
                newly.push((packet.number, packet.at));
            }
            !acked
        });
        let Some(&(newest, at)) = newly.last() else { return };
        if newest == largest {
            self.measure(now.saturating_duration_since(at));
        }
        self.largest_acked = self.largest_acked.max(Some(largest));
        self.probes = 0;
        if limited {
            let rtt = self.rtt();
            for (_, at) in newly {
                self.cubic.on_ack(at, now, rtt);
            }
        }
        self.detect_losses(now);
    }

    /// RFC 9002 §5.3.
    fn measure(&mut self, sample: Duration) {
        self.latest = sample;
        match self.smoothed {
            None => {
                self.smoothed = Some(sample);
                self.variation = sample / 2;
            }
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(sample)) / 4;
                self.smoothed = Some((smoothed * 7 + sample) / 8);
            }
        }
    }

    fn loss_delay(&self) -> Duration {
        self.rtt().max(self.latest).mul_f64(TIME_THRESHOLD).max(GRANULARITY)
    }

    /// Packets before the largest acknowledged one are lost when three later ones have come, or after a while.
    fn detect_losses(&mut self, now: Instant) {
        let Some(largest) = self.largest_acked else { return };
        let delay = self.loss_delay();
        while let Some(packet) = self.in_flight.front() {
            let overtaken = packet.number + PACKET_THRESHOLD <= largest;
            let overdue = packet.number < largest && now.saturating_duration_since(packet.at) >= delay;
            if !overtaken && !overdue {
                break;
            }
            self.cubic.on_loss(packet.at, now);
            self.lost += 1;
            self.in_flight.pop_front();
        }
    }

    /// RFC 9002 §6.2.1.
    fn probe_timeout(&self) -> Duration {
        let base = self.rtt() + (4 * self.variation).max(GRANULARITY) + MAX_ACK_DELAY;
        base * 2_u32.pow(self.probes.min(MOST_PROBES))
    }

    /// Does what is due by now.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.detect_losses(now);
        if !self.in_flight.is_empty() && now >= self.last_sent + self.probe_timeout() {
            self.probes += 1;
            self.probes_due = 2;
        }
    }

    /// When to look again, if no acknowledgement comes before.
    pub(super) fn deadline(&self) -> Instant {
        let probe = self.last_sent + self.probe_timeout();
        let loss = match (self.in_flight.front(), self.largest_acked) {
            (Some(oldest), Some(largest)) if oldest.number < largest => oldest.at + self.loss_delay(),
            _ => probe,
        };
        let send = if self.window_is_full() {
            probe
        } else {
            self.filled_at + Duration::from_secs_f64((1.0 - self.credit).max(0.0) / self.pace())
        };
        probe.min(loss).min(send)
    }
}
