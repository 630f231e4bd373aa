//! What leaves next: repetitions, probes, or new data, as far as window and pacing allow.

use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::super::config::Source;
use super::super::scoreboard::Sent;
use super::super::segment::flag;
use super::timer::Timer;
use super::{Phase, Transfer};

/// Spreads sending over time in bursts of a millisecond, as Linux's internal pacing does.
#[derive(Debug)]
pub(super) struct Pacing {
    /// When the next burst may begin.
    next: Instant,
    /// Segments left in this burst.
    left: u32,
    /// Something waits for the next burst.
    waiting: bool,
}

impl Pacing {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now, left: 0, waiting: false }
    }

    pub(super) fn wakes(&self) -> Option<Instant> {
        self.waiting.then_some(self.next)
    }

    /// Whether a segment may leave, at `rate` segments a second in bursts of `burst`.
    fn allows(&mut self, now: Instant, pacing: Option<(f64, u32)>) -> bool {
        let Some((_, burst)) = pacing else { return true };
        if self.left == 0 && self.next <= now {
            self.left = burst;
            self.next = now;
        }
        self.waiting = self.left == 0;
        !self.waiting
    }

    fn on_sent(&mut self, pacing: Option<(f64, u32)>) {
        if let Some((rate, _)) = pacing {
            self.left = self.left.saturating_sub(1);
            self.next += Duration::from_secs_f64(1.0 / rate.max(1.0));
        }
    }
}

impl Transfer {
    pub(super) fn poll(&mut self, now: Instant) -> Option<BytesMut> {
        self.pacing.waiting = false;
        self.source_wakes = None;
        if std::mem::take(&mut self.window_probe_due) {
            // One byte before the window, which the receiver has and will answer.
            self.timer = Some((now + self.timeout(), Timer::ClosedWindow));
            let seq = self.agreed.local.wire(self.board.una()).wrapping_sub(1);
            let header = self.agreed.wire.header(now, flag::ACK, seq, self.agreed.remote.wire(0));
            return Some(header.encode(0, |_| {}));
        }
        if std::mem::take(&mut self.probe.due)
            && let Some(packet) = self.send_probe(now)
        {
            return Some(packet);
        }
        let lost = self.board.next_lost();
        let full = self.board.in_flight() >= self.window.segments;
        if full {
            if lost.is_none() && self.has_new_data(now) {
                self.validate_window(now);
            }
            self.new_data_first = false;
            return None;
        }
        let ready =
            (self.new_data_first && self.has_new_data(now)) || lost.is_some() || self.has_new_data(now);
        if !ready {
            self.on_nothing_to_send(now);
            return None;
        }
        if !self.pacing.allows(now, self.congestion.pacing()) {
            return None;
        }
        match lost {
            Some(number) if !(self.new_data_first && self.has_new_data(now)) => self.send_again(now, number),
            _ => self.send_new(now),
        }
    }

    /// Bytes of the next new segment, zero if the program or the peer's window has none.
    fn new_segment_len(&self, now: Instant) -> u64 {
        let mss = u64::from(self.agreed.mss);
        let next = self.board.next();
        let len = match self.source {
            Source::Unlimited => mss,
            Source::Bytes(total) => total.saturating_sub(next).min(mss),
            Source::Rate(rate) => {
                let written = rate as f64 * now.saturating_duration_since(self.opened).as_secs_f64();
                if next + mss <= written as u64 { mss } else { 0 }
            }
        };
        if next + len <= self.edge { len } else { 0 }
    }

    pub(super) fn has_new_data(&self, now: Instant) -> bool {
        self.new_segment_len(now) > 0
    }

    /// There is room, and nothing to fill it with: for want of data, or of the peer's window.
    fn on_nothing_to_send(&mut self, now: Instant) {
        self.new_data_first = false;
        let next = self.board.next();
        let mss = u64::from(self.agreed.mss);
        if next + mss > self.edge && self.source != Source::Bytes(next) {
            if self.board.out() == 0 && self.timer.is_none() {
                self.timer = Some((now + self.timeout(), Timer::ClosedWindow));
            }
            return;
        }
        if self.board.lost() <= self.board.repeating() {
            self.rate.mark_app_limited(self.board.in_flight());
        }
        if let Source::Rate(rate) = self.source {
            // A nanosecond more, as the division rounds down.
            let due = Duration::from_secs_f64((next + mss) as f64 / rate as f64) + Duration::from_nanos(1);
            self.source_wakes = Some((self.opened + due).max(now + Duration::from_nanos(1)));
        }
    }

    fn send_probe(&mut self, now: Instant) -> Option<BytesMut> {
        let packet = if self.has_new_data(now) {
            self.probe.repeated = false;
            self.send_new(now)
        } else {
            let (_, last) = self.board.bounds()?;
            self.probe.repeated = true;
            self.send_again(now, last)
        };
        self.stats.probes += 1;
        self.probe.until = Some(self.board.next());
        self.timer = None;
        self.rearm_timeout(now);
        packet
    }

    fn send_new(&mut self, now: Instant) -> Option<BytesMut> {
        let len = self.new_segment_len(now);
        let idle = self.board.out() == 0;
        if self.board.in_flight() == 0 {
            self.restart(now);
        }
        let stamp = self.rate.stamp(now, idle);
        let number = self.board.push(now, len, stamp);
        let sent = *self.board.get(number)?;
        if idle || matches!(self.timer, Some((_, Timer::TailProbe))) {
            self.timer = None;
            self.rearm_timeout(now);
        }
        self.account(number, &sent);
        self.schedule_probe(now);
        self.validate_window(now);
        let cwr = if std::mem::take(&mut self.cwr_due) { flag::CWR } else { 0 };
        self.last_sent = now;
        Some(self.packet(now, &sent, cwr, self.agreed.ecn))
    }

    fn send_again(&mut self, now: Instant, number: u64) -> Option<BytesMut> {
        let stamp = self.rate.stamp(now, false);
        let sent = self.board.repeat(number, now, stamp)?;
        self.undo.outstanding = Some(self.undo.outstanding.unwrap_or(0) + 1);
        if self.undo.repeated_at.is_none() {
            self.undo.repeated_at = Some(self.agreed.wire.clock(now));
        }
        self.stats.retransmissions += 1;
        self.account(number, &sent);
        if self.timer.is_none() || self.board.bounds().is_some_and(|(first, _)| first == number) {
            self.timer = Some((now + self.timeout(), Timer::Timeout));
        }
        self.last_sent = now;
        // RFC 3168, section 6.1.5: what is repeated is not ECN-capable.
        Some(self.packet(now, &sent, 0, false))
    }

    fn account(&mut self, number: u64, sent: &Sent) {
        self.rack.on_sent(number, sent.times);
        self.pacing.on_sent(self.congestion.pacing());
        self.stats.segments += 1;
        if self.is_reducing() {
            self.prr.on_sent();
        }
    }

    fn packet(&self, now: Instant, sent: &Sent, flags: u8, ecn: bool) -> BytesMut {
        let (local, remote) = (self.agreed.local, self.agreed.remote);
        let flags = flags | flag::ACK | flag::PSH;
        let mut header = self.agreed.wire.header(now, flags, local.wire(sent.start), remote.wire(0));
        header.ecn_capable = ecn;
        header.encode((sent.end - sent.start) as usize, |payload| self.pattern.fill(sent.start, payload))
    }

    /// Sending begins anew after everything has arrived: the window may be out of date.
    fn restart(&mut self, now: Instant) {
        let idle = now.saturating_duration_since(self.last_sent);
        let app_limited = self.rate.is_app_limited();
        self.congestion.on_restart(now, idle, app_limited);
        if !self.congestion.sets_window() && self.phase == Phase::Open && idle > self.timeout() {
            self.window.restart(now, idle, self.timeout());
        }
    }

    fn validate_window(&mut self, now: Instant) {
        let full = self.board.in_flight() >= self.window.segments;
        let timeout = if self.congestion.sets_window() { Duration::MAX } else { self.timeout() };
        let (una, next, out) = (self.board.una(), self.board.next(), self.board.out());
        self.window.validate(now, una, next, out, full, timeout);
    }
}
