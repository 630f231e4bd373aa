//! A client and a gateway in memory.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use crate::client::{Client, ClientConfig};
use crate::gateway::{Gateway, GatewayConfig, GatewayEvent, Lease, RequestKind, Worker};
use crate::identity::{Identity, IdentityError};
use crate::link::{Arrival, Ecn, Link, LinkId, Tier};
use crate::tunnel::{DEFAULT_MTU, Tunnel};
use crate::{SetupError, TransportOptions};

/// The gateway's one socket.
const GATEWAY_LINK: LinkId = LinkId(1000);
/// Datagrams of one transmit, as the daemon asks for them.
const SEGMENTS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");
/// Ed25519 private keys in PKCS #8 (RFC 8410) end with the key's 32 bytes.
const KEY_PREFIX: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// One of the two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The client.
    Client,
    /// The gateway.
    Gateway,
}

/// A UDP datagram on its way.
#[derive(Debug, Clone)]
pub struct Datagram {
    /// Index of the client's link.
    pub link: usize,
    /// UDP payload.
    pub data: Bytes,
    /// ECN codepoint of the outer header.
    pub ecn: Option<Ecn>,
}

/// A client and a gateway, and what is on its way between them. Nothing moves by itself.
pub struct Pair {
    /// The present.
    pub now: Instant,
    /// One end.
    pub client: Client,
    /// The other.
    pub gateway: Gateway,
    /// On its way to the gateway, oldest first.
    pub to_gateway: VecDeque<Datagram>,
    /// On its way to the client, oldest first.
    pub to_client: VecDeque<Datagram>,
    /// Where the gateway sees each link of the client.
    pub remotes: Vec<SocketAddr>,
    buf: Vec<u8>,
}

/// Why there is no [`Pair`].
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A key could not be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// TLS could not be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

impl Pair {
    /// The client's address in the tunnel.
    pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 77, 0, 2));
    /// Its other one.
    pub const CLIENT_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 2));

    /// A client with `links` links that are all down, and a gateway that welcomes it.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(now: Instant, links: usize) -> Result<Self, PairError> {
        let gateway_pin = identity(2)?.pin();
        let client = Client::new(ClientConfig {
            identity: identity(1)?,
            gateway: gateway_pin,
            authority: "203.0.113.1".to_owned(),
            mtu: DEFAULT_MTU,
            transport: TransportOptions::default(),
            seed: [7; 16],
        })?;
        let mut pair = Self {
            now,
            client,
            gateway: worker(Worker::ALONE)?,
            to_gateway: VecDeque::new(),
            to_client: VecDeque::new(),
            remotes: (0..links).map(remote).collect(),
            buf: Vec::new(),
        };
        pair.client.set_remotes(now, vec![gateway_address()]);
        Ok(pair)
    }

    /// Replaces the gateway by one with the same key that knows of no connection.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn restart_gateway(&mut self) -> Result<(), PairError> {
        self.gateway = worker(Worker::ALONE)?;
        Ok(())
    }

    /// Connects over all links, and lets a perfect network work until packets flow. False if they do not.
    pub fn establish(&mut self) -> bool {
        for link in 0..self.remotes.len() {
            self.link_up(link);
        }
        self.client.connect(self.now);
        // Long enough for handshake, request, and the paths over the other links.
        (0..200).any(|_| {
            self.exchange();
            self.advance(Duration::from_millis(1));
            self.client.is_up() && self.paths_up() == self.remotes.len()
        })
    }

    fn paths_up(&mut self) -> usize {
        let paths = self.client.paths(self.now);
        paths.iter().filter(|path| path.state.as_str() == "up").count()
    }

    /// A link of the client comes up.
    pub fn link_up(&mut self, link: usize) {
        let link = Link {
            id: LinkId(link as u32),
            name: Arc::from("link"),
            tier: Tier::Auto,
            metered: false,
            ipv4: true,
            ipv6: false,
        };
        self.client.link_up(self.now, link);
    }

    /// Lets time pass, at both ends.
    pub fn advance(&mut self, time: Duration) {
        self.now += time;
        self.client.handle_timeout(self.now);
        self.gateway.handle_timeout(self.now);
    }

    /// When a timer of either end is due.
    pub fn deadline(&self) -> Option<Instant> {
        [self.client.poll_timeout(), self.gateway.poll_timeout()].into_iter().flatten().min()
    }

    /// Puts on the way what both ends want to send.
    pub fn collect(&mut self) {
        self.collect_from(End::Client);
        self.answer_requests();
        self.collect_from(End::Gateway);
    }

    /// Puts on the way what one end wants to send.
    pub fn collect_from(&mut self, end: End) {
        loop {
            let transmit = match end {
                End::Client => self.client.poll_transmit(self.now, SEGMENTS, &mut self.buf),
                End::Gateway => self.gateway.poll_transmit(self.now, SEGMENTS, &mut self.buf),
            };
            let Some(transmit) = transmit else { return };
            let (link, queue) = match end {
                End::Client => (Some(transmit.link.0 as usize), &mut self.to_gateway),
                End::Gateway => {
                    let link = self.remotes.iter().position(|remote| *remote == transmit.destination);
                    (link, &mut self.to_client)
                }
            };
            // What goes to an address that the client has left goes nowhere.
            let Some(link) = link else { continue };
            for chunk in self.buf[..transmit.size].chunks(transmit.segment_size.unwrap_or(transmit.size)) {
                queue.push_back(Datagram { link, data: Bytes::copy_from_slice(chunk), ecn: transmit.ecn });
            }
        }
    }

    /// Delivers a datagram.
    pub fn deliver(&mut self, to: End, datagram: &Datagram) {
        let data = BytesMut::from(datagram.data.as_ref());
        match to {
            End::Client => {
                let link = LinkId(datagram.link as u32);
                let arrival = Arrival { link, remote: gateway_address(), local: None, ecn: datagram.ecn };
                self.client.handle_udp(self.now, &arrival, data);
            }
            End::Gateway => {
                let local = Some(gateway_address().ip());
                let Some(&remote) = self.remotes.get(datagram.link) else { return };
                let arrival = Arrival { link: GATEWAY_LINK, remote, local, ecn: datagram.ecn };
                self.gateway.handle_udp(self.now, &arrival, data);
            }
        }
    }

    /// Delivers everything that is on its way, and what is sent in answer, until both ends are quiet.
    pub fn exchange(&mut self) {
        loop {
            self.collect();
            if self.to_gateway.is_empty() && self.to_client.is_empty() {
                return;
            }
            while let Some(datagram) = self.to_gateway.pop_front() {
                self.deliver(End::Gateway, &datagram);
            }
            while let Some(datagram) = self.to_client.pop_front() {
                self.deliver(End::Client, &datagram);
            }
        }
    }

    /// Grants every request, as the daemon does for a client that it knows.
    fn answer_requests(&mut self) {
        // The gateway notes what has come when it is asked for what to send.
        self.collect_from(End::Gateway);
        while let Some(event) = self.gateway.poll_event() {
            let GatewayEvent::Request { id, kind, .. } = event else { continue };
            match kind {
                RequestKind::Tunnel => {
                    let addresses = vec![Self::CLIENT, Self::CLIENT_V6];
                    self.gateway.grant(self.now, id, Lease { name: Arc::from("laptop"), addresses });
                }
                RequestKind::Enrolment { .. } => self.gateway.respond(id, 200, b"{}"),
            }
        }
    }

    /// Sends a QUIC datagram with any payload. False if there is no connection, or it takes none now.
    pub fn send_raw_datagram(&mut self, from: End, payload: Bytes) -> bool {
        let now = self.now;
        self.tunnel(from).is_some_and(|tunnel| tunnel.send_raw_datagram(now, payload))
    }

    /// Writes any bytes to a stream, opening it if it is this end's and new. False if there is no connection.
    pub fn send_raw_stream(&mut self, from: End, stream: u64, data: Bytes, fin: bool) -> bool {
        let Some(tunnel) = self.tunnel(from) else { return false };
        tunnel.send_raw_stream(stream, data, fin);
        true
    }

    /// Makes the client's datagrams of a packet and throws them away. Their bytes.
    pub fn encode_only(&mut self, packet: Bytes) -> usize {
        let now = self.now;
        self.tunnel(End::Client).map_or(0, |tunnel| tunnel.encode_only(now, packet))
    }

    /// The datagrams that the client makes of a packet.
    pub fn encoded(&mut self, packet: Bytes) -> Vec<Bytes> {
        let now = self.now;
        self.tunnel(End::Client).map_or_else(Vec::new, |tunnel| tunnel.encoded(now, packet))
    }

    /// Lets the gateway take in a datagram as if QUIC had delivered it: the packet that it completes.
    pub fn decode_only(&mut self, datagram: &Bytes) -> Option<Bytes> {
        let now = self.now;
        self.tunnel(End::Gateway)?.decode_only(now, datagram)
    }

    fn tunnel(&mut self, of: End) -> Option<&mut Tunnel> {
        match of {
            End::Client => self.client.tunnel_behind_the_door(),
            End::Gateway => self.gateway.tunnel_behind_the_door(),
        }
    }
}

/// One of the workers of the gateway that a [`Pair`]'s client knows.
///
/// # Errors
/// When TLS cannot be set up.
pub fn worker(worker: Worker) -> Result<Gateway, PairError> {
    Ok(Gateway::new(GatewayConfig {
        identity: identity(2)?,
        addresses: vec![IpAddr::from([10, 77, 0, 1])],
        mtu: DEFAULT_MTU,
        peer_to_peer: false,
        transport: TransportOptions::default(),
        seed: [8; 16],
        worker,
    })?)
}

/// The same key in every run.
fn identity(number: u8) -> Result<Identity, IdentityError> {
    Identity::from_pkcs8_der(&[&KEY_PREFIX[..], &[number; 32]].concat())
}

fn gateway_address() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 1], 443))
}

fn remote(link: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, link as u8 + 1], 4000 + link as u16))
}
