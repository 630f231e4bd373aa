//! Bytes that the tunnel adds to a packet.

#![expect(clippy::disallowed_methods, reason = "virtual time has to start somewhere")]

use std::time::{Duration, Instant};

use bytes::BytesMut;
use tandem_engine::fuzzing::{End, Pair};

const MTU: u16 = 1420;
/// Bytes between the UDP header and the packet, and behind that, at most. WireGuard has 32, and pads to 16.
const MOST: usize = 37;

#[test]
fn a_full_packet_gets_a_little_more_than_wireguard_adds() {
    let mut pair = Pair::new(Instant::now(), 2).unwrap();
    assert!(pair.establish());
    // Until the MTU of every path is found.
    for _ in 0..200 {
        pair.exchange();
        pair.advance(Duration::from_millis(1));
    }
    let mut packet = BytesMut::zeroed(usize::from(MTU));
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&MTU.to_be_bytes());
    packet[8..10].copy_from_slice(&[64, 6]);
    packet[12..20].copy_from_slice(&[10, 77, 0, 2, 192, 0, 2, 9]);
    pair.client.handle_packet(pair.now, packet);
    pair.collect_from(End::Client);
    let sent: Vec<usize> = pair.to_gateway.iter().map(|datagram| datagram.data.len()).collect();
    let added = sent.iter().filter_map(|len| len.checked_sub(usize::from(MTU))).min();
    println!("{added:?} bytes beside the packet");
    assert!(added.is_some_and(|added| added <= MOST), "datagrams of {sent:?} bytes for a packet of {MTU}");
}
