//! The gateway's memory: peers, their leases, and open invitations.
//!
//! A redb file holds the truth; an index in memory answers every question, so that looking up a peer does no
//! I/O and may be done from the data path. Changes go the other way: checked against the index, committed and
//! synced to the file, and only then visible in the index and reported as done. One mutex orders them, so of
//! two enrolments with one invitation the second finds it used.
//!
//! Secrets are kept as hashes only: who reads the file learns neither an invitation nor a client's key.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

mod database;
#[cfg(feature = "fuzzing")]
pub mod doors;
mod enroll;
mod error;
mod index;
mod lease;
mod record;
#[cfg(test)]
mod tests;

pub use error::{EnrollError, InviteError, StoreError};
pub use lease::Pools;
pub use record::{Credential, Invitation, MAX_NAME, Peer};

use database::{Database, Write};
use index::Index;

use crate::keys::Pin;
use crate::token::Secret;

/// Name of the store's file inside the state folder.
pub const STORE_FILE: &str = "peers.redb";

/// For so long an invitation is remembered after its end, so that its holder is told what became of it.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

/// The store. Clones share one file and one index.
#[derive(Debug, Clone)]
pub struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Mutex<Database>,
    index: RwLock<Index>,
}

/// What [`Store::remove_peer`] found under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A peer; its leases are free again.
    Peer(Peer),
    /// An invitation that nobody had used.
    Invitation,
    /// Nothing of that name.
    Nothing,
}

impl Store {
    /// Opens the store at `path`, or makes an empty one with mode 0600. Peers whose leases lie outside
    /// `pools`, because the configuration changed, get new ones.
    ///
    /// # Errors
    /// [`StoreError`] when the file is locked, corrupt or not writable, or the disk is full.
    pub fn open(path: &Path, pools: Pools) -> Result<Self, StoreError> {
        Self::with_database(Database::open(path)?, pools)
    }

    fn with_database(mut database: Database, pools: Pools) -> Result<Self, StoreError> {
        let mut index = Index::new(pools, database.load()?);
        let moved = index.renew_leases();
        if !moved.is_empty() {
            tracing::info!(peers = moved.len(), "the address pools changed; peers got new leases");
            let writes: Vec<_> = moved.iter().map(Write::PutPeer).collect();
            database.apply(&writes)?;
        }
        Ok(Self(Arc::new(Shared { database: Mutex::new(database), index: RwLock::new(index) })))
    }

    /// The peer with the key that `pin` names. No I/O.
    #[must_use]
    pub fn peer_by_pin(&self, pin: &Pin) -> Option<Peer> {
        self.read().peer_by_pin(pin).cloned()
    }

    /// The foreign client with this long-lived secret. No I/O.
    #[must_use]
    pub fn peer_by_bearer(&self, secret: &Secret) -> Option<Peer> {
        self.read().peer_by_bearer(&secret.hash()).cloned()
    }

    /// The peer called `name`. No I/O.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<Peer> {
        self.read().peer(name).cloned()
    }

    /// All peers, by name. No I/O.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        self.read().peers().cloned().collect()
    }

    /// The invitations that can still be used at `now`, by name. No I/O.
    #[must_use]
    pub fn invitations(&self, now: SystemTime) -> Vec<Invitation> {
        let mut open: Vec<_> = self.read().invitations().filter(|i| i.is_open(now)).cloned().collect();
        open.sort_by(|a, b| a.name.cmp(&b.name));
        open
    }

    /// Notes that the peer `name` was heard from. In memory only, until [`save_seen`](Self::save_seen).
    pub fn mark_seen(&self, name: &str, now: SystemTime) {
        self.write().mark_seen(name, now);
    }

    /// Writes what [`mark_seen`](Self::mark_seen) noted, in one transaction; does nothing when there is
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError`]; what was noted stays noted for the next time.
    pub fn save_seen(&self) -> Result<(), StoreError> {
        let mut database = self.database()?;
        let seen = self.read().unsaved();
        if seen.is_empty() {
            return Ok(());
        }
        let writes: Vec<_> = seen.iter().map(Write::PutPeer).collect();
        database.apply(&writes)?;
        self.write().mark_saved(&seen);
        Ok(())
    }

    /// Removes the peer called `name` and frees its leases, or withdraws an unused invitation of that name.
    ///
    /// # Errors
    /// [`StoreError`] when the change cannot be written; nothing is removed then.
    pub fn remove_peer(&self, name: &str) -> Result<Removed, StoreError> {
        let mut database = self.database()?;
        let peer = self.read().peer(name).cloned();
        if let Some(peer) = peer {
            database.apply(&[Write::DeletePeer(name)])?;
            self.write().remove_peer(name);
            return Ok(Removed::Peer(peer));
        }
        let unused = self.read().unused_invitations(name);
        if unused.is_empty() {
            return Ok(Removed::Nothing);
        }
        let writes: Vec<_> = unused.iter().map(Write::DeleteInvitation).collect();
        database.apply(&writes)?;
        self.write().remove_invitations(&unused);
        Ok(Removed::Invitation)
    }

    /// The right to change: one holder at a time. After a failed write the file is opened and read again,
    /// since only the file knows whether that write took place.
    fn database(&self) -> Result<MutexGuard<'_, Database>, StoreError> {
        let mut database = self.0.database.lock().unwrap_or_else(PoisonError::into_inner);
        if database.is_closed() {
            let contents = database.load()?;
            self.write().replace(contents);
        }
        Ok(database)
    }

    // A panic under the locks leaves the index as it was before or after a whole change: it is changed by
    // single calls.
    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.0.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}
