use bytes::BytesMut;

use super::*;

fn encoded(duplication: Duplication) -> BytesMut {
    let mut value = BytesMut::new();
    duplication.numbers().into_iter().for_each(|number| varint::encode(&mut value, number));
    value
}

#[test]
fn what_the_client_says_is_what_the_gateway_reads() {
    let other = Duplication { realtime: true, secondary: true, share: 1000, metered_share: 0, lost_share: 1 };
    for duplication in [Duplication::default(), other] {
        assert_eq!(Duplication::decode(&encoded(duplication)), Some(duplication));
    }
    let off = Duplication { realtime: false, ..Duplication::default() };
    assert_eq!(Duplication::decode(&encoded(off)).map(|read| read.realtime), Some(false));
}

#[test]
fn a_value_cut_short_says_nothing_and_a_longer_one_the_same() {
    let mut value = encoded(Duplication::default());
    for len in 0..value.len() {
        assert_eq!(Duplication::decode(&value[..len]), None);
    }
    value.extend_from_slice(b"\x01\x02");
    assert_eq!(Duplication::decode(&value), Some(Duplication::default()));
}

#[test]
fn a_share_beyond_the_whole_is_the_whole() {
    let mut value = BytesMut::new();
    [70_000, 1 << 40, 7, 1001].into_iter().for_each(|number| varint::encode(&mut value, number));
    let whole = 1000;
    let read = Duplication {
        realtime: true,
        secondary: false,
        share: whole,
        metered_share: whole,
        lost_share: whole,
    };
    assert_eq!(Duplication::decode(&value), Some(read));
}
