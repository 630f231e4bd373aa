//! Tests of option encoding.

use super::*;

fn round_trip(options: Options) {
    let mut bytes = Vec::new();
    options.encode(&mut bytes);
    assert_eq!(bytes.len(), options.encoded_len());
    assert_eq!(bytes.len() % 4, 0);
    assert!(bytes.len() <= 40);
    assert_eq!(Options::parse(&bytes), Some(options));
}

#[test]
fn what_is_written_is_read_back() {
    let timestamps = Some(Timestamps { value: 1, echo: u32::MAX });
    round_trip(Options::default());
    let syn = Some(SynOptions { mss: 1380, window_scale: 7, sack_permitted: true });
    round_trip(Options { syn, timestamps, ..Options::default() });
    let mut sack = SackBlocks::default();
    for block in [(1, 2), (30, 40), (u32::MAX, 5), (7, 8)] {
        sack.push(block);
        round_trip(Options { timestamps, sack, ..Options::default() });
    }
    assert_eq!(sack.as_slice().len(), MAX_SACK_BLOCKS);
}

#[test]
fn unknown_options_are_passed_over() {
    let parsed = Options::parse(&[254, 4, 9, 9, 1, 2, 4, 5, 0, 0]).unwrap();
    assert_eq!(parsed.syn.unwrap().mss, 1280);
}

#[test]
fn a_length_beyond_the_header_is_refused() {
    for bytes in [&[2u8, 4, 5][..], &[8], &[5, 0], &[5, 1]] {
        assert_eq!(Options::parse(bytes), None);
    }
}
