//! Tests of the verifiable payload.

use super::*;

#[test]
fn any_cut_of_the_stream_is_recognised_at_its_own_place_only() {
    let pattern = Pattern::new(9);
    for offset in [0, 1, 7, 8, 1447, 1 << 33] {
        for len in [0, 1, 3, 8, 9, 1448] {
            let mut bytes = vec![0; len];
            pattern.fill(offset, &mut bytes);
            assert!(pattern.matches(offset, &bytes));
            if len > 3 {
                assert!(!pattern.matches(offset + 1, &bytes));
                assert!(!Pattern::new(10).matches(offset, &bytes));
            }
        }
    }
}

#[test]
fn one_changed_bit_shows() {
    let pattern = Pattern::new(9);
    let mut bytes = vec![0; 100];
    pattern.fill(3, &mut bytes);
    for at in 0..bytes.len() {
        bytes[at] ^= 4;
        assert!(!pattern.matches(3, &bytes));
        bytes[at] ^= 4;
    }
}
