//! tandem-lab.
fn main() {}
