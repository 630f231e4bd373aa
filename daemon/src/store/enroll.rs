//! How a node becomes a peer.

use std::time::{Duration, SystemTime};

use super::database::Write;
use super::error::{EnrollError, InviteError};
use super::record::{Credential, Invitation, Peer, Used, check_name};
use super::{REMEMBERED, Store};
use crate::keys::Pin;
use crate::token::Secret;

impl Store {
    /// Makes an invitation for a client to be called `name`, good for `ttl` from `now` and for one enrolment.
    /// An unused invitation of the same name is withdrawn. The secret is returned this once.
    ///
    /// # Errors
    /// [`InviteError`] when the name is bad or taken, or the store fails.
    pub fn create_invitation(
        &self,
        name: &str,
        ttl: Duration,
        now: SystemTime,
    ) -> Result<(Secret, Invitation), InviteError> {
        check_name(name)?;
        let expires = now.checked_add(ttl).ok_or(InviteError::Lifetime)?;
        let secret = Secret::generate().map_err(|_| InviteError::Random)?;
        let invitation = Invitation { name: name.to_owned(), expires, used: None };

        let mut database = self.database()?;
        if self.read().peer(name).is_some() {
            return Err(InviteError::NameTaken(name.to_owned()));
        }
        let mut gone = self.read().unused_invitations(name);
        gone.extend(self.read().forgotten_invitations(now, REMEMBERED));
        let hash = secret.hash();
        let mut writes: Vec<_> = gone.iter().map(Write::DeleteInvitation).collect();
        writes.push(Write::PutInvitation(&hash, &invitation));
        database.apply(&writes)?;
        let mut index = self.write();
        index.remove_invitations(&gone);
        index.put_invitation(hash, invitation.clone());
        Ok((secret, invitation))
    }

    /// Makes a peer called `name` for a foreign client that knows no keys of ours and shows a long-lived
    /// secret instead (`Authorization: Bearer`, RFC 6750). The secret is returned this once.
    ///
    /// # Errors
    /// [`InviteError`] when the name is bad or taken, no address is left, or the store fails.
    pub fn create_bearer(&self, name: &str, now: SystemTime) -> Result<(Secret, Peer), InviteError> {
        check_name(name)?;
        let secret = Secret::generate().map_err(|_| InviteError::Random)?;
        let mut database = self.database()?;
        if self.read().peer(name).is_some() {
            return Err(InviteError::NameTaken(name.to_owned()));
        }
        let (v4, v6) = self.read().free_lease().ok_or(InviteError::PoolExhausted)?;
        let credential = Credential::Bearer(secret.hash());
        let peer =
            Peer { name: name.to_owned(), credential, v4, v6, created: whole_seconds(now), last_seen: None };
        database.apply(&[Write::PutPeer(&peer)])?;
        self.write().put_peer(peer.clone());
        Ok((secret, peer))
    }

    /// Makes the node with the key `pin` a peer, by the invitation that `secret` proves. A node that repeats
    /// its own enrolment, because the answer was lost on the way, gets the same answer again.
    ///
    /// # Errors
    /// [`EnrollError`]; unless it is `Store`, nothing changed.
    pub fn enroll(&self, secret: &Secret, pin: Pin, now: SystemTime) -> Result<Peer, EnrollError> {
        let hash = secret.hash();
        let mut database = self.database()?;
        let mut invitation = self.read().invitation(&hash).cloned().ok_or(EnrollError::Unknown)?;
        if let Some(used) = &invitation.used {
            let repeated = self.read().peer(&invitation.name).cloned();
            return repeated
                .filter(|peer| used.pin == pin && peer.credential == Credential::Pin(pin))
                .ok_or(EnrollError::Used);
        }
        if !invitation.is_open(now) {
            return Err(EnrollError::Expired);
        }
        if self.read().peer(&invitation.name).is_some() {
            return Err(EnrollError::NameTaken(invitation.name));
        }
        if let Some(peer) = self.read().peer_by_pin(&pin) {
            return Err(EnrollError::KeyTaken(peer.name.clone()));
        }
        let (v4, v6) = self.read().free_lease().ok_or(EnrollError::PoolExhausted)?;
        let created = whole_seconds(now);
        invitation.used = Some(Used { at: created, pin });
        let name = invitation.name.clone();
        let peer = Peer { name, credential: Credential::Pin(pin), v4, v6, created, last_seen: None };
        database.apply(&[Write::PutPeer(&peer), Write::PutInvitation(&hash, &invitation)])?;
        let mut index = self.write();
        index.put_peer(peer.clone());
        index.put_invitation(hash, invitation);
        Ok(peer)
    }
}

/// The store keeps seconds; what is in memory must equal what a restart reads.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs())
}
