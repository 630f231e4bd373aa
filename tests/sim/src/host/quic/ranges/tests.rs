use super::*;

fn ranges_of(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges = Ranges::default();
    for number in numbers {
        assert!(ranges.insert(*number));
    }
    let mut bytes = [0; ACK_ROOM];
    let used = ranges.encode(&mut bytes);
    Ranges::decode(&bytes[..used]).collect()
}

#[test]
fn numbers_in_any_order_become_ranges() {
    assert_eq!(ranges_of(&[1, 2, 5, 4, 9]), [(9, 9), (4, 5), (1, 2)]);
    assert_eq!(ranges_of(&[0, 2, 1, 7, 6]), [(6, 7), (0, 2)]);
}

#[test]
fn a_number_is_new_once() {
    let mut ranges = Ranges::default();
    for (number, new) in [(0, true), (2, true), (2, false), (1, true), (0, false)] {
        assert_eq!(ranges.insert(number), new, "{number}");
    }
    assert_eq!(ranges.largest(), Some(2));
}

#[test]
fn what_is_no_acknowledgement_has_no_ranges() {
    let backwards: Vec<u8> = [7_u64, 6].iter().flat_map(|number| number.to_be_bytes()).collect();
    for bytes in [&b"hello"[..], b"", &backwards] {
        assert_eq!(Ranges::decode(bytes).count(), 0, "{bytes:?}");
    }
}
