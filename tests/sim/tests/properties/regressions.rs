//! Worlds that once broke a promise, each with its name.

use std::path::Path;

use crate::case::{Case, Promise};

fn replay(promise: Promise, folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(folder);
    let mut broken = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder is part of the repository") {
        let path = entry.expect("the folder can be read").path();
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let case: Case = toml::from_str(&text).expect("the file is a world");
        if let Err(why) = case.try_promise(promise) {
            broken.push(format!("{}: {why}", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn integrity_is_kept() {
    replay(Promise::Integrity, "integrity");
}

#[test]
#[ignore = "the window is full when the only link dies, and holds back the probes that would find it again"]
fn traffic_resumes() {
    replay(Promise::Resumption, "resumption");
}

#[test]
#[ignore = "nothing puts packets in order, and the scheduler trusts a queue that has grown too little"]
fn order_is_kept() {
    replay(Promise::Order, "order");
}

#[test]
#[ignore = "a path that once lost more than a tenth is left out for ever"]
fn goodput_is_kept() {
    replay(Promise::Goodput, "goodput");
}
