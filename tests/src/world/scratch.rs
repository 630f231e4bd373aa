//! A private directory that is removed at the end.

use std::fs::{DirBuilder, remove_dir_all};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};

/// Directories that exist, so that an interrupted demonstration can remove them.
static IN_USE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A directory with mode 0700, removed when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Short, because the path of a Unix socket has at most 107 bytes.
        let path = std::env::temp_dir().join(format!("tandem-lab.{}.{number}", std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot create the directory {}", path.display()))?;
        if let Ok(mut paths) = IN_USE.lock() {
            paths.push(path.clone());
        }
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = remove_dir_all(&self.path);
        if let Ok(mut paths) = IN_USE.lock() {
            paths.retain(|path| path != &self.path);
        }
    }
}

/// Removes the directories of all worlds, when the process is about to end without dropping them.
pub(crate) fn remove_all() {
    if let Ok(mut paths) = IN_USE.lock() {
        for path in paths.drain(..) {
            let _ = remove_dir_all(path);
        }
    }
}
