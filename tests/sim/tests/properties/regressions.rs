//! Worlds that once broke a promise, each with its name.

use std::path::Path;

use crate::case::{Case, Promise};

fn replay(promise: Promise, folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(folder);
    let mut broken = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let case: Case = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if let Err(why) = case.try_promise(promise) {
            broken.push(format!("{}: {why}", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
