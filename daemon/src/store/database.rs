//! The redb file: opening, reading whole, and changing in durable transactions.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, ReadableDatabase, ReadableTable, TableDefinition};

use super::error::StoreError;
use super::record::{self, Invitation, Peer};
use crate::keys::file;
use crate::token::SecretHash;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const PEERS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("peers");
const INVITATIONS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("invitations");

const FORMAT: u64 = 1;
/// The index answers all reads, so the database needs no cache worth the name.
const CACHE_BYTES: usize = 256 * 1024;

/// Opens the file as a database; a test's may put a failing disk under it.
type Open = fn(&Path, &Builder) -> Result<redb::Database, redb::Error>;

/// Everything that a store holds.
pub(super) struct Contents {
    pub(super) peers: Vec<Peer>,
    pub(super) invitations: Vec<(SecretHash, Invitation)>,
}

/// One change within a transaction.
pub(super) enum Write<'a> {
    PutPeer(&'a Peer),
    DeletePeer(&'a str),
    PutInvitation(&'a SecretHash, &'a Invitation),
    DeleteInvitation(&'a SecretHash),
}

pub(super) struct Database {
    path: PathBuf,
    open: Open,
    /// Absent after a failed write: what the file holds then is known only by opening it again.
    redb: Option<redb::Database>,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, open_file)
    }

    pub(super) fn open_with(path: &Path, open: Open) -> Result<Self, StoreError> {
        let mut database = Self { path: path.to_owned(), open, redb: None };
        database.reopen()?;
        Ok(database)
    }

    /// Whether a write failed since the file was opened.
    pub(super) fn is_closed(&self) -> bool {
        self.redb.is_none()
    }

    /// Reads everything, opening the file again if a write had failed.
    pub(super) fn load(&mut self) -> Result<Contents, StoreError> {
        if self.redb.is_none() {
            self.reopen()?;
        }
        let contents = self.redb.as_ref().map(read_all).transpose();
        let contents = contents.map_err(|error| self.explain(error))?;
        match contents {
            Some(Some(contents)) => Ok(contents),
            Some(None) | None => Err(self.corrupt("a record makes no sense")),
        }
    }

    /// Makes all of `writes` durable, or none.
    pub(super) fn apply(&mut self, writes: &[Write<'_>]) -> Result<(), StoreError> {
        let Some(redb) = self.redb.take() else {
            return Err(StoreError::Database { path: self.path.clone(), detail: "not open".to_owned() });
        };
        write_all(&redb, writes).map_err(|error| self.explain(error))?;
        self.redb = Some(redb);
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), StoreError> {
        if !self.path.try_exists().map_err(|error| self.explain_io(error))? {
            self.create().map_err(|error| self.explain(error))?;
        }
        let (redb, format) = self.open_at(&self.path).map_err(|error| self.explain(error))?;
        if format != FORMAT {
            return Err(StoreError::Newer { path: self.path.clone(), format });
        }
        self.redb = Some(redb);
        Ok(())
    }

    /// Makes an empty store beside its place and moves it there, since a store that a crash or a full disk
    /// left half made could not be told from a damaged one.
    fn create(&self) -> Result<(), redb::Error> {
        let temporary = file::temporary_name(&self.path)?;
        let made = self.open_at(&temporary).and_then(|(redb, _)| Ok(redb.close()?));
        let moved = made.and_then(|()| match file::rename_new(&temporary, &self.path) {
            // Another daemon was faster; opening its file tells whether it still runs.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => Ok(other?),
        });
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => moved.and(Err(error.into())),
            Ok(()) | Err(_) => moved,
        }
    }

    fn open_at(&self, path: &Path) -> Result<(redb::Database, u64), redb::Error> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        // The file is small, and a plain open trusts what it reads.
        builder.set_check_integrity_on_open(true);
        let redb = (self.open)(path, &builder)?;
        let format = prepare(&redb)?;
        Ok((redb, format))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are told as the database tells them")]
    fn explain(&self, error: redb::Error) -> StoreError {
        let path = self.path.clone();
        match error {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::Locked(path),
            redb::Error::Corrupted(detail) => self.corrupt(&detail),
            redb::Error::Io(error) => self.explain_io(error),
            redb::Error::UpgradeRequired(format) => StoreError::Newer { path, format: format.into() },
            other @ (redb::Error::TableTypeMismatch { .. } | redb::Error::TypeDefinitionChanged { .. }) => {
                self.corrupt(&other.to_string())
            }
            other => StoreError::Database { path, detail: other.to_string() },
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other kinds are told as the system tells them")]
    fn explain_io(&self, source: io::Error) -> StoreError {
        let path = self.path.clone();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull(path),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::NotWritable { path, source }
            }
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => self.corrupt(&source.to_string()),
            _ => StoreError::Io { path, source },
        }
    }

    fn corrupt(&self, detail: &str) -> StoreError {
        StoreError::Corrupt { path: self.path.clone(), detail: detail.to_owned() }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Opens or creates the file, readable by its owner alone.
fn open_file(path: &Path, builder: &Builder) -> Result<redb::Database, redb::Error> {
    Ok(builder.create_with_backend(FileBackend::new(create_private(path)?)?)?)
}

pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file::give_to_owner_of_folder(&file, path)?;
    Ok(file)
}

/// Makes the tables where they are missing; returns the file's format.
fn prepare(redb: &redb::Database) -> Result<u64, redb::Error> {
    let transaction = redb.begin_write()?;
    let format = {
        let mut meta = transaction.open_table(META)?;
        let found = meta.get("format")?.map(|value| value.value());
        if found.is_none() {
            meta.insert("format", FORMAT)?;
        }
        found.unwrap_or(FORMAT)
    };
    if format == FORMAT {
        transaction.open_table(PEERS)?;
        transaction.open_table(INVITATIONS)?;
        transaction.commit()?;
    }
    Ok(format)
}

/// `None` when a record makes no sense.
fn read_all(redb: &redb::Database) -> Result<Option<Contents>, redb::Error> {
    let transaction = redb.begin_read()?;
    let mut contents = Contents { peers: Vec::new(), invitations: Vec::new() };
    for entry in transaction.open_table(PEERS)?.iter()? {
        let (name, bytes) = entry?;
        let Some(peer) = record::decode_peer(name.value(), bytes.value()) else { return Ok(None) };
        contents.peers.push(peer);
    }
    for entry in transaction.open_table(INVITATIONS)?.iter()? {
        let (hash, bytes) = entry?;
        let Some(invitation) = record::decode_invitation(bytes.value()) else { return Ok(None) };
        contents.invitations.push((SecretHash::from_bytes(*hash.value()), invitation));
    }
    Ok(Some(contents))
}

fn write_all(redb: &redb::Database, writes: &[Write<'_>]) -> Result<(), redb::Error> {
    let encoding = |error: serde_json::Error| redb::Error::Io(io::Error::other(error));
    let transaction = redb.begin_write()?;
    {
        let mut peers = transaction.open_table(PEERS)?;
        let mut invitations = transaction.open_table(INVITATIONS)?;
        for write in writes {
            match write {
                Write::PutPeer(peer) => {
                    let bytes = record::encode_peer(peer).map_err(encoding)?;
                    peers.insert(peer.name.as_str(), bytes.as_slice())?;
                }
                Write::DeletePeer(name) => drop(peers.remove(*name)?),
                Write::PutInvitation(hash, invitation) => {
                    let bytes = record::encode_invitation(invitation).map_err(encoding)?;
                    invitations.insert(hash.as_bytes(), bytes.as_slice())?;
                }
                Write::DeleteInvitation(hash) => drop(invitations.remove(hash.as_bytes())?),
            }
        }
    }
    // The default durability syncs the file before this returns.
    transaction.commit()?;
    Ok(())
}
