//! The two engines, made so that a seed decides everything about them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tandem_engine::TransportOptions;
use tandem_engine::client::{Client, ClientConfig};
use tandem_engine::gateway::{Gateway, GatewayConfig, Lease, Worker};
use tandem_engine::identity::{Identity, Pin};
use tandem_engine::link::LinkId;
use tandem_engine::tunnel::DEFAULT_MTU;

/// The gateway's one listening socket.
pub(crate) const GATEWAY_LINK: LinkId = LinkId(1000);

/// Where the gateway listens.
pub fn gateway_address() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 1], 443))
}

/// The laptop's address in the tunnel.
pub fn client_inner() -> IpAddr {
    IpAddr::from([10, 77, 0, 2])
}

/// The server's address, behind the gateway.
pub fn server_inner() -> IpAddr {
    IpAddr::from([198, 51, 100, 7])
}

/// An Ed25519 key in PKCS #8 (RFC 8410 §7) that depends on nothing but `seed` and `role`.
pub(crate) fn identity(seed: u64, role: u8) -> Identity {
    const PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let mut der = PREFIX.to_vec();
    der.extend([seed.to_be_bytes(), [role; 8], [0x74; 8], [role; 8]].concat());
    Identity::from_pkcs8_der(&der).expect("any 32 bytes are an Ed25519 key")
}

fn seed_bytes(seed: u64, role: u8) -> [u8; 16] {
    let mut bytes = [role; 16];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes
}

/// A client that believes the gateway to have the key `pin`.
pub(crate) fn client(seed: u64, transport: TransportOptions, pin: Pin) -> Client {
    Client::new(ClientConfig {
        identity: identity(seed, 1),
        gateway: pin,
        authority: gateway_address().ip().to_string(),
        mtu: DEFAULT_MTU,
        transport,
        seed: seed_bytes(seed, 1),
    })
    .expect("TLS is set up the same in every world")
}

/// A gateway, the `incarnation`-th process of it.
pub(crate) fn gateway(seed: u64, transport: TransportOptions, incarnation: u8) -> Gateway {
    Gateway::new(GatewayConfig {
        identity: identity(seed, 2),
        worker: Worker::ALONE,
        addresses: vec![IpAddr::from([10, 77, 0, 1]), IpAddr::from([0xfd77, 0, 0, 0, 0, 0, 0, 1])],
        mtu: DEFAULT_MTU,
        peer_to_peer: false,
        transport,
        seed: seed_bytes(seed, 2 + incarnation),
    })
    .expect("TLS is set up the same in every world")
}

/// What the laptop has leased.
pub(crate) fn lease() -> Lease {
    Lease {
        name: Arc::from("laptop"),
        addresses: vec![client_inner(), IpAddr::from([0xfd77, 0, 0, 0, 0, 0, 0, 2])],
    }
}
