//! Inbound datagrams: from contexts back to IP packets.

use std::time::Instant;

use bytes::{Buf, Bytes};

use super::Tunnel;
use crate::masque::datagram::{self, CONTEXT_IP};

/// Packets that may wait for the embedder. It collects them after every batch of datagrams.
const MAX_INBOUND: usize = 16_384;

impl Tunnel {
    pub(super) fn receive_datagrams(&mut self, now: Instant) {
        while let Some(bytes) = self.conn.recv_datagram() {
            match datagram::parse(&bytes) {
                Ok(datagram) => {
                    let ours = self.stream.map(datagram::quarter_stream_id) == Some(datagram.quarter);
                    if let Some((context, payload)) = datagram.content.filter(|_| ours) {
                        self.receive_context(now, context, payload);
                    }
                }
                Err(error) => {
                    self.close(now, error.code.value(), error.reason);
                    return;
                }
            }
        }
        self.rejoiner.handle_timeout(now);
    }

    /// Takes in what came in a context. Unknown ones are dropped (RFC 9484 §6).
    pub(super) fn receive_context(&mut self, now: Instant, context: u64, mut payload: Bytes) {
        if context == CONTEXT_IP {
            self.receive_packet(payload);
        } else if self.contexts.sequenced == Some(context) {
            let Ok(seq) = payload.try_get_u32() else { return };
            if self.dedup.is_first(seq) {
                self.receive_packet(payload);
            } else {
                self.counters.duplicates += 1;
            }
        } else if self.contexts.split == Some(context) {
            if let Some(packet) = self.rejoiner.receive(now, &payload) {
                self.receive_packet(packet.freeze());
            }
        } else {
            tracing::trace!(context, "a datagram of an unknown context");
        }
    }

    fn receive_packet(&mut self, packet: Bytes) {
        if self.inbound.len() >= MAX_INBOUND {
            self.counters.dropped += 1;
            return;
        }
        self.counters.rx_packets += 1;
        self.counters.rx_bytes += packet.len() as u64;
        self.inbound.push_back(packet);
    }
}
