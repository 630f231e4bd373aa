use super::*;
use crate::h3::testing::{Noise, pieces};

fn decode_all(decoder: &mut Decoder, mut input: &[u8]) -> Result<Vec<RawCapsule>, Error> {
    let mut capsules = Vec::new();
    while let Some(capsule) = decoder.decode(&mut input)? {
        capsules.push(capsule);
    }
    assert!(input.is_empty(), "all input is taken");
    Ok(capsules)
}

#[test]
fn capsules_decode_across_any_chunk_borders() {
    let bytes = [
        encode(ADDRESS_ASSIGN, b"assign"),
        encode(0x29, &[1; 200]),
        encode(DATAGRAM, b"packet"),
        encode(ROUTE_ADVERTISEMENT, b""),
        encode(0x17_0000, b""),
    ]
    .concat();
    let mut noise = Noise::new(7);
    for _ in 0..500 {
        let mut decoder = Decoder::default();
        let mut capsules = Vec::new();
        for piece in pieces(&mut noise, &bytes) {
            capsules.extend(decode_all(&mut decoder, piece).unwrap());
        }
        decoder.finish().unwrap();
        let expected = [(ADDRESS_ASSIGN, "assign"), (DATAGRAM, "packet"), (ROUTE_ADVERTISEMENT, "")];
        assert_eq!(capsules, expected.map(|(kind, value)| RawCapsule { kind, value: value.into() }));
    }
}

#[test]
fn a_stream_that_ends_within_a_capsule_is_malformed() {
    for whole in [encode(ADDRESS_REQUEST, b"value"), encode(0x29, b"value")] {
        for len in 1..whole.len() {
            let mut decoder = Decoder::default();
            decode_all(&mut decoder, &whole[..len]).unwrap();
            assert_eq!(decoder.finish(), Err(Error::Truncated));
        }
    }
    assert_eq!(Error::Truncated.code(), Code::MessageError);
}

#[test]
fn unknown_capsules_are_skipped_whatever_their_length_without_being_held() {
    let mut decoder = Decoder::default();
    let mut header = BytesMut::new();
    varint::encode(&mut header, 0x29);
    varint::encode(&mut header, varint::MAX);
    assert_eq!(decode_all(&mut decoder, &header), Ok(vec![]));
    assert_eq!(decode_all(&mut decoder, &[0; 4096]), Ok(vec![]));
    assert!(matches!(decoder.state, State::Skip { left } if left == varint::MAX - 4096));
}

#[test]
fn a_known_capsule_beyond_the_bound_is_refused() {
    for kind in [ADDRESS_ASSIGN, ADDRESS_REQUEST, ROUTE_ADVERTISEMENT] {
        let long = encode(kind, &[0; MAX_VALUE + 1]);
        assert_eq!(decode_all(&mut Decoder::default(), &long), Err(Error::TooLong));
        let fits = encode(kind, &[0; MAX_VALUE]);
        assert_eq!(decode_all(&mut Decoder::default(), &fits).unwrap().len(), 1);
    }
}

#[test]
fn a_datagram_beyond_the_bound_is_dropped() {
    let input = [encode(DATAGRAM, &[0; MAX_VALUE + 1]), encode(ADDRESS_ASSIGN, b"")].concat();
    let capsules = decode_all(&mut Decoder::default(), &input).unwrap();
    assert_eq!(capsules, [RawCapsule { kind: ADDRESS_ASSIGN, value: Bytes::new() }]);
}

#[test]
fn any_bytes_at_all_neither_panic_nor_pile_up() {
    let mut noise = Noise::new(8);
    for _ in 0..2000 {
        let mut decoder = Decoder::default();
        for _ in 0..8 {
            if decode_all(&mut decoder, &noise.bytes(200)).is_err() {
                break;
            }
            if let State::Buffer { value, .. } = &decoder.state {
                assert!(value.len() <= MAX_VALUE);
            }
        }
    }
}
