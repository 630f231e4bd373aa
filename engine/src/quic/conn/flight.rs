//! Which datagrams each packet in flight carries.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use crate::duplication::Twin;
use crate::quic::gate::Sent;

/// What a 1-RTT packet needs besides datagram frames, at least: header byte, connection id (8), packet
/// number (1) and AEAD tag (16); and the frame's type and length.
const MIN_OVERHEAD: usize = 1 + 8 + 1 + 16;
const FRAME_OVERHEAD: usize = 2;

/// A datagram, and when it left for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) bytes: Bytes,
    pub(crate) born: Instant,
    /// Which of two copies of a packet it carries, if there are two.
    pub(crate) twin: Option<Twin>,
}

impl Datagram {
    /// One that leaves at `born`.
    pub(crate) fn new(born: Instant, bytes: Bytes) -> Self {
        Self { bytes, born, twin: None }
    }
}

#[derive(Debug)]
struct Entry {
    pn: u64,
    datagram: Option<Datagram>,
}

/// The datagrams in flight on one path, in order of packet number.
#[derive(Debug, Default)]
pub(super) struct Flight {
    entries: VecDeque<Entry>,
}

impl Flight {
    /// Notes that `packets` left, carrying `datagrams` in order. A packet too small for the next datagram
    /// carried control frames only.
    pub(super) fn sent(&mut self, packets: &[Sent], datagrams: impl Iterator<Item = Datagram>) {
        let mut packets = packets.iter();
        let mut current = packets.next();
        let mut room = current.map_or(0, room_in);
        for datagram in datagrams {
            while let Some(packet) = current {
                let need = datagram.bytes.len() + FRAME_OVERHEAD;
                if need <= room {
                    room -= need;
                    self.entries.push_back(Entry { pn: packet.pn, datagram: Some(datagram) });
                    break;
                }
                current = packets.next();
                room = current.map_or(0, room_in);
            }
        }
    }

    /// The peer has the packet: what it carried goes to `f`.
    pub(super) fn acked(&mut self, pn: u64, f: impl FnMut(Datagram)) {
        self.remove(pn, f);
    }

    /// The packet is lost: what it carried goes to `f`.
    pub(super) fn lost(&mut self, pn: u64, f: impl FnMut(Datagram)) {
        self.remove(pn, f);
    }

    /// Everything in flight, oldest first; nothing is left.
    pub(super) fn take(&mut self) -> Vec<Datagram> {
        self.entries.drain(..).filter_map(|entry| entry.datagram).collect()
    }

    fn remove(&mut self, pn: u64, mut f: impl FnMut(Datagram)) {
        let start = self.entries.partition_point(|entry| entry.pn < pn);
        for entry in self.entries.range_mut(start..).take_while(|entry| entry.pn == pn) {
            if let Some(datagram) = entry.datagram.take() {
                f(datagram);
            }
        }
        while self.entries.front().is_some_and(|entry| entry.datagram.is_none()) {
            self.entries.pop_front();
        }
    }
}

fn room_in(packet: &Sent) -> usize {
    usize::from(packet.bytes).saturating_sub(MIN_OVERHEAD)
}

#[cfg(test)]
mod tests;
