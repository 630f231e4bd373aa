mod crashing;
mod enrolling;
mod failing;
mod leasing;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn now() -> SystemTime {
    UNIX_EPOCH + 20_000 * DAY
}

fn pools(prefixes: &[&str]) -> Pools {
    let prefixes: Vec<_> = prefixes.iter().map(|text| text.parse().unwrap()).collect();
    Pools::new(&prefixes)
}

fn both() -> Pools {
    pools(&["10.77.0.0/24", "fd77::/64"])
}

fn pin(n: u8) -> Pin {
    Pin::from_bytes([n; 32])
}

/// A store in a folder of its own.
struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
}

impl Fixture {
    fn new(pools: Pools) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join(STORE_FILE), pools).unwrap();
        Self { folder, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(STORE_FILE)
    }

    fn reopen(self, pools: Pools) -> Self {
        let path = self.path();
        drop(self.store);
        Self { store: Store::open(&path, pools).unwrap(), folder: self.folder }
    }

    fn invite(&self, name: &str) -> Secret {
        self.store.create_invitation(name, DAY, now()).unwrap().0
    }

    fn join(&self, name: &str, n: u8) -> Peer {
        self.store.enroll(&self.invite(name), pin(n), now()).unwrap()
    }
}

fn addresses(peer: &Peer) -> String {
    peer.addresses().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
