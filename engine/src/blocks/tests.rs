use bytes::BytesMut;

use super::Blocks;

#[test]
fn copies_of_one_block_are_as_long_as_what_was_copied_and_do_not_touch_each_other() {
    let mut blocks = Blocks::new(100);
    let mut copies: Vec<BytesMut> = (0..20).map(|byte| blocks.copy(&[byte; 30])).collect();
    copies[7].fill(99);
    for (byte, copy) in copies.iter().enumerate().filter(|(byte, _)| *byte != 7) {
        assert_eq!(copy[..], [byte as u8; 30]);
    }
}

#[test]
fn a_block_is_used_again_when_nothing_of_it_is_left() {
    let mut blocks = Blocks::new(100);
    let first = blocks.copy(&[1; 60]).as_ptr();
    assert_eq!(blocks.copy(&[2; 60]).as_ptr(), first);
    let kept = blocks.copy(&[3; 60]);
    assert_ne!(blocks.copy(&[4; 60]).as_ptr(), kept.as_ptr());
    assert_eq!(kept[..], [3; 60]);
}

#[test]
fn what_was_written_and_not_cut_out_is_gone() {
    let mut blocks = Blocks::new(100);
    blocks.room(10).extend_from_slice(&[1; 10]);
    assert_eq!(blocks.copy(&[2; 5])[..], [2; 5]);
}

#[test]
fn more_than_a_block_fits() {
    assert_eq!(Blocks::new(100).copy(&[5; 1000])[..], [5; 1000]);
    let mut blocks = Blocks::new(100);
    blocks.release();
    assert_eq!(blocks.copy(&[6; 3])[..], [6; 3]);
}
