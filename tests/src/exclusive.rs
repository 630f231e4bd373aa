//! One laboratory at a time: measurements on a small machine disturb each other, so every user of the lab takes a
//! lock that holds across processes. Plain `cargo test --workspace` therefore runs namespace tests one by one.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

use crate::netns::Namespace;

/// Held while the lab is in use; released when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub struct Exclusive {
    _file: File,
}

impl Exclusive {
    /// Waits until no other process or thread of this user uses the lab.
    ///
    /// # Errors
    /// When the lock file in the temporary directory cannot be opened.
    pub fn acquire() -> Result<Self> {
        let path = lock_path();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot open the lab's lock {}", path.display()))?;
        flock(&file, FlockOperation::LockExclusive).context("cannot lock the lab")?;
        Ok(Self { _file: file })
    }

    /// For the first line of a namespace test: the lock, or `None` if the test is to be skipped because the machine
    /// lacks the privileges and `TANDEM_LAB=skip` says that this is expected. Under CI nothing is skipped.
    ///
    /// # Panics
    /// When the privileges are missing and skipping is not allowed: a test that cannot run has failed.
    #[must_use]
    pub fn for_test() -> Option<Self> {
        let lock = match Self::acquire() {
            Ok(lock) => lock,
            Err(error) => panic!("{error:#}"),
        };
        let Err(error) = Namespace::new("probe") else { return Some(lock) };
        let may_skip =
            std::env::var_os("CI").is_none() && std::env::var("TANDEM_LAB").as_deref() == Ok("skip");
        assert!(
            may_skip,
            "{error:#}; on a machine of your own TANDEM_LAB=skip leaves the namespace tests out"
        );
        eprintln!("skipped: {error:#}");
        None
    }
}

/// Named after the user, because another one's file in a sticky directory cannot be opened for writing. Inside a user
/// namespace everybody is root, so the name comes from the mapping: its second column is the id outside.
fn lock_path() -> PathBuf {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let outside = map.split_whitespace().nth(1).unwrap_or("0");
    std::env::temp_dir().join(format!("tandem-lab-{outside}.lock"))
}
