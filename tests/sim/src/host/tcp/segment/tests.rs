//! Tests of packets' bytes.

use super::super::options::{SackBlocks, Timestamps};
use super::*;

fn header() -> Header {
    let mut sack = SackBlocks::default();
    sack.push((5, 9));
    Header {
        src: "10.77.0.2:40000".parse().unwrap(),
        dst: "192.0.2.9:443".parse().unwrap(),
        seq: 0xffff_fff0,
        ack: 7,
        flags: flag::ACK | flag::PSH,
        window: 512,
        options: Options { syn: None, timestamps: Some(Timestamps { value: 3, echo: 4 }), sack },
        ecn_capable: true,
        congestion: false,
    }
}

#[test]
fn what_is_written_is_read_back_at_every_length() {
    for len in [0, 1, 2, 3, 4, 1399, 1400] {
        let packet = header().encode(len, |payload| payload.fill(0xa5));
        let (parsed, payload) = parse(&packet).unwrap();
        assert_eq!(parsed, header());
        assert_eq!(payload, vec![0xa5; len]);
    }
}

#[test]
fn a_checksum_by_the_book_agrees() {
    let packet = header().encode(5, |payload| payload.copy_from_slice(&[1, 2, 3, 4, 5]));
    let words = |bytes: &[u8]| {
        bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0))).sum::<u32>()
    };
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    assert_eq!(fold(fold(words(&packet[..20]))), 0xffff);
    let segment = &packet[20..];
    assert_eq!(fold(fold(words(&packet[12..20]) + words(segment) + segment.len() as u32 + 6)), 0xffff);
}

#[test]
fn any_flipped_bit_is_noticed() {
    let packet = header().encode(64, |payload| payload.fill(1));
    for at in 0..packet.len() {
        let mut changed = packet.to_vec();
        changed[at] ^= 0x10;
        assert!(parse(&changed).is_err(), "byte {at}");
    }
}

#[test]
fn a_mark_on_the_way_is_read() {
    let mut packet = header().encode(0, |_| {});
    // CE instead of ECT(0) adds one to the first word, so the checksum loses one.
    packet[1] |= 1;
    let checksum = u16::from_be_bytes([packet[10], packet[11]]) - 1;
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    assert!(parse(&packet).unwrap().0.congestion);
}

#[test]
fn what_is_cut_off_is_refused() {
    let packet = header().encode(3, |_| {});
    for len in 0..packet.len() {
        assert!(parse(&packet[..len]).is_err());
    }
}
