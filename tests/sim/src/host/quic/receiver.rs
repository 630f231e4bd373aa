//! The receiving end: acknowledges every second packet, and at once what came out of order (RFC 9000 §13.2).

use std::any::Any;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::RANGES_AT;
use super::ranges::Ranges;
use crate::host::Endpoint;
use crate::host::udp::{datagram, number};

/// Longest delay of an acknowledgement (RFC 9000 §18.2).
const MAX_ACK_DELAY: Duration = Duration::from_millis(25);

/// Receives a flow.
#[derive(Debug)]
pub struct QuicReceiver {
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    ranges: Ranges,
    unacknowledged: u32,
    ack_at: Option<Instant>,
    acks: u64,
    /// When packets arrived, copies left out.
    pub got: Vec<Instant>,
    /// How many came after one with a higher number.
    pub reordered: u64,
}

impl QuicReceiver {
    /// A receiver at `local` of what `remote` sends.
    pub fn new(local: (IpAddr, u16), remote: (IpAddr, u16)) -> Self {
        Self {
            local,
            remote,
            ranges: Ranges::default(),
            unacknowledged: 0,
            ack_at: None,
            acks: 0,
            got: Vec::new(),
            reordered: 0,
        }
    }
}

impl Endpoint for QuicReceiver {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        let Some(number) = number(packet) else { return };
        let expected = self.ranges.largest().map_or(0, |largest| largest + 1);
        if !self.ranges.insert(number) {
            return;
        }
        self.got.push(now);
        self.reordered += u64::from(number < expected);
        self.unacknowledged += 1;
        let at_once = number != expected || self.unacknowledged >= 2;
        let due = if at_once { now } else { now + MAX_ACK_DELAY };
        self.ack_at = Some(self.ack_at.map_or(due, |earlier| earlier.min(due)));
    }

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        self.ack_at.filter(|at| *at <= now)?;
        self.ack_at = None;
        self.unacknowledged = 0;
        self.acks += 1;
        let mut bytes = [0; Ranges::ROOM];
        let used = self.ranges.encode(&mut bytes);
        let mut packet = datagram(self.local, self.remote, RANGES_AT + used, self.acks);
        packet[RANGES_AT..].copy_from_slice(&bytes[..used]);
        Some(packet)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.ack_at
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}
