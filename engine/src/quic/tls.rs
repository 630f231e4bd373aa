//! TLS as tandem uses it: 1.3 only, self-signed certificates on both sides, trust by pin.

use std::sync::Arc;

use noq_proto::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, OtherError,
    SignatureScheme,
};

use super::aead;
use crate::identity::{Identity, Pin};

/// The gateway showed another key than the one that the client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the gateway's key is {shown}, not the pinned {expected}")]
pub struct PinMismatch {
    /// The pin that the client holds.
    pub expected: Pin,
    /// The pin of the key that was shown.
    pub shown: Pin,
}

fn provider(has_aes: bool) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    aead::sort(&mut provider.cipher_suites, has_aes);
    Arc::new(provider)
}

/// The pin of the key in a certificate.
pub(crate) fn certificate_pin(certificate: &CertificateDer<'_>) -> Result<Pin, TlsError> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    Ok(Pin::of_spki(&parsed.subject_public_key_info()))
}

/// TLS for a client that trusts the holder of `gateway`'s key alone, and shows `identity`.
pub(crate) fn client(identity: &Identity, gateway: Pin) -> Result<QuicClientConfig, TlsError> {
    let config = client_config(identity, gateway, aead::has_aes())?;
    QuicClientConfig::try_from(config).map_err(|error| TlsError::General(error.to_string()))
}

/// The same for a processor with or without instructions for AES.
pub(super) fn client_config(
    identity: &Identity,
    gateway: Pin,
    has_aes: bool,
) -> Result<rustls::ClientConfig, TlsError> {
    let provider = provider(has_aes);
    let verifier = Arc::new(PinVerifier { pin: gateway, provider: provider.clone() });
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(vec![identity.certificate()], identity.private_key())?;
    config.alpn_protocols = vec![b"h3".to_vec()];
    // A resumed session shows no certificate, so that the gateway could not tell who comes back.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// TLS for a gateway: a client may show a certificate or not; what it may do is decided per request.
pub(crate) fn server(identity: &Identity) -> Result<QuicServerConfig, TlsError> {
    let config = server_config(identity, aead::has_aes())?;
    QuicServerConfig::try_from(config).map_err(|error| TlsError::General(error.to_string()))
}

/// The same for a processor with or without instructions for AES.
pub(super) fn server_config(identity: &Identity, has_aes: bool) -> Result<rustls::ServerConfig, TlsError> {
    let provider = provider(has_aes);
    let verifier = Arc::new(AnyKeyVerifier { provider: provider.clone() });
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![identity.certificate()], identity.private_key())?;
    config.alpn_protocols = vec![b"h3".to_vec()];
    config.send_tls13_tickets = 0;
    // The client knows best what it can do, unless this end is the one that lacks something.
    config.ignore_client_order = !has_aes;
    Ok(config)
}

#[derive(Debug)]
struct PinVerifier {
    pin: Pin,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let shown = certificate_pin(end_entity)?;
        if shown == self.pin {
            return Ok(ServerCertVerified::assertion());
        }
        let mismatch = PinMismatch { expected: self.pin, shown };
        Err(CertificateError::Other(OtherError(Arc::new(mismatch))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Accepts every key whose holder proves to have it: the signature is checked, who it is comes later.
#[derive(Debug)]
struct AnyKeyVerifier {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyKeyVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        certificate_pin(end_entity).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
