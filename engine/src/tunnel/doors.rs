//! Doors for fuzz targets and benchmarks: single steps of the data path, and sending what no tandem sends.

use std::time::Instant;

use bytes::Bytes;

use super::Tunnel;
use crate::class::Class;
use crate::masque::datagram;
use crate::path::Outgoing;
use crate::quic::conn::Datagram;

impl Tunnel {
    /// Gives a packet its place, makes datagrams of it and throws them away. Their bytes.
    pub(crate) fn encode_only(&mut self, now: Instant, packet: Bytes) -> usize {
        let place = self.sequencer.place(0, Class::default());
        self.encode(now, Outgoing::Packet { packet, place, twin: None });
        self.batch.drain(..).map(|datagram| datagram.bytes.len()).sum()
    }

    /// Gives a packet its place, and makes the datagrams.
    pub(crate) fn encoded(&mut self, now: Instant, packet: Bytes) -> Vec<Bytes> {
        let place = self.sequencer.place(0, Class::default());
        self.encode(now, Outgoing::Packet { packet, place, twin: None });
        self.batch.drain(..).map(|datagram| datagram.bytes).collect()
    }

    /// Takes in a datagram as if QUIC had delivered it, and gives the packet that it completes.
    pub(crate) fn decode_only(&mut self, now: Instant, bytes: &Bytes) -> Option<Bytes> {
        let (context, payload) = datagram::parse(bytes).ok()?.content?;
        self.receive_context(now, None, context, payload);
        self.inbound.pop_front()
    }

    /// Sends a QUIC datagram with any payload on the first path. False if it was not taken.
    pub(crate) fn send_raw_datagram(&mut self, now: Instant, payload: Bytes) -> bool {
        let Some(path) = self.conn.inner.paths().first().copied() else { return false };
        if self.conn.is_busy() || payload.len() > self.conn.max_datagram() {
            return false;
        }
        self.conn.hand_over(path, &mut vec![Datagram::new(now, payload)], false);
        self.control_pending = true;
        self.conn.is_busy()
    }

    /// Writes any bytes to a stream, opening it if it is of this end and new.
    pub(crate) fn send_raw_stream(&mut self, stream: u64, data: Bytes, fin: bool) {
        self.conn.write_stream(stream, data, fin);
        self.control_pending = true;
    }
}
