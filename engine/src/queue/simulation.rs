//! A bottleneck in virtual time, with senders that react to it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::{FqCodel, Queued};
use crate::ip::testing::{start, udp, v4};

/// Length of every packet in bytes.
pub(super) const PACKET: usize = 1250;
const STEP: Duration = Duration::from_micros(100);

/// A packet of `len` bytes that carries its flow and number, ECN-capable or not.
pub(super) fn packet(flow: u32, number: u64, len: usize, ect: bool) -> BytesMut {
    let mut packet = v4(17, &udp(flow as u16, 443, len - 20));
    packet[1] = if ect { 2 } else { 0 };
    packet[28..36].copy_from_slice(&number.to_be_bytes());
    BytesMut::from(&packet[..])
}

pub(super) fn number(queued: &Queued) -> u64 {
    u64::from_be_bytes(queued.packet[28..36].try_into().unwrap())
}

/// A sender with TCP Reno's congestion avoidance, which always has something to send.
pub(super) struct Reno {
    pub(super) window: f64,
    pub(super) rtt: Duration,
    pub(super) ect: bool,
    in_flight: u64,
    next: u64,
    expected: u64,
    /// When acknowledgements arrive, how many packets each covers, and whether it brings bad news.
    acks: VecDeque<(Instant, u64, bool)>,
    reacted: Option<Instant>,
}

impl Reno {
    pub(super) fn new(window: f64, rtt: Duration, ect: bool) -> Self {
        let acks = VecDeque::new();
        Self { window, rtt, ect, in_flight: 0, next: 0, expected: 0, acks, reacted: None }
    }

    fn on_delivered(&mut self, now: Instant, queued: &Queued) {
        let lost = number(queued) - self.expected;
        self.expected += lost + 1;
        let marked = queued.packet[1] & 3 == 3;
        self.acks.push_back((now + self.rtt, lost + 1, lost > 0 || marked));
    }

    fn act(&mut self, now: Instant, flow: u32, queue: &mut FqCodel) {
        while let Some(&(_, covered, congested)) = self.acks.front().filter(|ack| ack.0 <= now) {
            self.acks.pop_front();
            self.in_flight -= covered;
            if !congested {
                self.window += 1.0 / self.window;
            } else if self.reacted.is_none_or(|at| now >= at + self.rtt) {
                self.window = (self.window / 2.0).max(2.0);
                self.reacted = Some(now);
            }
        }
        while (self.in_flight as f64) < self.window {
            queue.push(now, packet(flow, self.next, PACKET, self.ect), flow);
            self.next += 1;
            self.in_flight += 1;
        }
    }
}

/// The bottleneck: a queue emptied at a rate.
pub(super) struct Bottleneck {
    pub(super) queue: FqCodel,
    pub(super) now: Instant,
    bytes_per_step: f64,
    credit: f64,
}

/// A packet that passed the bottleneck.
pub(super) struct Passed {
    pub(super) flow: u32,
    pub(super) len: usize,
    pub(super) sojourn: Duration,
}

impl Bottleneck {
    pub(super) fn new(queue: FqCodel, bits_per_second: f64) -> Self {
        let bytes_per_step = bits_per_second / 8.0 * STEP.as_secs_f64();
        Self { queue, now: start(), bytes_per_step, credit: 0.0 }
    }

    /// Lets `senders` (flow hash = index) and `others` send for `span`, and returns what passed.
    pub(super) fn run(
        &mut self,
        span: Duration,
        senders: &mut [Reno],
        mut others: impl FnMut(Instant, &mut FqCodel),
    ) -> Vec<Passed> {
        let end = self.now + span;
        let mut passed = Vec::new();
        while self.now < end {
            for (flow, sender) in senders.iter_mut().enumerate() {
                sender.act(self.now, flow as u32, &mut self.queue);
            }
            others(self.now, &mut self.queue);
            self.credit += self.bytes_per_step;
            while self.credit >= 0.0 {
                let Some(queued) = self.queue.pop(self.now) else {
                    self.credit = self.credit.min(0.0);
                    break;
                };
                self.credit -= queued.packet.len() as f64;
                if let Some(sender) = senders.get_mut(queued.flow_hash as usize) {
                    sender.on_delivered(self.now, &queued);
                }
                let sojourn = self.now - queued.enqueued;
                passed.push(Passed { flow: queued.flow_hash, len: queued.packet.len(), sojourn });
            }
            self.now += STEP;
        }
        passed
    }
}

/// Mean sojourn of what passed, which must be something.
pub(super) fn mean_sojourn(passed: &[Passed]) -> Duration {
    passed.iter().map(|packet| packet.sojourn).sum::<Duration>() / passed.len() as u32
}
