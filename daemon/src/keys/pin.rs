//! The pin: what one node knows of another's key.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

const PREFIX: &str = "sha256:";

/// SHA-256 of a key's SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), written `sha256:` and base64url
/// without padding.
#[derive(Clone, Copy)]
pub struct Pin([u8; 32]);

/// A text that is not a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a pin; a pin is \"sha256:\" and 43 letters, digits, '-' or '_', as `tandem key show` prints it")]
pub struct PinError;

impl Pin {
    /// The pin of the key whose SubjectPublicKeyInfo is `spki`, in DER.
    #[must_use]
    pub fn of_spki(spki: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, spki).as_ref());
        Self(bytes)
    }

    /// The pin with the digest `bytes`.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest itself.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Pin {
    /// Compares in constant time.
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Pin {}

impl std::hash::Hash for Pin {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(PinError)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| PinError)?;
        bytes.try_into().map(Self).map_err(|_| PinError)
    }
}
