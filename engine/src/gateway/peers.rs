//! What a gateway holds per connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use super::{Gateway, GatewayEvent, Handover};
use crate::class::FlowReport;
use crate::error::{CloseReason, code};
use crate::h3::Headers;
use crate::masque::connect_ip::{Address, Capsule, Prefix, routes};
use crate::path::PathReport;
use crate::tunnel::{Tunnel, TunnelCounters};

/// A peer's name and its inner addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The name, unique at this gateway.
    pub name: Arc<str>,
    /// The addresses: no other may be the source of what it sends.
    pub addresses: Vec<IpAddr>,
}

/// A connected peer, for people and scripts.
#[derive(Debug, Clone)]
pub struct PeerReport {
    /// Its lease.
    pub lease: Lease,
    /// Its paths.
    pub paths: Vec<PathReport>,
    /// Its counters.
    pub counters: TunnelCounters,
    /// Since when it has a tunnel.
    pub since: Instant,
}

/// A connection, with a tunnel or on the way to one.
pub(super) struct Peer {
    pub(super) tunnel: Tunnel,
    /// Tells this connection from an earlier one that had the same handle.
    pub(super) serial: u64,
    pub(super) remote: SocketAddr,
    pub(super) lease: Option<(Lease, Instant)>,
    pub(super) requests: Vec<Pending>,
    pub(super) is_ready: bool,
    pub(super) deadline: Option<Instant>,
}

/// A request whose answer is not given yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) stream: u64,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
    pub(super) is_enrolment: bool,
}

impl Peer {
    pub(super) fn new(tunnel: Tunnel, serial: u64, remote: SocketAddr) -> Self {
        Self { tunnel, serial, remote, lease: None, requests: Vec::new(), is_ready: false, deadline: None }
    }

    pub(super) fn holds(&self, address: IpAddr) -> bool {
        self.lease.as_ref().is_some_and(|(lease, _)| lease.addresses.contains(&address))
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.lease.as_ref().is_some_and(|(lease, _)| lease.name.as_ref() == name)
    }
}

impl Gateway {
    /// Gives a connection its lease: from now on packets to these addresses go there. An older connection of
    /// the same peer ends.
    pub(super) fn settle(&mut self, now: Instant, handle: usize, lease: Lease) {
        if let Some(older) = self.connection_of(&lease.name).filter(|older| *older != handle) {
            self.supersede(now, older);
        }
        for address in &lease.addresses {
            self.leases.insert(*address, handle);
            self.elsewhere.remove(address);
        }
        self.tell_others(&Handover::Claimed(lease.clone(), now));
        if let Some(peer) = self.peers.get_mut(&handle) {
            peer.lease = Some((lease.clone(), now));
            self.events.push_back(GatewayEvent::PeerUp { lease, remote: peer.remote });
        }
    }

    /// The capsules with which a granted tunnel begins: the addresses, and that all else is reached here.
    pub(super) fn opening_capsules(lease: &Lease) -> [Capsule; 2] {
        let addresses = lease
            .addresses
            .iter()
            .map(|address| Address { request_id: 0, prefix: Prefix::host(*address) })
            .collect();
        let everything =
            lease.addresses.iter().filter_map(|address| Prefix::new(unspecified(address.is_ipv4()), 0));
        [Capsule::AddressAssign(addresses), Capsule::RouteAdvertisement(routes(everything))]
    }

    /// Answers a client that asks for addresses: with those of its lease, or none (RFC 9484 §4.7.2).
    pub(super) fn answer_address_request(&mut self, handle: usize, wanted: &[Address]) {
        let Some(peer) = self.peers.get_mut(&handle) else { return };
        let Some((lease, _)) = &peer.lease else { return };
        let answer = wanted
            .iter()
            .map(|wish| {
                let v4 = wish.prefix.address().is_ipv4();
                let address = lease.addresses.iter().find(|address| address.is_ipv4() == v4);
                let prefix = Prefix::host(address.copied().unwrap_or(unspecified(v4)));
                Address { request_id: wish.request_id, prefix }
            })
            .collect();
        peer.tunnel.send_capsule(&Capsule::AddressAssign(answer));
        self.wake(handle);
    }

    /// Takes a connection's lease from it.
    pub(super) fn release(&mut self, handle: usize) -> Option<Lease> {
        let (lease, _) = self.peers.get_mut(&handle)?.lease.take()?;
        for address in &lease.addresses {
            if self.leases.get(address) == Some(&handle) {
                self.leases.remove(address);
            }
        }
        self.tell_others(&Handover::Released(lease.addresses.as_slice().into()));
        Some(lease)
    }

    /// A connection was lost.
    pub(super) fn lost(&mut self, handle: usize, reason: CloseReason) {
        if let Some(lease) = self.release(handle) {
            self.events.push_back(GatewayEvent::PeerDown { name: lease.name, reason });
        }
    }

    pub(super) fn end(&mut self, now: Instant, handle: usize, code: u64, reason: &str) {
        self.lost(handle, CloseReason::Local);
        if let Some(peer) = self.peers.get_mut(&handle) {
            peer.tunnel.close(now, code, reason);
        }
        self.wake(handle);
    }

    pub(super) fn connection_of(&self, name: &str) -> Option<usize> {
        self.peers.iter().find(|(_, peer)| peer.is_named(name)).map(|(handle, _)| *handle)
    }

    /// Ends the tunnel of a peer that is no longer welcome. False if it has none.
    pub fn remove_peer(&mut self, now: Instant, name: &str) -> bool {
        let handle = self.connection_of(name);
        if let Some(handle) = handle {
            self.end(now, handle, code::PEER_REMOVED, "this peer was removed from the gateway");
        }
        handle.is_some()
    }

    /// The peers that have a tunnel, by name.
    pub fn peers(&mut self, now: Instant) -> Vec<PeerReport> {
        let mut reports: Vec<PeerReport> = self
            .peers
            .values_mut()
            .filter_map(|peer| {
                let (lease, since) = peer.lease.clone()?;
                let paths = peer.tunnel.report(now);
                Some(PeerReport { lease, paths, counters: peer.tunnel.counters, since })
            })
            .collect();
        reports.sort_by(|a, b| a.lease.name.cmp(&b.lease.name));
        reports
    }

    /// The flows of the last minute of one peer, or of all that have a tunnel, by name; the flows in no order.
    pub fn flows(&self, now: Instant, of: Option<&str>) -> Vec<(Arc<str>, Vec<FlowReport>)> {
        let peers = self.peers.values().filter_map(|peer| Some((&peer.lease.as_ref()?.0.name, &peer.tunnel)));
        let wanted = peers.filter(|(name, _)| of.is_none_or(|of| of == &***name));
        let mut flows: Vec<_> = wanted.map(|(name, tunnel)| (name.clone(), tunnel.flows(now))).collect();
        flows.sort_by(|a, b| a.0.cmp(&b.0));
        flows
    }

    /// How many connections there are, with a tunnel or without.
    pub fn connections(&self) -> usize {
        self.peers.len()
    }
}

fn unspecified(ipv4: bool) -> IpAddr {
    if ipv4 { [0; 4].into() } else { [0; 16].into() }
}
