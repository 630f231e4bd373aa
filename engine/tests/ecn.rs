//! Congestion signals of inner packets are their own: RFC 9484 §7 leaves them inside.

#![expect(clippy::disallowed_methods, reason = "virtual time has to start somewhere")]

use std::time::Instant;

use bytes::BytesMut;
use tandem_engine::fuzzing::Pair;
use tandem_engine::link::Ecn;

/// A packet of the client with these ECN bits.
fn packet(ecn: u8) -> BytesMut {
    let mut packet = BytesMut::zeroed(1000);
    packet[..4].copy_from_slice(&[0x45, ecn, 3, 232]);
    packet[8..10].copy_from_slice(&[64, 17]);
    packet[12..20].copy_from_slice(&[10, 77, 0, 2, 198, 51, 100, 1]);
    packet
}

/// What the outer packets of an inner one bear.
fn outer(pair: &mut Pair, inner: u8) -> Vec<Option<Ecn>> {
    pair.client.handle_packet(pair.now, packet(inner));
    pair.collect();
    let marks: Vec<_> = pair.to_gateway.iter().map(|datagram| datagram.ecn).collect();
    assert!(pair.to_gateway.iter().any(|datagram| datagram.data.len() > 1000), "the packet is under way");
    pair.exchange();
    marks
}

#[test]
fn inner_ecn_is_never_copied_outward() {
    let mut pair = Pair::new(Instant::now(), 1).unwrap();
    assert!(pair.establish());
    let not_capable = outer(&mut pair, 0);
    assert!(pair.gateway.poll_packet().is_some());
    assert!(!not_capable.is_empty() && !not_capable.contains(&Some(Ecn::Ce)));
    for inner in [1, 2, 3] {
        let marks = outer(&mut pair, inner);
        assert!(marks.iter().all(|mark| *mark == not_capable[0]), "{inner}: {marks:?}");
        let arrived = pair.gateway.poll_packet().unwrap();
        assert_eq!(arrived[1] & 3, inner, "and inside it stays as it was");
    }
}
