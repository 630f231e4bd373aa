use super::*;

#[test]
fn the_examples_of_rfc_7541_hold() {
    // RFC 7541 Appendix C.1.
    let examples: [(u32, u64, &[u8]); 3] = [(5, 10, &[10]), (5, 1337, &[31, 154, 10]), (8, 42, &[42])];
    for (prefix, value, mut bytes) in examples {
        let mut buf = Vec::new();
        encode(&mut buf, prefix, 0, value);
        assert_eq!(buf, bytes);
        assert_eq!(decode(&mut bytes, prefix), Some(value));
    }
}

#[test]
fn borders_round_trip_for_every_prefix() {
    for prefix in 1..=8 {
        let limit = (1 << prefix) - 1;
        for value in [0, limit - 1, limit, limit + 1, limit + 127, limit + 128, (1 << 62) - 1] {
            let mut buf = Vec::new();
            encode(&mut buf, prefix, 0, value);
            assert_eq!(decode(&mut buf.as_slice(), prefix), Some(value), "prefix {prefix}");
        }
    }
}

#[test]
fn flags_above_the_prefix_are_kept_apart() {
    let mut buf = Vec::new();
    encode(&mut buf, 4, 0xf0, 100);
    assert_eq!(buf[0], 0xff);
    assert_eq!(decode(&mut buf.as_slice(), 4), Some(100));
}

#[test]
fn an_integer_cut_short_is_refused() {
    for input in [&[][..], &[0x1f], &[0x1f, 0x80], &[0x1f, 0xff, 0xff]] {
        assert_eq!(decode(&mut &*input, 5), None);
    }
}

#[test]
fn an_integer_beyond_62_bits_is_refused() {
    assert_eq!(decode(&mut &[&[0x1f][..], &[0xff; 20]].concat()[..], 5), None);
    assert_eq!(decode(&mut &[&[0x1f][..], &[0xff; 8], &[0x7f]].concat()[..], 5), None);
}
