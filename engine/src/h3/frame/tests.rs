use super::*;
use crate::h3::testing::{Noise, pieces};

fn decode_all(decoder: &mut Decoder, mut input: &[u8]) -> Result<Vec<Frame>, Error> {
    let mut frames = Vec::new();
    while let Some(frame) = decoder.decode(&mut input)? {
        frames.push(frame);
    }
    assert!(input.is_empty(), "all input is taken");
    Ok(frames)
}

fn code_of(input: &[u8]) -> Code {
    decode_all(&mut Decoder::default(), input).unwrap_err().code
}

#[test]
fn frames_decode_across_any_chunk_borders() {
    let mut bytes = BytesMut::new();
    bytes.extend(encode(SETTINGS, &[0x33, 1]));
    bytes.extend(encode(HEADERS, b"a field section"));
    bytes.extend(encode(0x21, &[7; 300]));
    bytes.extend(encode(DATA, b"a body"));
    bytes.extend(encode(GOAWAY, &[8]));
    bytes.extend(encode(MAX_PUSH_ID, &[1]));
    bytes.extend(encode(CANCEL_PUSH, &[2]));
    let mut noise = Noise::new(2);
    for _ in 0..500 {
        let mut decoder = Decoder::default();
        let (mut body, mut others) = (Vec::new(), Vec::new());
        for piece in pieces(&mut noise, &bytes) {
            for frame in decode_all(&mut decoder, piece).unwrap() {
                if let Frame::Data(data) = frame { body.extend(data) } else { others.push(frame) }
            }
        }
        assert!(decoder.is_at_border());
        assert_eq!(body, b"a body");
        let expected = [
            Frame::Settings(Bytes::from_static(&[0x33, 1])),
            Frame::Headers(Bytes::from_static(b"a field section")),
            Frame::GoAway(8),
            Frame::MaxPushId(1),
            Frame::CancelPush(2),
        ];
        assert_eq!(others, expected);
    }
}

#[test]
fn a_frame_cut_short_is_not_at_a_border() {
    for whole in [encode(DATA, b"abc"), encode(HEADERS, b"abc"), encode(0x40, b"abc")] {
        for len in 1..whole.len() {
            let mut decoder = Decoder::default();
            decode_all(&mut decoder, &whole[..len]).unwrap();
            assert!(!decoder.is_at_border(), "{len} bytes of {whole:?}");
        }
    }
}

#[test]
fn frames_without_payload_are_frames() {
    let mut decoder = Decoder::default();
    let input = [encode(DATA, b""), encode(0x21, b""), encode(HEADERS, b"")].concat();
    assert_eq!(decode_all(&mut decoder, &input).unwrap(), [Frame::Headers(Bytes::new())]);
    assert!(decoder.is_at_border());
}

#[test]
fn frame_types_of_http_2_are_unexpected() {
    for kind in [0x02, 0x06, 0x08, 0x09] {
        assert_eq!(code_of(&[kind, 0]), Code::FrameUnexpected);
    }
}

#[test]
fn unknown_frames_are_skipped_whatever_their_length_without_being_held() {
    let mut decoder = Decoder::default();
    let mut header = BytesMut::new();
    varint::encode(&mut header, 0x2f);
    varint::encode(&mut header, varint::MAX);
    assert_eq!(decode_all(&mut decoder, &header).unwrap(), []);
    for _ in 0..100 {
        assert_eq!(decode_all(&mut decoder, &[0; 4096]).unwrap(), []);
    }
    assert!(matches!(decoder.state, State::Skip { left } if left == varint::MAX - 409_600));
}

#[test]
fn a_field_section_beyond_the_bound_is_reported_and_skipped() {
    let mut decoder = Decoder::default();
    let input = [encode(HEADERS, &[0; MAX_BUFFERED + 1]), encode(GOAWAY, &[0])].concat();
    assert_eq!(decode_all(&mut decoder, &input).unwrap(), [Frame::HeadersTooLarge, Frame::GoAway(0)]);
}

#[test]
fn a_field_section_of_the_bound_is_taken() {
    let input = encode(HEADERS, &[0; MAX_BUFFERED]);
    let frames = decode_all(&mut Decoder::default(), &input).unwrap();
    assert_eq!(frames, [Frame::Headers(Bytes::from_static(&[0; MAX_BUFFERED]))]);
}

#[test]
fn settings_beyond_the_bound_are_an_excessive_load() {
    assert_eq!(code_of(&encode(SETTINGS, &[0; MAX_BUFFERED + 1])), Code::ExcessiveLoad);
}

#[test]
fn a_frame_with_an_id_holds_exactly_one() {
    for kind in [CANCEL_PUSH, GOAWAY, MAX_PUSH_ID] {
        assert_eq!(code_of(&encode(kind, &[])), Code::FrameError);
        assert_eq!(code_of(&encode(kind, &[0x40])), Code::FrameError);
        assert_eq!(code_of(&encode(kind, &[1, 2])), Code::FrameError);
        assert_eq!(code_of(&encode(kind, &[0; 9])), Code::FrameError);
    }
}

#[test]
fn any_bytes_at_all_neither_panic_nor_pile_up() {
    let mut noise = Noise::new(3);
    for _ in 0..2000 {
        let mut decoder = Decoder::default();
        for _ in 0..8 {
            if decode_all(&mut decoder, &noise.bytes(200)).is_err() {
                break;
            }
            if let State::Buffer { payload, .. } = &decoder.state {
                assert!(payload.len() <= MAX_BUFFERED);
            }
        }
    }
}
