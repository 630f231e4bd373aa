//! Files that appear whole or not at all, and belong to whom their folder belongs to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};

/// What to do when the target already exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Leave it and fail with `AlreadyExists`.
    Refuse,
    /// Put the new file in its place.
    Replace,
}

/// A file written in full and synced under a temporary name beside its target; dropped, it disappears.
#[derive(Debug)]
pub(crate) struct Staged {
    temporary: PathBuf,
    target: PathBuf,
    persisted: bool,
}

impl Staged {
    /// Writes `content` beside `target` with permission bits `mode`.
    pub(crate) fn write(target: &Path, content: &[u8], mode: u32) -> io::Result<Self> {
        let temporary = temporary_name(target)?;
        // A process id comes back some day: what a crashed run left under it is of no use to anybody.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = File::options().write(true).create_new(true).mode(mode).open(&temporary)?;
        let staged = Self { temporary, target: target.to_owned(), persisted: false };
        // The umask may have taken bits away that the mode grants.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        give_to_owner_of_folder(&file, target)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Moves the file to its target and syncs the folder, so that a crash afterwards cannot undo it.
    pub(crate) fn persist(mut self, existing: Existing) -> io::Result<()> {
        match existing {
            Existing::Replace => {
                fs::rename(&self.temporary, &self.target)?;
                sync_folder(&self.target)?;
            }
            Existing::Refuse => rename_new(&self.temporary, &self.target)?,
        }
        self.persisted = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.persisted {
            // Best effort: what remains is a file that its owner alone can read and the next run removes.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// A name beside `target` that no other process uses.
pub(crate) fn temporary_name(target: &Path) -> io::Result<PathBuf> {
    let name = target
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.new", std::process::id()));
    Ok(target.with_file_name(temporary))
}

/// Moves `from` to `to`, which must not exist, so that a crash afterwards cannot undo it.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    sync_folder(to)
}

/// Gives the open file at `path` the owner and the group of its folder, where this process may and they differ: what
/// root sets up in the folders of the daemon's own user is for that user to read.
pub(crate) fn give_to_owner_of_folder(file: &File, path: &Path) -> io::Result<()> {
    let (own, folder) = (file.metadata()?, fs::metadata(folder_of(path))?);
    if !rustix::process::geteuid().is_root() || (own.uid(), own.gid()) == (folder.uid(), folder.gid()) {
        return Ok(());
    }
    match fchown(file, Some(folder.uid()), Some(folder.gid())) {
        // Root of a user namespace that does not know the folder's owner: the file stays with those who can read it.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::PermissionDenied) =>
        {
            Ok(())
        }
        given => given,
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder that holds `path`; the current one for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}
