//! Transport settings of every connection.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use noq_proto::{
    AckFrequencyConfig, ClientConfig, EndpointConfig, HashedConnectionIdGenerator, MtuDiscoveryConfig,
    ServerConfig, TransportConfig, VarInt,
};

use super::gate::GatedFactory;
use super::tls;
use crate::gateway::{Worker, WorkerIds};
use crate::h3::session::MAX_REQUESTS;
use crate::identity::{Identity, Pin};

/// Most paths at once, beyond which a link stays unused. Each costs both ends state.
pub(crate) const MAX_PATHS: u32 = 8;
/// After this long without a packet on any path the connection is given up.
const IDLE_TIMEOUT_MS: u32 = 30_000;
/// Largest UDP payload looked for: Ethernet's 1500 bytes less IPv4 and UDP headers.
const MAX_UDP_PAYLOAD: u16 = 1472;
/// The peer acknowledges every so many packets (draft-ietf-quic-ack-frequency), where QUIC would every other one: fewer
/// packets to encrypt, and an uplink of a twentieth of the downlink's rate still suffices...
const ACK_EVERY: u32 = 8;
/// ...or after this long.
const ACK_DELAY: Duration = Duration::from_millis(5);
/// Datagrams that wait for the embedder to collect them. It does so after each batch.
const RECEIVE_BUFFER: usize = 4 << 20;
/// One batch: noq's own queue is to be empty between decisions.
const SEND_BUFFER: usize = 1 << 20;

/// Congestion controller of each path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Congestion {
    /// BBRv3 (draft-ietf-ccwg-bbr): keeps the links' queues short.
    #[default]
    Bbr,
    /// Cubic (RFC 9438): fills the links' queues.
    Cubic,
    /// BALIA (draft-walid-mptcp-congestion-control): paths that meet at one bottleneck take about what one flow would.
    /// Fills the links' queues.
    Balia,
}

/// What of the transport can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportOptions {
    /// Congestion controller.
    pub congestion: Congestion,
    /// Interval of keep-alive packets on each path that is idle.
    pub keepalive: Duration,
}

impl Default for TransportOptions {
    fn default() -> Self {
        // RFC 4787 wants NAT mappings to live 2 minutes, but 30 s is seen; RFC 8085 §3.5 forbids under 15 s.
        Self { congestion: Congestion::default(), keepalive: Duration::from_secs(20) }
    }
}

/// `requests`: how many request streams the peer may have open; none for a client, which answers none.
fn transport(
    options: TransportOptions,
    seed: &[u8; 16],
    built: Arc<AtomicU64>,
    requests: u32,
) -> Arc<TransportConfig> {
    let seed = derived_seed(b"congestion control", seed);
    let seed = u64::from_be_bytes(std::array::from_fn(|index| seed[index]));
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.upper_bound(MAX_UDP_PAYLOAD);
    let mut acks = AckFrequencyConfig::default();
    acks.ack_eliciting_threshold(VarInt::from_u32(ACK_EVERY - 1)).max_ack_delay(Some(ACK_DELAY));
    let mut config = TransportConfig::default();
    config
        .max_concurrent_multipath_paths(MAX_PATHS)
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_TIMEOUT_MS).into()))
        // Whether a path is dead is decided by the path manager, not by noq's timer.
        .default_path_max_idle_timeout(None)
        .default_path_keep_alive_interval(Some(options.keepalive))
        .initial_rtt(Duration::from_millis(100))
        .mtu_discovery_config(Some(mtu))
        .ack_frequency_config(Some(acks))
        .datagram_receive_buffer_size(Some(RECEIVE_BUFFER))
        .datagram_send_buffer_size(SEND_BUFFER)
        .max_concurrent_bidi_streams(VarInt::from_u32(requests))
        .max_concurrent_uni_streams(VarInt::from_u32(8))
        .stream_receive_window(VarInt::from_u32(64 << 10))
        .receive_window(VarInt::from_u32(256 << 10))
        .send_window(256 << 10)
        .congestion_controller_factory(Arc::new(GatedFactory::new(options.congestion, seed, built)));
    Arc::new(config)
}

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS could not be set up: {0}")]
pub struct SetupError(#[from] rustls::Error);

/// The endpoint's own settings. The reset key comes from the node's key: a restarted gateway can tell its
/// old clients at once that their connections are gone (RFC 9000 §10.3). noq's own choices come from `seed`, so that
/// a simulated world is the same each time.
pub(crate) fn endpoint(identity: &Identity, seed: &[u8; 16], worker: Worker) -> Arc<EndpointConfig> {
    let secret = identity.derived_secret(b"stateless reset");
    let mut config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)));
    // Only to connection ids that it would have given out itself does noq answer with a reset.
    let [a, b, c, d, e, f, g, h, ..] = identity.derived_secret(b"connection ids");
    let key = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    config.cid_generator(Arc::new(move || {
        Box::new(WorkerIds { inner: HashedConnectionIdGenerator::from_key(key), worker })
    }));
    config.rng_seed(Some(derived_seed(b"quic endpoint", seed)));
    Arc::new(config)
}

/// A seed for one `purpose`: what one gives away tells nothing of the others.
fn derived_seed(purpose: &[u8], seed: &[u8; 16]) -> [u8; 32] {
    let mut material = digest::Context::new(&digest::SHA256);
    material.update(purpose);
    material.update(seed);
    let digest = material.finish();
    std::array::from_fn(|index| digest.as_ref()[index])
}

pub(crate) fn client(
    identity: &Identity,
    gateway: Pin,
    options: TransportOptions,
    seed: &[u8; 16],
    built: Arc<AtomicU64>,
) -> Result<ClientConfig, SetupError> {
    let mut config = ClientConfig::new(Arc::new(tls::client(identity, gateway)?));
    config.transport_config(transport(options, seed, built, 0));
    Ok(config)
}

pub(crate) fn server(
    identity: &Identity,
    options: TransportOptions,
    seed: &[u8; 16],
    built: Arc<AtomicU64>,
) -> Result<Arc<ServerConfig>, SetupError> {
    let mut config = ServerConfig::with_crypto(Arc::new(tls::server(identity)?));
    config.transport_config(transport(options, seed, built, MAX_REQUESTS as u32));
    Ok(Arc::new(config))
}
