//! Who gets a tunnel, and who becomes a peer.

use std::time::SystemTime;

use tandem_engine::gateway::{Lease, RequestId, RequestKind};
use tandem_engine::identity::Pin;

use super::Service;
use crate::store::{EnrollError, Peer, Store};
use crate::token::{Refusal, Secret};

/// A request that waits for its answer, and the worker that it came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) worker: usize,
    pub(super) id: RequestId,
}

impl Service<'_> {
    /// Answers a client's request.
    pub(super) fn admit(&self, asker: Asker, kind: RequestKind, pin: Option<Pin>, bearer: Option<String>) {
        let secret = bearer.and_then(|text| text.parse::<Secret>().ok());
        if !self.accepting {
            let text = "the gateway was taken down by its administrator";
            return self.refuse(asker, 503, &refusal("down", text));
        }
        match kind {
            RequestKind::Tunnel => self.admit_to_tunnel(asker, pin, secret),
            RequestKind::Enrolment { .. } => self.enrol(asker, pin, secret),
        }
    }

    fn admit_to_tunnel(&self, asker: Asker, pin: Option<Pin>, secret: Option<Secret>) {
        let by_pin = pin.and_then(|pin| self.store.peer_by_pin(&pin));
        let peer = by_pin.or_else(|| self.store.peer_by_bearer(&secret?));
        let Some(peer) = peer else {
            tracing::debug!("a stranger was refused a tunnel");
            let text = "the gateway does not know this client, or not any more; join again with a new token";
            return self.refuse(asker, 403, &refusal("unknown-peer", text));
        };
        let lease = Lease { name: peer.name.as_str().into(), addresses: peer.addresses() };
        self.data.tell(asker.worker, move |data, now| data.engine.grant(now, asker.id, lease));
    }

    /// The store is written, and so synced, before the client is told.
    fn enrol(&self, asker: Asker, pin: Option<Pin>, secret: Option<Secret>) {
        let Some(pin) = pin else {
            let text = "an enrolment needs a client certificate";
            return self.refuse(asker, 403, &refusal("key-missing", text));
        };
        let (store, data) = (self.store.clone(), self.data.clone());
        tokio::task::spawn_blocking(move || {
            let (status, body) = match enrol_in(&store, secret, pin) {
                Ok(peer) => {
                    tracing::info!(peer = peer.name, "peer enrolled");
                    (200, serde_json::to_vec(&peer.enrolled()))
                }
                Err(error) => {
                    tracing::info!(reason = error.label(), "enrolment refused: {error}");
                    (error.status(), serde_json::to_vec(&error.refusal()))
                }
            };
            // Names and addresses always have a JSON form.
            let body = body.unwrap_or_default();
            data.tell(asker.worker, move |data, _| data.engine.respond(asker.id, status, &body));
        });
    }

    fn refuse(&self, asker: Asker, status: u16, refusal: &Refusal) {
        let body = serde_json::to_vec(refusal).unwrap_or_default();
        self.data.tell(asker.worker, move |data, _| data.engine.respond(asker.id, status, &body));
    }
}

fn enrol_in(store: &Store, secret: Option<Secret>, pin: Pin) -> Result<Peer, EnrollError> {
    store.enroll(&secret.ok_or(EnrollError::Unknown)?, pin, SystemTime::now())
}

fn refusal(kind: &str, message: &str) -> Refusal {
    Refusal { kind: kind.to_owned(), message: message.to_owned() }
}
