//! Inviting and removing peers.

use std::time::{Duration, SystemTime};

use tandem::api::{Credential, DEFAULT_INVITE_EXPIRY_US, InviteRequest, InviteResponse, SCHEMA};

use super::Service;
use crate::api::ApiError;
use crate::app::identity;
use crate::app::report::unix_us;
use crate::app::request::Reply;
use crate::store::{InviteError, Removed, Store};
use crate::token::Token;

impl Service<'_> {
    /// Makes an invitation, or a bearer's secret. The store's disk is waited for elsewhere.
    pub(super) fn invite(&self, request: InviteRequest, reply: Reply<InviteResponse>) {
        let pin = match identity(&self.context.config) {
            Ok(identity) => identity.pin(),
            Err(error) => {
                let _ = reply.send(Err(ApiError::failed(&format!("{error:#}"))));
                return;
            }
        };
        let (store, endpoints) = (self.store.clone(), self.settings.endpoint.clone());
        tokio::task::spawn_blocking(move || {
            let made = match request.credential {
                Credential::Key => invitation(&store, request, |secret, expires| {
                    Token { endpoints, pin, secret, expires }.to_text().to_string()
                }),
                Credential::Bearer => bearer(&store, request),
            };
            let _ = reply.send(made);
        });
    }

    /// Forgets a peer and ends its tunnel, or withdraws its invitation.
    pub(super) fn remove_peer(&self, name: String, reply: Reply<()>) {
        let (store, data) = (self.store.clone(), self.data.clone());
        tokio::task::spawn_blocking(move || {
            let removed = match store.remove_peer(&name) {
                Ok(Removed::Nothing) => Err(ApiError::unknown_peer(&name)),
                Ok(Removed::Peer(_) | Removed::Invitation) => {
                    tracing::info!(peer = name, "peer removed");
                    data.tell_all(move |data, now| {
                        data.engine.remove_peer(now, &name);
                    });
                    Ok(())
                }
                Err(error) => Err(ApiError::store_failed(&error)),
            };
            let _ = reply.send(removed);
        });
    }
}

fn invitation(
    store: &Store,
    request: InviteRequest,
    token: impl FnOnce(crate::token::Secret, SystemTime) -> String,
) -> Result<InviteResponse, ApiError> {
    let ttl = Duration::from_micros(request.expires_us.unwrap_or(DEFAULT_INVITE_EXPIRY_US));
    let made = store.create_invitation(&request.name, ttl, SystemTime::now());
    let (secret, invitation) = made.map_err(|error| refused(&error))?;
    Ok(InviteResponse {
        schema: SCHEMA,
        name: invitation.name,
        credential: Credential::Key,
        token: token(secret, invitation.expires),
        expires_unix_us: Some(unix_us(invitation.expires)),
    })
}

fn bearer(store: &Store, request: InviteRequest) -> Result<InviteResponse, ApiError> {
    let made = store.create_bearer(&request.name, SystemTime::now());
    let (secret, peer) = made.map_err(|error| refused(&error))?;
    Ok(InviteResponse {
        schema: SCHEMA,
        name: peer.name,
        credential: Credential::Bearer,
        token: secret.to_text().to_string(),
        expires_unix_us: None,
    })
}

fn refused(error: &InviteError) -> ApiError {
    match error {
        InviteError::NameTaken(name) => ApiError::name_taken(name),
        InviteError::PoolExhausted => ApiError::pool_exhausted(),
        InviteError::Store(error) => ApiError::store_failed(error),
        InviteError::BadName(_) | InviteError::Lifetime | InviteError::Random => ApiError::failed(error),
    }
}
