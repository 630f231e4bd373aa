use super::*;
use crate::h3::testing::Noise;

#[test]
fn the_samples_of_rfc_9000_decode() {
    // RFC 9000 Appendix A.1, the last one being 37 in a longer form than needed.
    let samples: [(&[u8], u64); 5] = [
        (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
        (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
        (&[0x7b, 0xbd], 15_293),
        (&[0x25], 37),
        (&[0x40, 0x25], 37),
    ];
    for (mut bytes, value) in samples {
        assert_eq!(decode(&mut bytes), Some(value));
        assert!(bytes.is_empty());
    }
}

#[test]
fn the_borders_of_each_length_round_trip() {
    for value in [0, 0x3f, 0x40, 0x3fff, 0x4000, 0x3fff_ffff, 0x4000_0000, MAX] {
        let mut buf = Vec::new();
        encode(&mut buf, value);
        assert_eq!(buf.len(), encoded_len(value));
        assert_eq!(decode(&mut buf.as_slice()), Some(value));
    }
}

#[test]
fn a_truncated_integer_is_not_consumed() {
    let whole = [0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c];
    for len in 0..whole.len() {
        let mut input = &whole[..len];
        assert_eq!(decode(&mut input), None);
        assert_eq!(input.len(), len);
    }
}

#[test]
#[should_panic(expected = "does not fit")]
fn a_value_too_large_is_our_own_mistake() {
    encode(&mut Vec::new(), MAX + 1);
}

#[test]
fn a_type_and_length_are_read_across_chunk_borders() {
    let mut noise = Noise::new(1);
    for _ in 0..1000 {
        let (kind, length) = (noise.next() >> (2 + noise.below(62)), noise.next() >> (2 + noise.below(62)));
        let mut bytes = Vec::new();
        encode(&mut bytes, kind);
        encode(&mut bytes, length);
        bytes.push(0xaa);
        let mut reader = TypeLengthReader::default();
        let (mut first, mut second) = bytes.split_at(noise.below(bytes.len()));
        let read = reader.read(&mut first).or_else(|| reader.read(&mut second));
        assert_eq!(read, Some((kind, length)));
        assert_eq!([first, second].concat(), [0xaa]);
        assert!(reader.is_empty());
    }
}
