//! What a subcommand made so far, to be removed again should it fail.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::failure::SetupError;

enum Thing {
    File(PathBuf),
    Folder(PathBuf),
}

/// Dropped without [`keep`](Self::keep), it removes what it knows of, the latest first.
#[derive(Default)]
pub(super) struct Made(Vec<Thing>);

impl Made {
    /// Makes the folder `path` with permission bits `mode`, and those above it with 0755, where they are
    /// missing.
    pub(super) fn folder(&mut self, path: &Path, mode: u32) -> Result<(), SetupError> {
        let missing: Vec<_> = path
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .collect();
        for folder in missing.iter().rev() {
            let mode = if *folder == path { mode } else { 0o755 };
            match fs::DirBuilder::new().mode(mode).create(folder) {
                Ok(()) => self.0.push(Thing::Folder(folder.to_path_buf())),
                // Somebody made it since.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(SetupError::Io { path: folder.to_path_buf(), source }),
            }
        }
        if path.is_dir() {
            Ok(())
        } else {
            Err(SetupError::Io { path: path.to_owned(), source: io::ErrorKind::NotADirectory.into() })
        }
    }

    /// Remembers the new file `path`.
    pub(super) fn file(&mut self, path: &Path) {
        self.0.push(Thing::File(path.to_owned()));
    }

    /// All went well: nothing is to be removed.
    pub(super) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for thing in self.0.drain(..).rev() {
            let (path, removed) = match &thing {
                Thing::File(path) => (path, fs::remove_file(path)),
                Thing::Folder(path) => (path, fs::remove_dir(path)),
            };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(path = %path.display(), %error, "cannot remove what a failed setup made");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
}
