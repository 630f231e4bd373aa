use anyhow::{Result, bail};

use super::{TOLERABLE, Ticks, until_undisturbed};

const STAT: &str = "cpu  100 20 30 800 5 5 10 30 40 2\ncpu0 50 10 15 400 2 3 5 15 20 1\nintr 12\n";

#[test]
fn stolen_time_is_a_share_of_all_processors_time() {
    let earlier = Ticks::parse(STAT).unwrap();
    assert_eq!(earlier, Ticks { all: 1000, stolen: 30 });
    let later = Ticks { all: 1200, stolen: 33 };
    assert!((later.stolen_since(earlier) - 0.015).abs() < 1e-9);
    assert!(earlier.stolen_since(earlier) == 0.0);
}

#[test]
fn what_is_no_processors_time_is_refused() {
    for text in ["", "intr 12\n", "cpu  1 2 3\n", "cpu  a b c d e f g h\n"] {
        assert_eq!(Ticks::parse(text), None, "{text}");
    }
}

#[test]
fn this_kernel_counts_stolen_time() {
    assert!(Ticks::now().unwrap().all > 0);
}

/// Measurements from which such shares were stolen, one after the other: which one counts of three at most, and how many
/// were in vain.
fn counted(stolen: &[f64]) -> Result<(usize, u32)> {
    counted_of(3, stolen)
}

fn counted_of(takes: u32, stolen: &[f64]) -> Result<(usize, u32)> {
    let mut numbered = stolen.iter().copied().enumerate();
    until_undisturbed(takes, || numbered.next().map_or_else(|| bail!("one too many"), Ok))
}

#[test]
fn the_first_that_was_hardly_disturbed_counts() {
    assert_eq!(counted(&[0.0]).unwrap(), (0, 0));
    assert_eq!(counted(&[2.0 * TOLERABLE, TOLERABLE]).unwrap(), (1, 1));
}

#[test]
fn the_last_one_counts_however_disturbed() {
    assert_eq!(counted(&[0.5; 3]).unwrap(), (2, 2));
    assert_eq!(counted_of(1, &[0.5]).unwrap(), (0, 0));
}
