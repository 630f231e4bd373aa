use super::*;

#[test]
fn the_layout_on_the_wire_is_fixed() {
    let header = Header { id: 0x12_3456, index: 5, last: true };
    assert_eq!(header.encode(), [0x12, 0x34, 0x56, 0b0000_1011]);
}

#[test]
fn what_is_written_is_read() {
    for id in [0, 1, ID_MODULUS - 1] {
        for index in 0..MAX_PIECES as u8 {
            for last in [false, true] {
                let header = Header { id, index, last };
                let mut payload = header.encode().to_vec();
                payload.push(0xaa);
                assert_eq!(Header::decode(&payload), Some((header, &[0xaa][..])));
            }
        }
    }
}

#[test]
fn a_payload_without_a_piece_or_with_too_high_an_index_is_none() {
    assert_eq!(Header::decode(&[]), None);
    assert_eq!(Header::decode(&[0, 0, 1]), None);
    assert_eq!(Header::decode(&[0, 0, 1, 0]), None);
    assert_eq!(Header::decode(&[0, 0, 1, (MAX_PIECES as u8) << 1, 7]), None);
}
