//! The store's content in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use super::database::Contents;
use super::lease::Pools;
use super::record::{Credential, Invitation, Peer};
use crate::keys::Pin;
use crate::token::SecretHash;

#[derive(Debug)]
pub(super) struct Index {
    pools: Pools,
    peers: BTreeMap<String, Peer>,
    by_pin: HashMap<Pin, String>,
    by_bearer: HashMap<SecretHash, String>,
    invitations: HashMap<SecretHash, Invitation>,
    /// Names of the peers seen since they were last written.
    seen: BTreeSet<String>,
}

impl Index {
    pub(super) fn new(pools: Pools, contents: Contents) -> Self {
        let mut index = Self {
            pools,
            peers: BTreeMap::new(),
            by_pin: HashMap::new(),
            by_bearer: HashMap::new(),
            invitations: HashMap::new(),
            seen: BTreeSet::new(),
        };
        index.replace(contents);
        index
    }

    /// Forgets everything and takes over `contents`.
    pub(super) fn replace(&mut self, contents: Contents) {
        self.peers.clear();
        self.by_pin.clear();
        self.by_bearer.clear();
        self.seen.clear();
        self.invitations = contents.invitations.into_iter().collect();
        for peer in contents.peers {
            self.put_peer(peer);
        }
    }

    pub(super) fn peer(&self, name: &str) -> Option<&Peer> {
        self.peers.get(name)
    }

    pub(super) fn peer_by_pin(&self, pin: &Pin) -> Option<&Peer> {
        self.by_pin.get(pin).and_then(|name| self.peers.get(name))
    }

    pub(super) fn peer_by_bearer(&self, hash: &SecretHash) -> Option<&Peer> {
        self.by_bearer.get(hash).and_then(|name| self.peers.get(name))
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    pub(super) fn put_peer(&mut self, peer: Peer) {
        match peer.credential {
            Credential::Pin(pin) => drop(self.by_pin.insert(pin, peer.name.clone())),
            Credential::Bearer(hash) => drop(self.by_bearer.insert(hash, peer.name.clone())),
        }
        self.peers.insert(peer.name.clone(), peer);
    }

    pub(super) fn remove_peer(&mut self, name: &str) {
        self.seen.remove(name);
        match self.peers.remove(name).map(|peer| peer.credential) {
            Some(Credential::Pin(pin)) => drop(self.by_pin.remove(&pin)),
            Some(Credential::Bearer(hash)) => drop(self.by_bearer.remove(&hash)),
            None => {}
        }
    }

    pub(super) fn mark_seen(&mut self, name: &str, now: SystemTime) {
        if let Some(peer) = self.peers.get_mut(name) {
            peer.last_seen = Some(now);
            if !self.seen.contains(name) {
                self.seen.insert(name.to_owned());
            }
        }
    }

    pub(super) fn unsaved(&self) -> Vec<Peer> {
        self.seen.iter().filter_map(|name| self.peers.get(name)).cloned().collect()
    }

    /// Peers seen again while they were written stay to be saved.
    pub(super) fn mark_saved(&mut self, saved: &[Peer]) {
        for peer in saved {
            if self.peers.get(&peer.name).is_none_or(|current| current.last_seen == peer.last_seen) {
                self.seen.remove(&peer.name);
            }
        }
    }

    pub(super) fn invitation(&self, hash: &SecretHash) -> Option<&Invitation> {
        self.invitations.get(hash)
    }

    pub(super) fn invitations(&self) -> impl Iterator<Item = &Invitation> {
        self.invitations.values()
    }

    pub(super) fn put_invitation(&mut self, hash: SecretHash, invitation: Invitation) {
        self.invitations.insert(hash, invitation);
    }

    pub(super) fn remove_invitations(&mut self, hashes: &[SecretHash]) {
        for hash in hashes {
            self.invitations.remove(hash);
        }
    }

    /// Invitations for `name` that nobody has used.
    pub(super) fn unused_invitations(&self, name: &str) -> Vec<SecretHash> {
        let unused = self.invitations.iter().filter(|(_, i)| i.used.is_none() && i.name == name);
        unused.map(|(hash, _)| *hash).collect()
    }

    /// Invitations that ended more than `age` before `now`.
    pub(super) fn forgotten_invitations(&self, now: SystemTime, age: Duration) -> Vec<SecretHash> {
        let old = |i: &Invitation| now.duration_since(i.expires).is_ok_and(|passed| passed > age);
        self.invitations.iter().filter(|(_, i)| old(i)).map(|(hash, _)| *hash).collect()
    }

    /// One free address of each family that has a pool; `None` when one of the pools is exhausted.
    pub(super) fn free_lease(&self) -> Option<(Option<Ipv4Addr>, Option<Ipv6Addr>)> {
        let v4 = self.free_v4();
        let v6 = self.free_v6();
        (v4.is_some() == self.pools.has_v4() && v6.is_some() == self.pools.has_v6()).then_some((v4, v6))
    }

    /// Gives a lease within the pools to every peer that has none; returns the peers that changed.
    pub(super) fn renew_leases(&mut self) -> Vec<Peer> {
        let names: Vec<String> = self.peers.keys().cloned().collect();
        let pools = self.pools;
        let mut changed = BTreeSet::new();
        // First give back what lies outside, then lease anew, so that no peer takes what another still holds.
        for peer in self.peers.values_mut() {
            let outside_v4 = peer.v4.is_some_and(|address| !pools.leases(IpAddr::V4(address)));
            let outside_v6 = peer.v6.is_some_and(|address| !pools.leases(IpAddr::V6(address)));
            if outside_v4 {
                peer.v4 = None;
            }
            if outside_v6 {
                peer.v6 = None;
            }
            if outside_v4 || outside_v6 {
                changed.insert(peer.name.clone());
            }
        }
        for name in names {
            let (free_v4, free_v6) = (self.free_v4(), self.free_v6());
            let Some(peer) = self.peers.get_mut(&name) else { continue };
            let before = (peer.v4, peer.v6);
            peer.v4 = peer.v4.or(free_v4);
            peer.v6 = peer.v6.or(free_v6);
            if before != (peer.v4, peer.v6) {
                changed.insert(name);
            }
        }
        changed.iter().filter_map(|name| self.peers.get(name)).cloned().collect()
    }

    fn free_v4(&self) -> Option<Ipv4Addr> {
        self.pools.free_v4(self.peers.values().filter_map(|peer| peer.v4))
    }

    fn free_v6(&self) -> Option<Ipv6Addr> {
        self.pools.free_v6(self.peers.values().filter_map(|peer| peer.v6))
    }
}
