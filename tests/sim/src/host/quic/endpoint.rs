//! Both ends of a flow in a simulated world: their numbers in IP packets.

use std::any::Any;
use std::net::IpAddr;
use std::time::Instant;

use bytes::BytesMut;

use super::{ACK_ROOM, QuicStats, Receiver, Sender};
use crate::host::Endpoint;
use crate::host::udp::{datagram, number};

/// Bytes of a packet with data, IPv4 and UDP headers included: 1252 of QUIC.
pub const PACKET_LEN: usize = 1280;
/// Where an acknowledgement's ranges begin: after the headers and the number of the datagram.
const RANGES_AT: usize = 36;

/// Sends more than the network takes.
#[derive(Debug)]
pub struct QuicSender {
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    sender: Sender,
}

impl QuicSender {
    /// A sender at `local` that begins at `start`.
    pub fn new(local: (IpAddr, u16), remote: (IpAddr, u16), start: Instant) -> Self {
        Self { local, remote, sender: Sender::new(start) }
    }

    /// As [`QuicSender::new`], but spread over the round trip.
    pub fn paced(local: (IpAddr, u16), remote: (IpAddr, u16), start: Instant) -> Self {
        Self { local, remote, sender: Sender::paced(start) }
    }

    /// What happened so far.
    pub fn stats(&self) -> QuicStats {
        self.sender.stats()
    }
}

impl Endpoint for QuicSender {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        if let Some(ranges) = packet.get(RANGES_AT..) {
            self.sender.handle_ack(now, ranges);
        }
    }

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        let number = self.sender.poll_send(now)?;
        Some(datagram(self.local, self.remote, PACKET_LEN, number))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.sender.poll_timeout()
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.sender.handle_timeout(now);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Receives a flow.
#[derive(Debug)]
pub struct QuicReceiver {
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    receiver: Receiver,
    acks: u64,
    /// When packets arrived, copies left out.
    pub got: Vec<Instant>,
}

impl QuicReceiver {
    /// A receiver at `local` of what `remote` sends.
    pub fn new(local: (IpAddr, u16), remote: (IpAddr, u16)) -> Self {
        Self { local, remote, receiver: Receiver::default(), acks: 0, got: Vec::new() }
    }

    /// How many packets came after one with a higher number.
    pub fn reordered(&self) -> u64 {
        self.receiver.reordered()
    }
}

impl Endpoint for QuicReceiver {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        if number(packet).is_some_and(|number| self.receiver.handle_packet(now, number)) {
            self.got.push(now);
        }
    }

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        let mut ranges = [0; ACK_ROOM];
        let used = self.receiver.poll_ack(now, &mut ranges)?;
        self.acks += 1;
        let mut packet = datagram(self.local, self.remote, RANGES_AT + used, self.acks);
        packet[RANGES_AT..].copy_from_slice(&ranges[..used]);
        Some(packet)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.receiver.poll_timeout()
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests;
