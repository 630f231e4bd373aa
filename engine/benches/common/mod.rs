//! Packets and tunnels to measure with.

#![allow(dead_code, clippy::allow_attributes, reason = "each benchmark uses its share")]

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tandem_engine::fuzzing::{End, Pair};

/// Length of a full packet in bytes.
pub(crate) const MTU: usize = 1420;

/// A full TCP packet over IPv4, ECT(0), of a flow that `port` tells apart.
pub(crate) fn tcp_v4(port: u16) -> BytesMut {
    let mut packet = BytesMut::zeroed(MTU);
    packet[..4].copy_from_slice(&[0x45, 2, (MTU >> 8) as u8, MTU as u8]);
    packet[6..10].copy_from_slice(&[0x40, 0, 64, 6]);
    packet[12..20].copy_from_slice(&[10, 77, 0, 2, 192, 0, 2, 9]);
    packet[20..22].copy_from_slice(&port.to_be_bytes());
    packet
}

/// The same over IPv6, behind `extensions` headers of destination options.
pub(crate) fn tcp_v6(extensions: usize) -> BytesMut {
    let mut packet = BytesMut::zeroed(MTU);
    packet[0] = 0x60;
    packet[4..6].copy_from_slice(&((MTU - 40) as u16).to_be_bytes());
    packet[6] = if extensions == 0 { 6 } else { 60 };
    packet[8] = 0xfd;
    packet[24] = 0x20;
    for extension in 0..extensions {
        packet[40 + extension * 8] = if extension + 1 == extensions { 6 } else { 60 };
    }
    packet
}

#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// A client and a gateway with a tunnel over `links` links.
pub(crate) fn tunnel(links: usize) -> Pair {
    let mut pair = Pair::new(start(), links).expect("a client and a gateway");
    assert!(pair.establish(), "a tunnel over a perfect network");
    // Until the MTU of every path is found.
    for _ in 0..200 {
        pair.exchange();
        pair.advance(Duration::from_millis(1));
    }
    pair
}

/// Full packets one way through a tunnel, over links that never fail nor fill.
pub(crate) struct Stream {
    pair: Pair,
    from: End,
    packet: BytesMut,
}

impl Stream {
    /// Packets of one batch.
    pub(crate) const BATCH: usize = 64;

    pub(crate) fn new(from: End, links: usize) -> Self {
        let mut packet = tcp_v4(1);
        if from == End::Gateway {
            let (source, destination) = packet[12..20].split_at_mut(4);
            source.swap_with_slice(destination);
        }
        let mut stream = Self { pair: tunnel(links), from, packet };
        // Until the congestion controllers know how fast the links are.
        (0..200).for_each(|_| stream.pass_batch());
        stream
    }

    /// Sends a batch of packets, and waits until as many have arrived.
    pub(crate) fn pass_batch(&mut self) {
        let mut arrived = 0;
        for _ in 0..Self::BATCH {
            match self.from {
                End::Client => self.pair.client.handle_packet(self.pair.now, self.packet.clone()),
                End::Gateway => self.pair.gateway.handle_packet(self.pair.now, self.packet.clone()),
            }
        }
        while arrived < Self::BATCH {
            self.pair.exchange();
            arrived += std::iter::from_fn(|| match self.from {
                End::Client => self.pair.gateway.poll_packet(),
                End::Gateway => self.pair.client.poll_packet(),
            })
            .count();
            self.pair.advance(Duration::from_millis(1));
        }
    }
}
