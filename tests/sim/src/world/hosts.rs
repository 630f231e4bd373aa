//! The two hosts: laptop and server, each with endpoints that are found by their port.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tandem_engine::ip::Header;

use crate::host::Endpoint;

/// Which host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The laptop, at the client's end of the tunnel.
    Laptop,
    /// The server, behind the gateway.
    Server,
}

impl Side {
    /// The other host.
    pub fn other(self) -> Self {
        match self {
            Self::Laptop => Self::Server,
            Self::Server => Self::Laptop,
        }
    }
}

/// What arrived at a host and no endpoint wanted.
#[derive(Debug)]
pub struct Got {
    /// When.
    pub at: Instant,
    /// The IP packet.
    pub packet: Bytes,
}

struct Slot {
    side: Side,
    port: u16,
    endpoint: Box<dyn Endpoint>,
    /// Something happened to it since it was asked for packets.
    touched: bool,
    deadline: Option<Instant>,
}

/// Names an endpoint of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointId(usize);

/// The endpoints of both hosts.
#[derive(Default)]
pub(crate) struct Hosts {
    slots: Vec<Slot>,
}

impl Hosts {
    pub(crate) fn attach(&mut self, side: Side, port: u16, endpoint: Box<dyn Endpoint>) -> EndpointId {
        let deadline = endpoint.poll_timeout();
        self.slots.push(Slot { side, port, endpoint, touched: true, deadline });
        EndpointId(self.slots.len() - 1)
    }

    pub(crate) fn get(&self, id: EndpointId) -> &dyn Endpoint {
        &*self.slots[id.0].endpoint
    }

    /// Hands a packet to the endpoints it is for: a call's source and sink have the same port. False if there is none.
    pub(crate) fn deliver(&mut self, now: Instant, side: Side, packet: &[u8]) -> bool {
        let Some(ports) = Header::parse(packet).ok().and_then(|header| header.ports) else { return false };
        let mut found = false;
        for slot in self.slots.iter_mut().filter(|slot| slot.side == side && slot.port == ports.dst) {
            slot.endpoint.handle_packet(now, packet);
            slot.touched = true;
            found = true;
        }
        found
    }

    /// The next packet that a host has to send.
    pub(crate) fn poll_packet(&mut self, now: Instant) -> Option<(Side, BytesMut)> {
        for slot in self.slots.iter_mut().filter(|slot| slot.touched) {
            if let Some(packet) = slot.endpoint.poll_packet(now) {
                return Some((slot.side, packet));
            }
            slot.touched = false;
            slot.deadline = slot.endpoint.poll_timeout();
        }
        None
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.slots.iter().filter_map(|slot| slot.deadline).min()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        for slot in &mut self.slots {
            if slot.deadline.is_some_and(|deadline| deadline <= now) {
                slot.endpoint.handle_timeout(now);
                slot.touched = true;
            }
        }
    }
}
