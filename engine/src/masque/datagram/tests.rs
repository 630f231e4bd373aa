use super::*;
use crate::h3::testing::Noise;

fn datagram(quarter: u64, context: u64, payload: &[u8]) -> Bytes {
    let mut buf = Vec::new();
    encode_header(&mut buf, quarter, context);
    assert_eq!(buf.len(), header_len(quarter, context));
    buf.extend_from_slice(payload);
    buf.into()
}

#[test]
fn headers_of_every_length_round_trip() {
    for quarter in [0, 11, 0x40, 0x4000, MAX_QUARTER_STREAM_ID] {
        for context in [CONTEXT_IP, 2, 0x40, 0x4000_0000, varint::MAX] {
            let parsed = parse(&datagram(quarter, context, b"packet")).unwrap();
            assert_eq!(parsed, Datagram { quarter, content: Some((context, Bytes::from_static(b"packet"))) });
        }
    }
}

#[test]
fn the_first_request_and_a_plain_packet_cost_two_bytes() {
    assert_eq!(datagram(quarter_stream_id(0), CONTEXT_IP, b"p").as_ref(), [0, 0, b'p']);
    assert_eq!(quarter_stream_id(44), 11);
}

#[test]
fn the_payload_is_not_copied() {
    let whole = datagram(1, 2, b"packet");
    let (_, payload) = parse(&whole).unwrap().content.unwrap();
    assert_eq!(payload.as_ptr(), whole[2..].as_ptr());
}

#[test]
fn a_datagram_that_names_no_request_is_a_connection_error() {
    for bad in [&b""[..], &[0x40], &[0xd0, 0, 0, 0, 0, 0, 0, 0, 0], &[0xff; 9]] {
        assert_eq!(parse(&Bytes::copy_from_slice(bad)).unwrap_err().code, Code::DatagramError);
    }
}

#[test]
fn a_datagram_without_a_whole_context_id_has_no_content() {
    for bad in [&[3][..], &[3, 0x40], &[3, 0xc0, 0, 0]] {
        let parsed = parse(&Bytes::copy_from_slice(bad)).unwrap();
        assert_eq!(parsed, Datagram { quarter: 3, content: None });
    }
}

#[test]
fn an_empty_payload_is_a_payload() {
    assert_eq!(parse_payload(&Bytes::from_static(&[4])), Some((4, Bytes::new())));
}

#[test]
fn any_bytes_at_all_do_not_panic() {
    let mut noise = Noise::new(9);
    for _ in 0..5000 {
        let _ = parse(&noise.bytes(32).into());
    }
}
