use super::*;

#[test]
fn the_queue_holds_100_ms_unless_said() {
    let mut shape = Shape { rate_bps: Some(80_000_000), ..Shape::default() };
    assert_eq!(shape.queue_limit(), 1_000_000);
    shape.queue_bytes = Some(5_000);
    assert_eq!(shape.queue_limit(), 5_000);
}
