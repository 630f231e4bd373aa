//! Self-signed certificates for peers that authenticate with TLS. Each side trusts the other's and nothing else.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{CertificateParams, KeyPair};

use crate::world::{GATEWAY, World};

/// The files of one side.
pub(super) struct Certificate {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
    /// `sha256:` and the hexadecimal digest of the certificate.
    pub(super) fingerprint: String,
}

impl Certificate {
    /// Makes key and certificate, and writes them into the world's directory. The name is the gateway's address on both
    /// sides; only the gateway's is looked at.
    pub(super) fn make(world: &World, side: &str) -> Result<Self> {
        let key = KeyPair::generate().context("cannot make a key")?;
        let cert = CertificateParams::new(vec![GATEWAY.to_string()])
            .and_then(|params| params.self_signed(&key))
            .context("cannot make a certificate")?;
        let files = Self {
            cert: world.file(&format!("{side}-cert.pem")),
            key: world.file(&format!("{side}-key.pem")),
            fingerprint: fingerprint(cert.der()),
        };
        fs::write(&files.cert, cert.pem())
            .with_context(|| format!("cannot write {}", files.cert.display()))?;
        let key_file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&files.key);
        key_file
            .and_then(|mut file| std::io::Write::write_all(&mut file, key.serialize_pem().as_bytes()))
            .with_context(|| format!("cannot write {}", files.key.display()))?;
        Ok(files)
    }
}

fn fingerprint(der: &[u8]) -> String {
    digest(&SHA256, der).as_ref().iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
