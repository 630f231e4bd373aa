use super::*;
use crate::h3::testing::{Noise, hex};

#[test]
fn the_strings_of_rfc_7541_decode() {
    // RFC 7541 Appendix C.4 and C.6.
    let strings = [
        ("f1e3 c2e5 f23a 6ba0 ab90 f4ff", "www.example.com"),
        ("a8eb 1064 9cbf", "no-cache"),
        ("25a8 49e9 5ba9 7d7f", "custom-key"),
        ("25a8 49e9 5bb8 e8b4 bf", "custom-value"),
        ("6402", "302"),
        ("aec3 771a 4b", "private"),
        ("d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3", "https://www.example.com"),
        ("640e ff", "307"),
        ("9bd9 ab", "gzip"),
        (
            "94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 \
             3160 65c0 03ed 4ee5 b106 3d50 07",
            "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ),
    ];
    for (encoded, plain) in strings {
        assert_eq!(decode(&hex(encoded)).unwrap(), plain.as_bytes());
    }
}

#[test]
fn every_symbol_of_the_table_decodes() {
    let (mut code, mut length) = (0_u64, 0);
    for symbol in SYMBOLS.iter().filter(|symbol| **symbol != EOS) {
        let wanted = usize::from(LENGTHS[usize::from(*symbol)]);
        code <<= wanted - length;
        length = wanted;
        // The code at the top of eight bytes, and ones after it.
        let padded = code << (64 - length) | u64::MAX >> length;
        let bytes = padded.to_be_bytes();
        assert_eq!(decode(&bytes[..length.div_ceil(8)]).unwrap(), [*symbol as u8]);
        code += 1;
    }
    assert_eq!((code, length), ((1 << 30) - 1, 30), "EOS is what remains");
}

#[test]
fn the_end_of_string_symbol_within_a_string_is_refused() {
    assert_eq!(decode(&[0xff; 4]), None);
}

#[test]
fn padding_of_more_than_seven_bits_is_refused() {
    assert_eq!(decode(&[0xff]), None);
    assert_eq!(decode(&hex("a8eb 1064 9cbf ff")), None);
}

#[test]
fn padding_other_than_ones_is_refused() {
    assert_eq!(decode(&hex("a8eb 1064 9cbe")), None);
}

#[test]
fn an_empty_string_is_empty() {
    assert_eq!(decode(&[]).unwrap(), b"");
}

#[test]
fn any_bytes_at_all_do_not_panic() {
    let mut noise = Noise::new(5);
    for _ in 0..5000 {
        let input = noise.bytes(64);
        if let Some(plain) = decode(&input) {
            assert!(plain.len() <= input.len() * 8 / 5);
        }
    }
}
