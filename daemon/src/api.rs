//! Control API: HTTP/1.1 with JSON bodies over a Unix socket, for `tandem`, `curl --unix-socket` and programs.
//!
//! [`ApiServer::bind`] takes the socket, [`ApiServer::serve`] answers requests by asking a [`Control`], which is
//! the rest of the daemon as this module sees it. The types of requests and answers are those of the library
//! [`tandem::api`]. Who may call is decided once per connection, from the kernel's word on who is at the other
//! end (module `caller`); a caller who may not gets one answer, 403, whatever the request.

mod caller;
#[cfg(feature = "fuzzing")]
pub mod doors;
mod error;
mod events;
mod metrics;
mod routes;
mod serve;
mod socket;
#[cfg(test)]
mod tests;
mod wait;

use std::future::Future;

use tandem::api::{
    FlowList, FlowRequest, InviteRequest, InviteResponse, Peer, ReloadReport, Role, SetRequest, Status,
};
use tokio::sync::watch;

pub use error::ApiError;
pub use serve::serve_metrics;
pub use socket::{ApiServer, BindError};

/// What the control API asks of the daemon.
///
/// Calls run concurrently, and a call whose client goes away is dropped at its next await: what must happen as
/// a whole is to be handed to a task that owns it. The methods that only a gateway has answer `wrong-role`
/// unless overridden.
pub trait Control: Clone + Send + Sync + 'static {
    /// The daemon as a whole; on a client with its paths.
    fn status(&self) -> impl Future<Output = Result<Status, ApiError>> + Send;

    /// Gateway: all enrolled peers, in order of name, with the paths of those that are connected.
    fn peers(&self) -> impl Future<Output = Result<Vec<Peer>, ApiError>> + Send {
        async { Err(ApiError::wrong_role(Role::Gateway)) }
    }

    /// The flows of the last minute, those of the highest rate first. The peer's name, if there is one, has been
    /// checked.
    fn flows(&self, request: FlowRequest) -> impl Future<Output = Result<FlowList, ApiError>> + Send;

    /// Gateway: forgets a peer, frees its addresses and ends its tunnel.
    fn remove_peer(&self, name: String) -> impl Future<Output = Result<(), ApiError>> + Send {
        let _ = name;
        async { Err(ApiError::wrong_role(Role::Gateway)) }
    }

    /// Gateway: makes an invitation, or a bearer secret. The name has been checked.
    fn invite(
        &self,
        request: InviteRequest,
    ) -> impl Future<Output = Result<InviteResponse, ApiError>> + Send {
        let _ = request;
        async { Err(ApiError::wrong_role(Role::Gateway)) }
    }

    /// Sets the tunnel up (client), or accepts peers (gateway), as far as that is not so already.
    fn up(&self) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// Takes the tunnel down, routes and all, until [`Control::up`]; the daemon stays.
    fn down(&self) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// Reads the configuration file again and applies what can be applied without dropping the tunnel.
    fn reload(&self) -> impl Future<Output = Result<ReloadReport, ApiError>> + Send;

    /// Changes the configuration in force, until it is read again; all of the request or nothing.
    fn set(&self, request: SetRequest) -> impl Future<Output = Result<ReloadReport, ApiError>> + Send;

    /// A counter that grows whenever the state of the daemon, a peer or a path changes.
    fn changes(&self) -> watch::Receiver<u64>;
}
