//! Client of the control API.
//!
//! One connection per request: the daemon may be restarted between two of them, and nothing here is frequent
//! enough for that to cost.

mod error;
mod exchange;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Method;

use crate::api::{
    Event, FlowList, FlowRequest, InviteRequest, InviteResponse, MAX_WAIT_US, PathList, PeerList,
    PeerRemoved, ReloadReport, SetRequest, Status, WaitReport, WaitRequest,
};

pub use error::ClientError;
use exchange::{exchange, listen};

/// Where a daemon that was not told otherwise listens.
pub const DEFAULT_SOCKET: &str = "/run/tandem/ctl.sock";

/// How long a request may take: longer than the daemon's own limit, which gives the better message.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest that the daemon takes on purpose, in a wait.
const LONGEST_WAIT: Duration = Duration::from_micros(MAX_WAIT_US);

/// A daemon, by its socket. Needs a tokio runtime with I/O and time.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// Every method fails with [`ClientError`]: the daemon does not run, may not be talked to, refuses, takes too
/// long, or answers nonsense.
impl Client {
    /// A client of the daemon that listens on `socket`. Connects with each request, not before.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// The daemon's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The daemon as a whole.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.request(Method::GET, "/v1/status", None, Duration::ZERO).await
    }

    /// All paths, and the links without one.
    pub async fn paths(&self) -> Result<PathList, ClientError> {
        self.request(Method::GET, "/v1/paths", None, Duration::ZERO).await
    }

    /// Flows and their classes. A `peer` in the request is a name that [`crate::api::is_valid_name`] accepts.
    pub async fn flows(&self, request: &FlowRequest) -> Result<FlowList, ClientError> {
        let limit = request.limit.map(|limit| limit.to_string());
        let query = query([("peer", request.peer.clone()), ("limit", limit)]);
        self.request(Method::GET, &format!("/v1/flows{query}"), None, Duration::ZERO).await
    }

    /// Gateway: all peers.
    pub async fn peers(&self) -> Result<PeerList, ClientError> {
        self.request(Method::GET, "/v1/peers", None, Duration::ZERO).await
    }

    /// Gateway: forgets a peer. `name` is one that [`crate::api::is_valid_name`] accepts.
    pub async fn remove_peer(&self, name: &str) -> Result<PeerRemoved, ClientError> {
        self.request(Method::DELETE, &format!("/v1/peers/{name}"), None, Duration::ZERO).await
    }

    /// Gateway: makes a token for one peer.
    pub async fn invite(&self, request: &InviteRequest) -> Result<InviteResponse, ClientError> {
        self.request(Method::POST, "/v1/invitations", Some(self.json(request)?), Duration::ZERO).await
    }

    /// Sets the tunnel up, or accepts peers.
    pub async fn up(&self) -> Result<Status, ClientError> {
        self.request(Method::POST, "/v1/up", None, Duration::ZERO).await
    }

    /// Takes the tunnel down.
    pub async fn down(&self) -> Result<Status, ClientError> {
        self.request(Method::POST, "/v1/down", None, Duration::ZERO).await
    }

    /// Reads the configuration again.
    pub async fn reload(&self) -> Result<ReloadReport, ClientError> {
        self.request(Method::POST, "/v1/reload", None, Duration::ZERO).await
    }

    /// Changes settings until the configuration is read again.
    pub async fn set(&self, request: &SetRequest) -> Result<ReloadReport, ClientError> {
        self.request(Method::POST, "/v1/set", Some(self.json(request)?), Duration::ZERO).await
    }

    /// Tells what happens, as it happens, until `tell` has heard enough or the daemon ends. The first events tell the
    /// present states.
    pub async fn events(&self, tell: impl FnMut(Event) -> ControlFlow<()>) -> Result<(), ClientError> {
        listen(&self.socket, "/v1/events", tell).await
    }

    /// Waits for the tunnel and its paths, once: the daemon limits how long, so ask again while it is not
    /// [`WaitReport::ready`].
    pub async fn wait(&self, request: WaitRequest) -> Result<WaitReport, ClientError> {
        let (paths, timeout) = (request.paths.map(u64::from), request.timeout_us);
        let text = |value: Option<u64>| value.map(|value| value.to_string());
        let query = query([("paths", text(paths)), ("timeout_us", text(timeout))]);
        let span = request.timeout_us.map_or(LONGEST_WAIT, Duration::from_micros);
        self.request(Method::GET, &format!("/v1/wait{query}"), None, span).await
    }

    fn json(&self, body: &impl serde::Serialize) -> Result<Vec<u8>, ClientError> {
        let failed =
            |error: serde_json::Error| ClientError::Io { socket: self.socket.clone(), source: error.into() };
        serde_json::to_vec(body).map_err(failed)
    }

    /// One request; `extra` is how long the daemon may take on purpose.
    async fn request<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        target: &str,
        body: Option<Vec<u8>>,
        extra: Duration,
    ) -> Result<T, ClientError> {
        let limit = REQUEST_TIMEOUT.saturating_add(extra.min(LONGEST_WAIT));
        match tokio::time::timeout(limit, exchange(&self.socket, method, target, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Timeout { socket: self.socket.clone(), after: limit }),
        }
    }
}

/// The part of a target after its path; the values need no escaping.
fn query<const N: usize>(fields: [(&str, Option<String>); N]) -> String {
    let given = fields.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
    let text = given.collect::<Vec<_>>().join("&");
    if text.is_empty() { text } else { format!("?{text}") }
}
