//! The accept loop: one task per connection, a bounded number of them, none idle for ever.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::caller::Caller;
use super::{ApiError, ApiServer, Control, routes};

/// Connections served at a time; further ones wait in the kernel's backlog.
const MAX_CONNECTIONS: usize = 64;
/// How long a client may take to send a request's head, and how long a connection may stay idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a failed accept, which means that file descriptors ran out.
const ACCEPT_RETRY: Duration = Duration::from_millis(200);

impl ApiServer {
    /// Answers requests until dropped, which ends all connections and removes the socket. Needs a tokio runtime
    /// with I/O and time.
    ///
    /// # Errors
    /// If the runtime cannot watch the socket.
    pub async fn serve(self, control: impl Control) -> std::io::Result<()> {
        let listener = UnixListener::from_std(self.listener.try_clone()?)?;
        let own_uid = rustix::process::geteuid().as_raw();
        let allowed = routes::router(control);
        let denied = denied();
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return Ok(()) };
            let stream = accept(&listener).await;
            let app = match stream.peer_cred().map(Caller::from) {
                Ok(caller) if caller.may_control(own_uid, self.group) => allowed.clone(),
                Ok(caller) => {
                    debug!(uid = caller.uid, "control request denied");
                    denied.clone()
                }
                Err(error) => {
                    debug!(%error, "control connection without credentials");
                    denied.clone()
                }
            };
            connections.spawn(async move {
                let _permit: OwnedSemaphorePermit = permit;
                serve_connection(stream, app).await;
            });
        }
    }
}

/// What a caller gets who may not control the daemon.
pub(super) fn denied() -> Router {
    Router::new().fallback(async || ApiError::denied().into_response())
}

async fn accept(listener: &UnixListener) -> UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                warn!(%error, "control socket cannot accept");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

pub(super) async fn serve_connection(stream: UnixStream, app: Router) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .await;
    if let Err(error) = served {
        debug!(%error, "control connection ended");
    }
}
