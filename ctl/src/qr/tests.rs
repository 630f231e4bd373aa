use super::*;

#[test]
fn a_token_becomes_a_square_of_half_as_many_lines_as_columns() {
    let code = for_terminal(&"t".repeat(200)).unwrap();
    let widths: Vec<usize> = code.lines().map(|line| line.chars().count()).collect();
    assert!(widths.iter().all(|width| *width == widths[0]), "{code}");
    assert_eq!(widths.len(), widths[0].div_ceil(2));
    assert!(widths[0] < 80, "wider than a terminal: {}", widths[0]);
}

#[test]
fn a_text_that_no_code_can_hold_is_refused() {
    assert_eq!(for_terminal(&"t".repeat(5000)), None);
}
