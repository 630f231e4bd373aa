//! HTTP/3 frames and settings, and the variable-length integers that they are made of.

use bytes::{Bytes, BytesMut};
use tandem_engine::h3::error::Error;
use tandem_engine::h3::frame::{self, Decoder, Frame, MAX_BUFFERED};
use tandem_engine::h3::{Settings, varint};

use crate::input::Input;

/// The first byte is the length of the pieces that the rest is cut into.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let piece = usize::from(input.byte()) + 1;
    let bytes = input.rest();
    integers(bytes);
    let (frames, end) = decode(bytes, usize::MAX);
    assert_eq!(
        (&frames, &end),
        (&decode(bytes, piece).0, &decode(bytes, piece).1),
        "cut into pieces of {piece}"
    );
    for frame in &frames {
        check(frame);
    }
    written_again(&frames);
}

/// The frames, with neighbouring pieces of DATA joined, and whether the end is a border between frames.
fn decode(bytes: &[u8], piece: usize) -> (Vec<Frame>, Result<bool, Error>) {
    let mut decoder = Decoder::default();
    let mut frames: Vec<Frame> = Vec::new();
    for mut chunk in bytes.chunks(piece.min(bytes.len().max(1))) {
        loop {
            match decoder.decode(&mut chunk) {
                Ok(Some(Frame::Data(more))) => match frames.last_mut() {
                    Some(Frame::Data(data)) => *data = Bytes::from([&data[..], &more[..]].concat()),
                    _ => frames.push(Frame::Data(more)),
                },
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
        assert!(chunk.is_empty(), "a decoder that wants more has taken all");
    }
    (frames, Ok(decoder.is_at_border()))
}

fn check(frame: &Frame) {
    match frame {
        Frame::Data(data) => assert!(!data.is_empty()),
        Frame::Headers(section) => assert!(section.len() <= MAX_BUFFERED),
        Frame::Settings(payload) => {
            assert!(payload.len() <= MAX_BUFFERED);
            if let Ok(settings) = Settings::decode(payload) {
                assert_eq!(Settings::decode(&settings.encode()), Ok(settings));
            }
        }
        Frame::CancelPush(id) | Frame::GoAway(id) | Frame::MaxPushId(id) => assert!(*id <= varint::MAX),
        Frame::HeadersTooLarge | Frame::PushPromise => {}
    }
}

fn written_again(frames: &[Frame]) {
    let mut bytes = BytesMut::new();
    let mut whole = Vec::new();
    for frame in frames {
        let encoded = match frame {
            Frame::Data(data) => frame::encode(frame::DATA, data),
            Frame::Headers(section) => frame::encode(frame::HEADERS, section),
            Frame::Settings(payload) => frame::encode(frame::SETTINGS, payload),
            // Their payload is gone, or their type is not ours to write.
            Frame::HeadersTooLarge
            | Frame::PushPromise
            | Frame::CancelPush(_)
            | Frame::GoAway(_)
            | Frame::MaxPushId(_) => continue,
        };
        bytes.extend_from_slice(&encoded);
        match (whole.last_mut(), frame) {
            // Two DATA frames that met because what stood between them was left out.
            (Some(Frame::Data(before)), Frame::Data(data)) => {
                *before = Bytes::from([&before[..], data].concat())
            }
            _ => whole.push(frame.clone()),
        }
    }
    assert_eq!(decode(&bytes, usize::MAX), (whole, Ok(true)));
}

fn integers(mut bytes: &[u8]) {
    let before = bytes;
    if let Some(value) = varint::decode(&mut bytes) {
        let mut encoded = BytesMut::new();
        varint::encode(&mut encoded, value);
        assert_eq!(encoded.len(), varint::encoded_len(value));
        assert!(encoded.len() <= before.len() - bytes.len(), "nobody writes it shorter");
        assert_eq!(varint::decode(&mut &encoded[..]), Some(value));
    } else {
        assert_eq!(bytes, before, "what is not all there is left alone");
    }
}
