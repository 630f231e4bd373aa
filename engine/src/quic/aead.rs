//! Which AEAD protects packets: the one that the slower of both processors computes fastest.
//!
//! AES-GCM where the processor has instructions for it; without, ChaCha20-Poly1305 is several times as fast (RFC 8439), and
//! takes as long whatever the key.

use rustls::{CipherSuite, SupportedCipherSuite};

/// Whether this processor has instructions for AES and for the multiplication of GCM.
pub(super) fn has_aes() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
    }
    #[cfg(target_arch = "aarch64")]
    {
        std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull")
    }
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    {
        false
    }
}

/// Sorts by preference. Of the two variants of AES that with the shorter key, which is faster and no weaker in practice.
pub(super) fn sort(suites: &mut [SupportedCipherSuite], has_aes: bool) {
    suites.sort_by_key(|suite| {
        let is = |other| suite.suite() == other;
        if is(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256) {
            if has_aes { 3 } else { 0 }
        } else if is(CipherSuite::TLS13_AES_128_GCM_SHA256) {
            1
        } else {
            2
        }
    });
}

#[cfg(test)]
mod tests;
