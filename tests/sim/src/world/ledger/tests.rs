use super::*;
use crate::host::udp::datagram;
use crate::world::{client_inner, server_inner};

fn packet(number: u64) -> Vec<u8> {
    datagram((client_inner(), 1), (server_inner(), 2), 100, number).to_vec()
}

#[test]
fn a_packet_is_delivered_as_often_as_it_was_sent_and_no_more() {
    let mut ledger = Ledger::default();
    let packet = packet(1);
    let print = fingerprint(&packet);
    assert!(!ledger.delivered(print, &packet));
    ledger.sent(print);
    ledger.sent(print);
    assert!(ledger.delivered(print, &packet));
    assert!(ledger.delivered(print, &packet));
    assert!(!ledger.delivered(print, &packet));
}

#[test]
fn a_congestion_mark_does_not_make_another_packet_of_it() {
    let mut marked = packet(1);
    marked[1] |= 3;
    marked[10] ^= 0xff;
    assert_eq!(fingerprint(&packet(1)), fingerprint(&marked));
    assert_ne!(fingerprint(&packet(1)), fingerprint(&packet(2)));
}
