//! The end that receives data.

mod acks;
mod buffer;
mod reassembly;

use std::any::Any;
use std::time::Instant;

use bytes::BytesMut;

use super::super::Endpoint;
use super::config::TcpConfig;
use super::handshake::{Agreed, Handshake, WINDOW_SCALE};
use super::options::SackBlocks;
use super::pattern::Pattern;
use super::results::ReceiverStats;
use super::segment::{self, Header, flag};
use acks::{Acks, Urgency};
use buffer::Buffer;
use reassembly::Reassembly;

/// The receiving end of a connection.
#[derive(Debug)]
pub struct TcpReceiver {
    config: TcpConfig,
    handshake: Handshake,
    reception: Option<Box<Reception>>,
    stats: ReceiverStats,
}

impl TcpReceiver {
    /// A receiver that opens at the configured start, or waits to be opened.
    pub fn new(config: TcpConfig) -> Self {
        Self { config, handshake: Handshake::new(config), reception: None, stats: ReceiverStats::default() }
    }

    /// Counters and progress.
    pub fn stats(&self) -> &ReceiverStats {
        &self.stats
    }
}

impl Endpoint for TcpReceiver {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        let Ok((header, payload)) = segment::parse(packet) else {
            self.stats.corrupt += 1;
            return;
        };
        if header.src != self.config.remote || header.dst != self.config.local {
            return;
        }
        if let Some(agreed) = self.handshake.handle(now, &header) {
            self.reception = Some(Box::new(Reception::new(now, &self.config, agreed)));
        }
        if let Some(reception) = self.reception.as_mut().filter(|_| !header.has(flag::SYN)) {
            reception.handle(now, &header, payload, &mut self.stats);
        }
    }

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        if let Some(header) = self.handshake.poll(now) {
            return Some(header.encode(0, |_| {}));
        }
        self.reception.as_mut()?.poll(now)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.reception {
            Some(reception) => reception.acks.deadline().into_iter().chain(reception.buffer.wakes()).min(),
            None => self.handshake.poll_timeout(),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        let Some(reception) = &mut self.reception else { return self.handshake.handle_timeout(now) };
        reception.acks.handle_timeout(now);
        if reception.buffer.read(now, reception.data.next()) {
            reception.acks.request(now, Urgency::Now);
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An open connection.
#[derive(Debug)]
struct Reception {
    agreed: Agreed,
    pattern: Pattern,
    data: Reassembly,
    acks: Acks,
    buffer: Buffer,
    /// In-order bytes at the last acknowledgement sent.
    acknowledged: u64,
    /// A mark is to be echoed until the sender says that it knows (RFC 3168, section 6.1.3).
    echo_mark: bool,
}

impl Reception {
    fn new(now: Instant, config: &TcpConfig, agreed: Agreed) -> Self {
        Self {
            pattern: TcpConfig::pattern(config.remote, config.local),
            data: Reassembly::default(),
            acks: Acks::new(u64::from(agreed.mss)),
            buffer: Buffer::new(now, config, agreed.mss, agreed.rtt),
            agreed,
            acknowledged: 0,
            echo_mark: false,
        }
    }

    fn handle(&mut self, now: Instant, header: &Header, payload: &[u8], stats: &mut ReceiverStats) {
        let Some(stamps) = header.options.timestamps else { return };
        let next = self.data.next();
        let start = self.agreed.remote.offset(header.seq, next);
        let end = start.map(|start| start + payload.len() as u64);
        let (Some(start), Some(end)) = (start, end) else {
            // Before the first byte: the peer asks whether the window is still closed.
            self.acks.request(now, Urgency::Now);
            return;
        };
        // RFC 7323, section 5.3, with Linux's tolerance of one tick.
        let outdated = (self.agreed.wire.recent.wrapping_sub(stamps.value) as i32) > 1;
        // RFC 9293, section 3.10.7.4: what is wholly old tells nothing, its timestamp neither.
        if outdated || end < self.acknowledged {
            stats.outdated += u64::from(outdated);
            stats.duplicates += u64::from(!outdated && !payload.is_empty());
            if start < end && start < next {
                self.data.report_duplicate(start, end);
                self.acks.be_quick();
            }
            self.acks.request(now, Urgency::Now);
            return;
        }
        if start <= self.acknowledged && (stamps.value.wrapping_sub(self.agreed.wire.recent) as i32) >= 0 {
            self.agreed.wire.recent = stamps.value;
        }
        self.take_marks(header, stats);
        if payload.is_empty() {
            if start < next {
                self.acks.request(now, Urgency::Now);
            }
            return;
        }
        if !self.pattern.matches(start, payload) {
            stats.corrupt += 1;
            return;
        }
        if end > self.buffer.edge() {
            // Beyond the window that was offered.
            self.acks.request(now, Urgency::Now);
            return;
        }
        if payload.len() == usize::from(self.agreed.mss) {
            self.buffer.take_echo(self.agreed.wire.clock(now), stamps.echo);
        }
        self.take_data(now, start, end, stats);
    }

    fn take_marks(&mut self, header: &Header, stats: &mut ReceiverStats) {
        stats.marked += u64::from(header.congestion);
        if self.agreed.ecn {
            if header.has(flag::CWR) {
                self.echo_mark = false;
            }
            if header.congestion {
                self.echo_mark = true;
                self.acks.be_quick();
            }
        }
    }

    fn take_data(&mut self, now: Instant, start: u64, end: u64, stats: &mut ReceiverStats) {
        let had_gap = self.data.has_gap();
        let arrival = self.data.insert(start, end);
        let next = self.data.next();
        if arrival.duplicate {
            stats.duplicates += 1;
            self.acks.be_quick();
        } else if !arrival.in_order {
            stats.out_of_order += 1;
        }
        if arrival.in_order {
            stats.progress.advance(now, next);
            self.buffer.take_segment(now, end - start, next);
        }
        let small = end - start < u64::from(self.agreed.mss);
        let urgent = arrival.duplicate || small || self.data.is_crowded();
        let urgency = if urgent || (had_gap && !self.data.has_gap()) {
            Urgency::Now
        } else if self.data.has_gap() {
            Urgency::Gap { rtt: self.buffer.rtt() }
        } else {
            Urgency::Progress { unacknowledged: next - self.acknowledged }
        };
        self.acks.arrived(now);
        self.acks.request(now, urgency);
    }

    fn poll(&mut self, now: Instant) -> Option<BytesMut> {
        if !self.acks.take_due(self.data.next()) {
            return None;
        }
        let (local, remote) = (self.agreed.local, self.agreed.remote);
        let next = self.data.next();
        self.buffer.read(now, next);
        self.acknowledged = next;
        let flags = flag::ACK | if self.echo_mark { flag::ECE } else { 0 };
        let mut header = self.agreed.wire.header(now, flags, local.wire(0), remote.wire(next));
        header.window = (self.buffer.offer(next) >> WINDOW_SCALE).min(u64::from(u16::MAX)) as u16;
        let mut sack = SackBlocks::default();
        self.data.report(|start, end| sack.push((remote.wire(start), remote.wire(end))));
        header.options.sack = sack;
        Some(header.encode(0, |_| {}))
    }
}
