//! What can go wrong with the store, and what the gateway answers then.

use std::io;
use std::path::PathBuf;

use crate::token::Refusal;

/// Why the store cannot be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the file open.
    #[error("{}: in use by another tandemd; stop it, or give this one another state folder", .0.display())]
    Locked(PathBuf),
    /// The content is not what was written.
    #[error("{}: the file is damaged ({detail}); move it away, then invite the clients anew", path.display())]
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A later version wrote the file.
    #[error("{}: written by a newer tandemd (format {format}); install that version", path.display())]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// The format found.
        format: u64,
    },
    /// The disk, or the user's share of it, is full.
    #[error("{}: no space left on the disk; free some and try again", .0.display())]
    DiskFull(PathBuf),
    /// The file or its folder may not be written.
    #[error("{}: cannot be written: {source}", path.display())]
    NotWritable {
        /// The store's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("{}: {source}", path.display())]
    Io {
        /// The store's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database refused in a way that no caller can act on.
    #[error("{}: {detail}", path.display())]
    Database {
        /// The store's file.
        path: PathBuf,
        /// What the database said.
        detail: String,
    },
}

/// Why there is no invitation, or no bearer peer.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// The name cannot be used.
    #[error(
        "{0:?} is not a peer's name; write 1 to 63 letters, digits, '-', '_' or '.', not beginning with '-' or '.'"
    )]
    BadName(String),
    /// A peer has the name.
    #[error("there is a peer called {0:?}; choose another name, or remove it with `tandem peer remove {0}`")]
    NameTaken(String),
    /// The lifetime ends beyond what the clock can say.
    #[error("the invitation's lifetime is too long")]
    Lifetime,
    /// Every address is leased.
    #[error("no address is left in the pool; remove a peer, or make the pool larger")]
    PoolExhausted,
    /// No random numbers.
    #[error("the system's random generator failed")]
    Random,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an enrolment is refused.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// No invitation has this secret.
    #[error("the gateway does not know this invitation; it may have been withdrawn")]
    Unknown,
    /// The invitation was used.
    #[error("this invitation has been used; each is good for one client")]
    Used,
    /// The invitation's time is over.
    #[error("this invitation has expired")]
    Expired,
    /// Every address is leased.
    #[error("the gateway has no address left for another client")]
    PoolExhausted,
    /// A peer of that name came into being after the invitation.
    #[error("the gateway already has a client called {0:?}")]
    NameTaken(String),
    /// The key already names a peer.
    #[error("this key is already enrolled, as {0:?}")]
    KeyTaken(String),
    /// The gateway's store failed.
    #[error("the gateway cannot store the enrolment")]
    Store(#[from] StoreError),
}

impl EnrollError {
    /// Stable label for machines.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Unknown => "token-unknown",
            Self::Used => "token-used",
            Self::Expired => "token-expired",
            Self::PoolExhausted => "pool-exhausted",
            Self::NameTaken(_) => "name-taken",
            Self::KeyTaken(_) => "key-taken",
            Self::Store(_) => "store-failed",
        }
    }

    /// The body of the gateway's answer. It says nothing of the gateway's files.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal { kind: self.label().to_owned(), message: self.to_string() }
    }

    /// The HTTP status of the answer (RFC 9110, section 15).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unknown | Self::Used | Self::Expired => 403,
            Self::NameTaken(_) | Self::KeyTaken(_) => 409,
            Self::PoolExhausted | Self::Store(_) => 503,
        }
    }
}
