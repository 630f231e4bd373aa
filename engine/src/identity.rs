//! Who a node is: an Ed25519 key pair, and the pin by which others know it.
//!
//! There is no certificate authority. A node shows a self-signed certificate, and its peer compares the
//! SHA-256 of the certificate's SubjectPublicKeyInfo with the pin that it learned out of band.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use aws_lc_rs::{constant_time, digest, hkdf};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ED25519, PublicKeyData};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The name in every node's certificate, and the name that clients ask for in TLS. It identifies nobody.
pub(crate) const SERVER_NAME: &str = "tandem.invalid";

/// SHA-256 of a public key's SubjectPublicKeyInfo (RFC 7469 §2.4 calls the same thing a pin).
#[derive(Clone, Copy)]
pub struct Pin([u8; 32]);

impl Pin {
    /// A pin from the digest itself.
    pub const fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The pin of a DER-encoded SubjectPublicKeyInfo.
    pub fn of_spki(spki: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, spki).as_ref());
        Self(bytes)
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Pin {}

impl Hash for Pin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a pin is \"sha256:\" and 43 characters of base64url, as `tandem key show` prints it")]
pub struct PinError;

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let digits = text.strip_prefix("sha256:").ok_or(PinError)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(digits).map_err(|_| PinError)?;
        bytes.try_into().map(Self).map_err(|_| PinError)
    }
}

/// Why a key could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The bytes are not an Ed25519 private key in PKCS#8.
    #[error("not an Ed25519 private key in PKCS#8: {0}")]
    Key(rcgen::Error),
    /// The certificate could not be signed.
    #[error("the node's certificate could not be made: {0}")]
    Certificate(rcgen::Error),
}

/// A node's key pair with the certificate that shows it.
pub struct Identity {
    key: KeyPair,
    certificate: CertificateDer<'static>,
    pin: Pin,
}

impl Identity {
    /// A new key pair.
    pub fn generate() -> Result<Self, IdentityError> {
        Self::from_key(KeyPair::generate_for(&PKCS_ED25519).map_err(IdentityError::Key)?)
    }

    /// The identity of a private key in PKCS#8 DER.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, IdentityError> {
        let der = PrivatePkcs8KeyDer::from(der);
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ED25519).map_err(IdentityError::Key)?;
        Self::from_key(key)
    }

    fn from_key(key: KeyPair) -> Result<Self, IdentityError> {
        let mut params =
            CertificateParams::new(vec![SERVER_NAME.to_owned()]).map_err(IdentityError::Certificate)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "tandem");
        let certificate = params.self_signed(&key).map_err(IdentityError::Certificate)?;
        let pin = Pin::of_spki(&key.subject_public_key_info());
        Ok(Self { certificate: certificate.der().clone(), key, pin })
    }

    /// The private key in PKCS#8 DER, for the key file. Handle it as the secret that it is.
    pub fn to_pkcs8_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    /// The pin under which peers know this node.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()))
    }

    /// A secret for one `purpose`, derived from the private key, the same at every start.
    pub(crate) fn derived_secret(&self, purpose: &[u8]) -> [u8; 64] {
        struct Length;
        impl hkdf::KeyType for Length {
            fn len(&self) -> usize {
                64
            }
        }
        let mut secret = [0; 64];
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"tandem derived secret")
            .extract(&self.key.serialize_der())
            .expand(&[purpose], Length)
            .and_then(|okm| okm.fill(&mut secret))
            .expect("64 bytes are within what HKDF-SHA256 gives");
        secret
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("pin", &self.pin).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
