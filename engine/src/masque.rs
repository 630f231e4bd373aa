//! IP packets over HTTP: the capsule protocol and HTTP datagrams (RFC 9297), and CONNECT-IP (RFC 9484).
//!
//! A tunnel is one extended CONNECT. Its stream carries capsules, that say which addresses the client has and where
//! the proxy can reach: [`capsule`] takes the stream apart, [`connect_ip`] says what the capsules mean. IP packets
//! ride in QUIC datagrams, which [`datagram`] labels with the tunnel and the context they belong to. Which contexts there
//! are besides the RFC's own is agreed between two tandems with [`extension`].

pub mod capsule;
pub mod connect_ip;
pub mod datagram;
pub mod extension;
