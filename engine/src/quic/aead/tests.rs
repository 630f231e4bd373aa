use std::sync::Arc;

use rustls::CipherSuite::{self, TLS13_AES_128_GCM_SHA256, TLS13_CHACHA20_POLY1305_SHA256};
use rustls::pki_types::ServerName;
use rustls::quic::{ClientConnection, ServerConnection, Version};

use crate::identity::Identity;
use crate::quic::tls;

/// What a client and a gateway agree on, each with or without instructions for AES.
fn agreed(client_has_aes: bool, gateway_has_aes: bool) -> CipherSuite {
    let (client, gateway) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let server_config = Arc::new(tls::server_config(&gateway, gateway_has_aes).unwrap());
    let client_config = Arc::new(tls::client_config(&client, gateway.pin(), client_has_aes).unwrap());
    let name = ServerName::try_from("gateway.example").unwrap();
    let mut client = ClientConnection::new(client_config, Version::V1, name, Vec::new()).unwrap();
    let mut server = ServerConnection::new(server_config, Version::V1, Vec::new()).unwrap();
    for _ in 0..8 {
        // What is said under different keys is written by different calls, and read by as many.
        for _ in 0..4 {
            let mut said = Vec::new();
            drop(client.write_hs(&mut said));
            server.read_hs(&said).unwrap();
        }
        for _ in 0..4 {
            let mut said = Vec::new();
            drop(server.write_hs(&mut said));
            client.read_hs(&said).unwrap();
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    server.negotiated_cipher_suite().unwrap().suite()
}

#[test]
fn aes_protects_packets_where_both_processors_have_instructions_for_it() {
    assert_eq!(agreed(true, true), TLS13_AES_128_GCM_SHA256);
}

#[test]
fn a_client_without_instructions_for_aes_gets_chacha20() {
    assert_eq!(agreed(false, true), TLS13_CHACHA20_POLY1305_SHA256);
}

#[test]
fn a_gateway_without_instructions_for_aes_gets_chacha20() {
    assert_eq!(agreed(true, false), TLS13_CHACHA20_POLY1305_SHA256);
    assert_eq!(agreed(false, false), TLS13_CHACHA20_POLY1305_SHA256);
}
