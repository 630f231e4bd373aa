use super::super::testing::plain_sum;
use super::*;

#[test]
fn the_worked_example_of_rfc_1071_comes_out() {
    // Section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
    assert_eq!(of(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
}

#[test]
fn the_worked_example_of_rfc_1624_comes_out() {
    // Section 4: checksum dd2f, word 5555 becomes 3285, and the result is 0000 where RFC 1141 gave ffff.
    assert_eq!(updated(0xdd2f, 0x5555, 0x3285), 0x0000);
}

#[test]
fn an_odd_byte_is_padded_on_the_right() {
    assert_eq!(of(&[0x12]), !0x1200);
}

#[test]
fn an_incremental_update_equals_a_full_sum() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..20_000 {
        let mut bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(40).collect();
        let before = of(&bytes);
        assert_eq!(before, !plain_sum(&bytes));
        let at = random.usize(..20) * 2;
        let old = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let new = random.u16(..);
        bytes[at..at + 2].copy_from_slice(&new.to_be_bytes());
        assert_eq!(updated(before, old, new), of(&bytes));
    }
}

#[test]
fn a_long_packet_of_ones_does_not_overflow() {
    assert_eq!(of(&[0xff; 65_534]), 0);
}
