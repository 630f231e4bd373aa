//! The control API's requests on their way to the control thread's loop, which owns all state.

use tandem::api::{
    FlowList, FlowRequest, InviteRequest, InviteResponse, Peer, ReloadReport, Role, SetRequest, Status,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::api::{ApiError, Control};

/// Where an answer goes. Who asked may have given up, which is no failure.
pub(super) type Reply<T> = oneshot::Sender<Result<T, ApiError>>;

/// A request, with where its answer goes.
pub(super) enum Request {
    Status(Reply<Status>),
    Flows(FlowRequest, Reply<FlowList>),
    Peers(Reply<Vec<Peer>>),
    RemovePeer(String, Reply<()>),
    Invite(InviteRequest, Reply<InviteResponse>),
    Up(Reply<()>),
    Down(Reply<()>),
    Reload(Reply<ReloadReport>),
    Set(SetRequest, Reply<ReloadReport>),
}

/// Counts changes of the daemon's state.
#[derive(Debug, Default)]
pub(super) struct Changes(watch::Sender<u64>);

impl Changes {
    /// Says that something has changed.
    pub(super) fn tick(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// Follows the counter.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// The daemon as the control API sees it.
#[derive(Clone)]
pub(super) struct Remote {
    role: Role,
    requests: mpsc::Sender<Request>,
    changes: watch::Receiver<u64>,
}

impl Remote {
    pub(super) fn new(role: Role, requests: mpsc::Sender<Request>, changes: watch::Receiver<u64>) -> Self {
        Self { role, requests, changes }
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, ApiError> {
        let (reply, answer) = oneshot::channel();
        let stopping = || ApiError::failed(&"the daemon is stopping");
        self.requests.send(request(reply)).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }

    async fn ask_gateway<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, ApiError> {
        if self.role != Role::Gateway {
            return Err(ApiError::wrong_role(Role::Gateway));
        }
        self.ask(request).await
    }
}

impl Control for Remote {
    async fn status(&self) -> Result<Status, ApiError> {
        self.ask(Request::Status).await
    }

    async fn flows(&self, request: FlowRequest) -> Result<FlowList, ApiError> {
        if request.peer.is_some() && self.role != Role::Gateway {
            return Err(ApiError::wrong_role(Role::Gateway));
        }
        self.ask(|reply| Request::Flows(request, reply)).await
    }

    async fn peers(&self) -> Result<Vec<Peer>, ApiError> {
        self.ask_gateway(Request::Peers).await
    }

    async fn remove_peer(&self, name: String) -> Result<(), ApiError> {
        self.ask_gateway(|reply| Request::RemovePeer(name, reply)).await
    }

    async fn invite(&self, request: InviteRequest) -> Result<InviteResponse, ApiError> {
        self.ask_gateway(|reply| Request::Invite(request, reply)).await
    }

    async fn up(&self) -> Result<(), ApiError> {
        self.ask(Request::Up).await
    }

    async fn down(&self) -> Result<(), ApiError> {
        self.ask(Request::Down).await
    }

    async fn reload(&self) -> Result<ReloadReport, ApiError> {
        self.ask(Request::Reload).await
    }

    async fn set(&self, request: SetRequest) -> Result<ReloadReport, ApiError> {
        self.ask(|reply| Request::Set(request, reply)).await
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}
