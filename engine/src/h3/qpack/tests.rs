use super::*;
use crate::h3::error::Code;
use crate::h3::settings::MAX_FIELD_SECTION_SIZE;
use crate::h3::testing::{Noise, hex};

fn decoded(section: &[u8]) -> Result<Headers, DecodeError> {
    decode(section, MAX_FIELD_SECTION_SIZE)
}

#[test]
fn the_literal_with_name_reference_of_rfc_9204_decodes() {
    // RFC 9204 Appendix B.1.
    let section = hex("0000 510b 2f69 6e64 6578 2e68 746d 6c");
    assert_eq!(decoded(&section).unwrap(), Headers::default().with(":path", "/index.html"));
}

#[test]
fn a_field_section_round_trips() {
    let headers = Headers::request("CONNECT", "https", "gw.example:443", "/.well-known/masque/ip/*/*/")
        .with(":protocol", "connect-ip")
        .with("authorization", "Bearer secret")
        .with("a-name-that-is-longer-than-its-prefix", "")
        .with("cookie", vec![b'x'; 300]);
    assert_eq!(decoded(&encode(&headers)).unwrap(), headers);
}

#[test]
fn fields_of_the_static_table_are_sent_as_indices() {
    assert_eq!(encode(&Headers::response(200)).as_ref(), [0, 0, 0xc0 | 25]);
    assert_eq!(encode(&Headers::response(403)).as_ref(), [0, 0, 0xff, 68 - 63]);
}

#[test]
fn secrets_are_marked_never_to_be_indexed() {
    let section = encode(&Headers::default().with("authorization", "x"));
    assert_eq!(section[2] & (NAME_REFERENCE | NAME_REFERENCE_NEVER_INDEXED), 0b0110_0000);
    let section = encode(&Headers::default().with("proxy-authorization", "x"));
    assert_eq!(section[2] & (LITERAL_NAME | LITERAL_NAME_NEVER_INDEXED), 0b0011_0000);
}

#[test]
fn the_whole_static_table_can_be_referred_to_and_no_more() {
    for index in 0..99 {
        let mut section = vec![0, 0];
        integer::encode(&mut section, 6, INDEXED | INDEXED_STATIC, index);
        assert_eq!(decoded(&section).unwrap().iter().count(), 1);
    }
    assert_eq!(decoded(&[0, 0, 0xff, 99 - 63]), Err(DecodeError::Failed));
    assert_eq!(decoded(&[0, 0, 0x5f, 99 - 15, 0]), Err(DecodeError::Failed));
}

#[test]
fn references_to_the_dynamic_table_are_refused() {
    let sections: [&[u8]; 6] = [
        &[2, 0],             // a required insert count
        &[0, 0x80],          // a negative base
        &[0, 0, 0x80],       // indexed, dynamic
        &[0, 0, 0x40, 0],    // name reference, dynamic
        &[0, 0, 0x10],       // indexed, post-base
        &[0, 0, 0x00, 0x00], // name reference, post-base
    ];
    for section in sections {
        assert_eq!(decoded(section), Err(DecodeError::Failed), "{section:x?}");
    }
}

#[test]
fn a_base_that_nothing_refers_to_is_harmless() {
    assert_eq!(decoded(&[0, 5, 0xc0 | 25]).unwrap(), Headers::response(200));
}

#[test]
fn a_field_section_cut_short_is_refused() {
    let section = encode(&Headers::default().with("x-name", "value"));
    for len in (0..2).chain(3..section.len()) {
        assert_eq!(decoded(&section[..len]), Err(DecodeError::Failed), "{len} bytes");
    }
}

#[test]
fn small_input_that_grows_beyond_the_bound_is_too_large() {
    // Each byte of index 62 stands for a field of 48 bytes.
    let section = [&[0, 0][..], &[0xc0 | 62; 400]].concat();
    assert_eq!(decoded(&section), Err(DecodeError::TooLarge));
}

#[test]
fn any_bytes_at_all_neither_panic_nor_grow() {
    let mut noise = Noise::new(6);
    for _ in 0..20_000 {
        let section = [vec![0, 0], noise.bytes(100)].concat();
        if let Ok(headers) = decode(&section, 1000) {
            let size: usize = headers.iter().map(|field| field.name.len() + field.value.len() + 32).sum();
            assert!(size <= 1000);
        }
    }
}

#[test]
fn the_encoder_stream_may_only_say_that_there_is_no_table() {
    let stream = EncoderStream;
    stream.receive(&[]).unwrap();
    stream.receive(&[0x20, 0x20]).unwrap();
    for bad in [&[0x21][..], &[0x3f, 0xe1, 0x1f], &[0xc1, 0x01, b'a'], &[0x00]] {
        assert_eq!(stream.receive(bad).unwrap_err().code, Code::QpackEncoderStreamError);
    }
}

#[test]
fn the_decoder_stream_may_cancel_streams_across_chunk_borders() {
    let mut stream = DecoderStream::default();
    for chunk in [&[0x40][..], &[0x44, 0x7f], &[0x80], &[0x01, 0x40]] {
        stream.receive(chunk).unwrap();
    }
}

#[test]
fn the_decoder_stream_has_nothing_to_acknowledge() {
    for bad in [0x80, 0x84, 0x00, 0x01] {
        let error = DecoderStream::default().receive(&[bad]).unwrap_err();
        assert_eq!(error.code, Code::QpackDecoderStreamError);
    }
    let endless = [&[0x7f][..], &[0xff; 10]].concat();
    assert_eq!(DecoderStream::default().receive(&endless).unwrap_err().code, Code::QpackDecoderStreamError);
}
