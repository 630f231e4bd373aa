//! The journal of everything that was changed on the host, written before it is done.
//!
//! One line of JSON per record, appended and synced: first the identity of the kernel and network
//! namespace, then changes, then the numbers of those undone. A daemon that was killed leaves its
//! journal behind, and the next start undoes what it names. Records of another boot or namespace
//! concern nothing that still exists and are dropped.

mod undo;

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    routes::{Route, Rule},
    sysctl::Setting,
};

use crate::keys::file::give_to_owner_of_folder;

pub use undo::UndoError;

const FILE: &str = "journal";

/// Numbers count up from 0 and begin anew whenever nothing is left to undo: one beyond this was never written.
const MAX_NUMBER: u64 = 1 << 48;

/// Something done to the host that outlives the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// A sysctl was set; undone only if it still has the value that was set.
    Sysctl {
        /// What is set, and what it was before.
        setting: Setting,
        /// The value that it is set to.
        after: String,
    },
    /// A sysctl that the kernel resets when another one is undone, and that must be kept.
    SysctlKept(Setting),
    /// A policy routing rule.
    Rule(Rule),
    /// A route in the tunnel's own table.
    Route(Route),
    /// An nftables table of family `inet`.
    Firewall {
        /// The table's name.
        table: String,
    },
}

/// The journal cannot be kept, so that nothing may be changed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Two daemons would undo each other's changes.
    #[error("{path} is in use by another tandemd: give each daemon a `state` directory of its own")]
    InUse {
        /// The journal's path.
        path: PathBuf,
    },
    /// Disk full, no permission, no such directory.
    #[error("cannot write the journal {path}: {source}; nothing was changed on the host")]
    Io {
        /// The journal's path.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Record {
    Origin {
        boot: String,
        namespace: String,
    },
    Done {
        number: u64,
        #[serde(flatten)]
        change: Change,
    },
    Undone {
        undone: u64,
    },
}

/// An open journal, locked against other processes.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    next_number: u64,
    /// What is to be undone, in the order in which it was done.
    live: Vec<(u64, Change)>,
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Closing is not enough: a program that is being started meanwhile has the file open until it begins.
        let _ = self.file.unlock();
    }
}

impl Journal {
    /// Opens the journal of the state directory `state`, made where there is none.
    ///
    /// # Errors
    /// [`JournalError`] where another process has it or it cannot be read and written.
    pub fn open(state: &Path) -> Result<Self, JournalError> {
        let path = state.join(FILE);
        let failed = |source| JournalError::Io { path: path.clone(), source };
        let options = OpenOptions::new().read(true).append(true).create(true).mode(0o600).clone();
        let mut file = options.open(&path).map_err(failed)?;
        give_to_owner_of_folder(&file, &path).map_err(failed)?;
        if let Err(error) = file.try_lock() {
            return Err(match error {
                std::fs::TryLockError::WouldBlock => JournalError::InUse { path },
                std::fs::TryLockError::Error(source) => failed(source),
            });
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let mut journal = Self { file, path, next_number: 0, live: Vec::new() };
        journal.replay(&bytes)?;
        Ok(journal)
    }

    /// What would be undone, in the order in which it was done.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.live.iter().map(|(_, change)| change)
    }

    /// Records changes that are about to be made. They are on the disk when this returns.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the changes must then not be made.
    pub fn record(&mut self, changes: &[Change]) -> Result<(), JournalError> {
        if changes.is_empty() {
            return Ok(());
        }
        let numbered: Vec<(u64, Change)> = (self.next_number..).zip(changes.iter().cloned()).collect();
        let mut records = Vec::new();
        if self.live.is_empty() {
            records.push(origin().map_err(|source| self.error(source))?);
        }
        let done =
            |(number, change): &(u64, Change)| Record::Done { number: *number, change: change.clone() };
        records.extend(numbered.iter().map(done));
        self.append(&records)?;
        self.next_number += numbered.len() as u64;
        self.live.extend(numbered);
        Ok(())
    }

    /// Marks one change as undone. The last one empties the journal.
    fn forget(&mut self, number: u64) {
        self.live.retain(|(live, _)| *live != number);
        let noted = if self.live.is_empty() {
            self.clear()
        } else {
            self.append(&[Record::Undone { undone: number }])
        };
        // On a full disk it is undone once more at the next start, which does no harm.
        if let Err(error) = noted {
            tracing::debug!(%error, "cannot note what was undone");
        }
    }

    fn clear(&mut self) -> Result<(), JournalError> {
        self.file.set_len(0).and_then(|()| self.file.sync_data()).map_err(|source| self.error(source))
    }

    fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let length = self.file.metadata().map_err(|source| self.error(source))?.len();
        let written = self.write_synced(records);
        written.map_err(|source| {
            // Half a line would hide the records that follow it.
            if let Err(error) = self.file.set_len(length) {
                tracing::debug!(%error, "cannot shorten the journal after a failed write");
            }
            self.error(source)
        })
    }

    fn write_synced(&mut self, records: &[Record]) -> io::Result<()> {
        let mut lines = Vec::new();
        for record in records {
            serde_json::to_writer(&mut lines, record)?;
            lines.push(b'\n');
        }
        self.file.write_all(&lines)?;
        self.file.sync_data()
    }

    fn replay(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let mut whole = 0;
        let mut foreign = false;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line that was cut short by a crash was never acted upon. It may lack no more than its end.
            let Some(line) = line.strip_suffix(b"\n") else { break };
            let Ok(record) = serde_json::from_slice::<Record>(line) else { break };
            match record {
                Record::Origin { boot, namespace } => foreign = !is_here(&boot, &namespace),
                Record::Done { number, .. } if number > MAX_NUMBER => break,
                Record::Done { number, change } => {
                    self.next_number = number + 1;
                    self.live.push((number, change));
                }
                Record::Undone { undone } => self.live.retain(|(number, _)| *number != undone),
            }
            whole += line.len() as u64 + 1;
        }
        if foreign {
            tracing::debug!("the journal is of another boot or network namespace");
            self.live.clear();
        }
        if self.live.is_empty() {
            return if bytes.is_empty() { Ok(()) } else { self.clear() };
        }
        let truncated = self.file.set_len(whole).and_then(|()| self.file.seek(io::SeekFrom::End(0)));
        truncated.map(drop).map_err(|source| self.error(source))
    }

    fn error(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), source }
    }
}

fn origin() -> io::Result<Record> {
    Ok(Record::Origin { boot: boot()?, namespace: namespace()? })
}

fn is_here(boot_then: &str, namespace_then: &str) -> bool {
    // Where the kernel does not tell, undoing once too often is the lesser harm.
    boot().map_or(true, |now| now == boot_then) && namespace().map_or(true, |now| now == namespace_then)
}

fn boot() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

fn namespace() -> io::Result<String> {
    Ok(std::fs::read_link("/proc/thread-self/ns/net")?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
