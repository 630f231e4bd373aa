//! Tests of wrapping sequence numbers.

use super::*;

#[test]
fn offsets_survive_a_wrap_of_the_wire() {
    let sequence = Sequence::new(u32::MAX - 1000);
    for offset in [0, 999, 1000, 1001, 5_000_000_000_u64] {
        let wire = sequence.wire(offset);
        for near in [offset.saturating_sub(70_000), offset, offset + 70_000] {
            assert_eq!(sequence.offset(wire, near), Some(offset));
        }
    }
}

#[test]
fn the_syn_has_no_offset() {
    let sequence = Sequence::new(77);
    assert_eq!(sequence.offset(sequence.syn(), 0), None);
    assert_eq!(sequence.offset(sequence.syn().wrapping_add(1), 0), Some(0));
}
