//! The node's identity on disk: one Ed25519 key pair, stored as PKCS #8 PEM readable by its owner alone.
//!
//! Everything that touches the secret half goes through this module, so that the rules live in one place: a
//! key file is written whole or not at all, with mode 0600, and a file that others may read is refused rather
//! than quietly used.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData};
use zeroize::Zeroizing;

pub(crate) mod file;
#[cfg(test)]
mod tests;

pub use tandem_engine::identity::{Pin, PinError};

/// Name of the key file inside the state folder.
pub const KEY_FILE: &str = "key.pem";

/// No PEM of an Ed25519 key is longer; what is longer was never written by us.
const MAX_KEY_FILE: u64 = 4096;

/// Why a key could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is not there.
    #[error("{}: there is no key; `tandem join` or `tandem gateway init` makes one", .0.display())]
    Missing(PathBuf),
    /// Other users may read or write the file.
    #[error("{}: mode {mode:04o} lets other users read the key; run `chmod 600 {}`", path.display(), path.display())]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds no usable key.
    #[error("{}: not an Ed25519 private key in PKCS #8 PEM form", .0.display())]
    Malformed(PathBuf),
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The random generator or the key's encoder failed.
    #[error("cannot generate a key: {0}")]
    Generate(rcgen::Error),
}

/// An Ed25519 key pair and the pin that names it.
pub struct NodeKey {
    pkcs8: Zeroizing<Vec<u8>>,
    pin: Pin,
}

impl NodeKey {
    /// Makes a new key from the system's random generator.
    ///
    /// # Errors
    /// [`KeyError::Generate`] when the generator fails.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = KeyPair::generate_for(&PKCS_ED25519).map_err(KeyError::Generate)?;
        Ok(Self::from_pair(&pair))
    }

    /// Reads the key at `path`.
    ///
    /// # Errors
    /// [`KeyError`] when the file is missing, readable by others, or not an Ed25519 key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let io_error = |source: io::Error| {
            if source.kind() == io::ErrorKind::NotFound {
                KeyError::Missing(path.to_owned())
            } else {
                KeyError::Io { path: path.to_owned(), source }
            }
        };
        // Mode and content are taken from one open file, so that nobody can swap the file between the two
        // looks. Opening a FIFO would block without O_NONBLOCK.
        let file = File::options()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(io_error)?;
        let metadata = file.metadata().map_err(io_error)?;
        if !metadata.is_file() {
            return Err(KeyError::Malformed(path.to_owned()));
        }
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
        let mut pem = Zeroizing::new(String::with_capacity(MAX_KEY_FILE as usize));
        match file.take(MAX_KEY_FILE).read_to_string(&mut pem) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(KeyError::Malformed(path.to_owned()));
            }
            Err(error) => return Err(io_error(error)),
        }
        let pair = KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &PKCS_ED25519)
            .map_err(|_| KeyError::Malformed(path.to_owned()))?;
        Ok(Self::from_pair(&pair))
    }

    /// Writes the key to `path` with mode 0600, whole or not at all, and never over an existing file.
    ///
    /// # Errors
    /// [`KeyError::Io`], with kind `AlreadyExists` when something is at `path`.
    pub fn save_new(&self, path: &Path) -> Result<(), KeyError> {
        let io_error = |source| KeyError::Io { path: path.to_owned(), source };
        self.stage(path)?.persist(file::Existing::Refuse).map_err(io_error)
    }

    /// Writes the key beside `path`, to be renamed into place later.
    pub(crate) fn stage(&self, path: &Path) -> Result<file::Staged, KeyError> {
        let pem = self.to_pem()?;
        file::Staged::write(path, pem.as_bytes(), 0o600)
            .map_err(|source| KeyError::Io { path: path.to_owned(), source })
    }

    /// The pin under which the other side knows this node.
    #[must_use]
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The private key as PKCS #8 DER (RFC 5958), as TLS takes it.
    #[must_use]
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key pair as rcgen takes it to sign the node's certificate.
    ///
    /// # Errors
    /// [`KeyError::Generate`] when the encoding is refused, which no key of this type is.
    pub fn key_pair(&self) -> Result<KeyPair, KeyError> {
        KeyPair::from_pkcs8_der_and_sign_algo(&self.pkcs8.as_slice().into(), &PKCS_ED25519)
            .map_err(KeyError::Generate)
    }

    fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        Ok(Zeroizing::new(self.key_pair()?.serialize_pem()))
    }

    fn from_pair(pair: &KeyPair) -> Self {
        Self {
            pkcs8: Zeroizing::new(pair.serialize_der()),
            pin: Pin::of_spki(&pair.subject_public_key_info()),
        }
    }
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeKey").field("pin", &self.pin).finish_non_exhaustive()
    }
}
