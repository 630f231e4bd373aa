//! A made-up daemon, and a world to serve it in.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tandem::api::{
    Credential, DEFAULT_FLOW_LIMIT, Flow, FlowBasis, FlowClass, FlowList, FlowRequest, InviteRequest,
    InviteResponse, Path, Peer, PeerCount, PeerState, ReloadReport, Role, SCHEMA, SetRequest, State, Status,
    reason,
};
use tandem::client::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api::{ApiError, ApiServer, Control};

/// A daemon whose whole state is one [`Status`] that the test sets.
#[derive(Clone)]
pub(in crate::api) struct Fake {
    status: Arc<Mutex<Status>>,
    changes: Arc<watch::Sender<u64>>,
}

impl Fake {
    pub(in crate::api) fn new(role: Role, state: State, paths: Vec<Path>) -> Self {
        let status = Status {
            schema: SCHEMA,
            version: "0.1.0".into(),
            role,
            config_file: None,
            state,
            reason: reason::ESTABLISHED.into(),
            since_unix_us: None,
            tunnel: None,
            gateway: None,
            peers: (role == Role::Gateway).then_some(PeerCount { enrolled: 1, connected: 1 }),
            paths,
            uptime_us: 1,
            resident_bytes: None,
            peer_state_bytes: None,
        };
        Self { status: Arc::new(Mutex::new(status)), changes: Arc::new(watch::Sender::new(0)) }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap());
        self.changes.send_modify(|count| *count += 1);
    }

    fn only_on(&self, role: Role) -> Result<(), ApiError> {
        if self.status.lock().unwrap().role == role { Ok(()) } else { Err(ApiError::wrong_role(role)) }
    }
}

impl Control for Fake {
    async fn status(&self) -> Result<Status, ApiError> {
        Ok(self.status.lock().unwrap().clone())
    }

    async fn peers(&self) -> Result<Vec<Peer>, ApiError> {
        self.only_on(Role::Gateway)?;
        let paths = self.status.lock().unwrap().paths.clone();
        Ok(vec![Peer { name: "laptop".into(), state: PeerState::Connected, paths, ..Peer::default() }])
    }

    async fn flows(&self, request: FlowRequest) -> Result<FlowList, ApiError> {
        // Says what it was asked for.
        Ok(FlowList {
            schema: SCHEMA,
            flows: vec![flow(request.peer)],
            total: request.limit.unwrap_or(DEFAULT_FLOW_LIMIT).into(),
        })
    }

    async fn remove_peer(&self, name: String) -> Result<(), ApiError> {
        self.only_on(Role::Gateway)?;
        if name == "laptop" { Ok(()) } else { Err(ApiError::unknown_peer(&name)) }
    }

    async fn invite(&self, request: InviteRequest) -> Result<InviteResponse, ApiError> {
        self.only_on(Role::Gateway)?;
        if request.name == "laptop" {
            return Err(ApiError::name_taken(&request.name));
        }
        let credential = request.credential;
        let expires_unix_us = (credential == Credential::Key).then_some(1);
        Ok(InviteResponse {
            schema: SCHEMA,
            name: request.name,
            credential,
            token: "t".into(),
            expires_unix_us,
        })
    }

    async fn up(&self) -> Result<(), ApiError> {
        self.change(|status| status.state = State::Connecting);
        Ok(())
    }

    async fn down(&self) -> Result<(), ApiError> {
        self.change(|status| status.state = State::Disconnected);
        Ok(())
    }

    async fn reload(&self) -> Result<ReloadReport, ApiError> {
        Err(ApiError::bad_config(&"line 3: links.alow: unknown key"))
    }

    async fn set(&self, request: SetRequest) -> Result<ReloadReport, ApiError> {
        // Says what it was asked for.
        let applied = request.changes.iter().map(|change| format!("{change:?}")).collect();
        Ok(ReloadReport { schema: SCHEMA, applied, needs_restart: Vec::new() })
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

fn flow(peer: Option<String>) -> Flow {
    Flow {
        peer,
        protocol: "udp".into(),
        local: [10, 77, 0, 2].into(),
        local_port: Some(5000),
        remote: [192, 0, 2, 1].into(),
        remote_port: None,
        class: FlowClass::Realtime,
        decided_by: FlowBasis::Rule,
        rule: Some(1),
        tx_packets: 1,
        tx_bytes: 2,
        rx_packets: 3,
        rx_bytes: 4,
        tx_rate_bps: 5,
        rx_rate_bps: 6,
        age_us: 7,
        idle_us: 8,
    }
}

/// A directory of the test's own, removed at its end.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tandem-api-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o755).create(&path).unwrap();
        Self(path)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("ctl.sock")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A made-up daemon being served.
pub(super) struct Served {
    pub(super) client: Client,
    pub(super) directory: Directory,
    server: JoinHandle<std::io::Result<()>>,
}

impl Served {
    pub(super) fn new(fake: Fake) -> Self {
        let directory = Directory::new();
        let server = ApiServer::bind(&directory.socket(), None).unwrap();
        let client = Client::new(directory.socket());
        Self { client, directory, server: tokio::spawn(server.serve(fake)) }
    }

    /// Sends the bytes of a request as `curl --unix-socket` would, and returns those of the answer.
    pub(super) async fn raw(&self, request: &str) -> String {
        let mut stream = UnixStream::connect(self.directory.socket()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Status line and JSON body of a request with these lines and body.
    pub(super) async fn curl(&self, line: &str, body: &str) -> (u16, serde_json::Value) {
        let head = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        let answer = self.raw(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/json"), "{head}");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    /// Ends the server as the end of the daemon would.
    pub(super) async fn stop(self) -> Directory {
        self.server.abort();
        let _ = self.server.await;
        self.directory
    }
}
