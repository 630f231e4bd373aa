//! A gateway that is killed at a moment it did not choose.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::*;

const FOLDER: &str = "TANDEM_TEST_STORE_FOLDER";

/// The gateway to be killed: run by the test below as a process of its own.
#[test]
#[ignore = "a part of a_killed_gateway_keeps_every_peer_that_it_confirmed"]
fn enroll_until_killed() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let store = Store::open(&folder.join(STORE_FILE), both()).unwrap();
    let first = store.peers().len() as u8;
    for n in first.. {
        let (secret, _) = store.create_invitation(&format!("p{n}"), DAY, now()).unwrap();
        store.enroll(&secret, pin(n), now()).unwrap();
        println!("\nenrolled p{n}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn a_killed_gateway_keeps_every_peer_that_it_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE);
    let name = concat!(module_path!(), "::enroll_until_killed").split_once("::").unwrap().1;
    for round in 1..=3 {
        let mut gateway = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(gateway.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap).filter(|line| line.starts_with("enrolled "));
        let mut confirmed: Vec<String> = lines.by_ref().take(7 * round).collect();
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        confirmed.extend(lines);
        assert!(confirmed.len() >= 7 * round, "the gateway ended by itself");
        let store = Store::open(&path, both()).unwrap();
        for line in confirmed {
            let name = line.strip_prefix("enrolled ").unwrap();
            assert!(store.peer(name).is_some(), "{name} was confirmed and is gone");
        }
    }
}
