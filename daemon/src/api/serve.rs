//! The accept loop: one task per connection, a bounded number of them, none idle for ever.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
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
        let mut connections = Connections::new();
        loop {
            let Some(permit) = connections.room().await else { return Ok(()) };
            let stream = accept(|| listener.accept()).await;
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
            connections.serve(permit, stream, app);
        }
    }
}

/// Answers `GET /metrics` on `listener`, and nothing else, until dropped.
pub async fn serve_metrics(listener: TcpListener, control: impl Control) {
    let app = routes::figures_only(control);
    let mut connections = Connections::new();
    while let Some(permit) = connections.room().await {
        let stream = accept(|| listener.accept()).await;
        connections.serve(permit, stream, app.clone());
    }
}

/// What is being served; ends when dropped.
struct Connections {
    room: Arc<Semaphore>,
    open: JoinSet<()>,
}

impl Connections {
    fn new() -> Self {
        Self { room: Arc::new(Semaphore::new(MAX_CONNECTIONS)), open: JoinSet::new() }
    }

    /// Waits until there is room for another one.
    async fn room(&mut self) -> Option<OwnedSemaphorePermit> {
        while self.open.try_join_next().is_some() {}
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    fn serve<S>(&mut self, permit: OwnedSemaphorePermit, stream: S, app: Router)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.open.spawn(async move {
            let _permit = permit;
            serve_connection(stream, app).await;
        });
    }
}

/// What a caller gets who may not control the daemon.
pub(super) fn denied() -> Router {
    Router::new().fallback(async || ApiError::denied().into_response())
}

async fn accept<S, A, F>(mut next: impl FnMut() -> F) -> S
where
    F: Future<Output = std::io::Result<(S, A)>>,
{
    loop {
        match next().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                warn!(%error, "control socket cannot accept");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

pub(super) async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    app: Router,
) {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .await;
    if let Err(error) = served {
        debug!(%error, "control connection ended");
    }
}
