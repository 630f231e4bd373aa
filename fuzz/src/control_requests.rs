//! Requests to the control API, as bytes on its socket.

use std::time::Duration;

use serde_json::Value;
use tandem::api::{
    Credential, FlowList, FlowRequest, InviteRequest, InviteResponse, Peer, ReloadReport, Role, SCHEMA,
    SetRequest, State, Status, is_valid_name, reason,
};
use tandem_daemon::api::{ApiError, Control, doors};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::watch;

/// What a program writes to the socket before it ends.
pub fn run(data: &[u8]) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // Virtual time: a long poll is over at once.
    let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
    let answer = runtime.block_on(async {
        let (mut program, daemon) = UnixStream::pair().expect("a pair of sockets");
        let mut served = std::pin::pin!(doors::answer(daemon, Fake::new()));
        let mut answer = Vec::new();
        let talk = async {
            // It may hang up on nonsense before all of it is written.
            let _ = program.write_all(data).await;
            let _ = program.shutdown().await;
            let _ = program.read_to_end(&mut answer).await;
        };
        let both = async { tokio::join!(talk, served.as_mut()) };
        tokio::time::timeout(Duration::from_secs(600), both).await.expect("a connection ends");
        answer
    });
    check(&answer);
}

/// Every answer is HTTP, and has a body of JSON with a schema.
fn check(answer: &[u8]) {
    if answer.is_empty() {
        return;
    }
    let text = std::str::from_utf8(answer).expect("answers are text");
    assert!(text.starts_with("HTTP/1."), "{text:?}");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let is_json = head.lines().any(|line| line.eq_ignore_ascii_case("content-type: application/json"));
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let (true, Some(length)) = (is_json, length) else {
        // hyper's own: the request was no HTTP.
        return assert!(head.starts_with("HTTP/1.1 4") || head.contains(" 100 "), "{head}");
    };
    // None for HEAD; and what follows is the next answer.
    let Some(body) = body.get(..length) else { return };
    let Ok(body) = serde_json::from_str::<Value>(body) else {
        return assert!(body.starts_with("HTTP"), "{text}");
    };
    // An error says its type.
    assert!(body["schema"] == SCHEMA || body["type"].is_string() || body["openapi"].is_string(), "{body}");
}

/// A gateway that holds nothing.
#[derive(Clone)]
struct Fake(watch::Sender<u64>);

impl Fake {
    fn new() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Control for Fake {
    async fn status(&self) -> Result<Status, ApiError> {
        Ok(Status {
            schema: SCHEMA,
            version: "0".to_owned(),
            role: Role::Gateway,
            config_file: None,
            state: State::Serving,
            reason: reason::ESTABLISHED.to_owned(),
            since_unix_us: None,
            tunnel: None,
            gateway: None,
            peers: None,
            paths: Vec::new(),
            uptime_us: 1,
            resident_bytes: None,
            peer_state_bytes: None,
        })
    }

    async fn flows(&self, request: FlowRequest) -> Result<FlowList, ApiError> {
        if let Some(name) = request.peer {
            assert!(is_valid_name(&name), "{name:?} came through");
        }
        Ok(FlowList { schema: SCHEMA, flows: Vec::new(), total: 0 })
    }

    async fn peers(&self) -> Result<Vec<Peer>, ApiError> {
        Ok(Vec::new())
    }

    async fn remove_peer(&self, name: String) -> Result<(), ApiError> {
        assert!(is_valid_name(&name), "{name:?} came through");
        Err(ApiError::unknown_peer(&name))
    }

    async fn invite(&self, request: InviteRequest) -> Result<InviteResponse, ApiError> {
        assert!(is_valid_name(&request.name), "{:?} came through", request.name);
        let (name, credential) = (request.name, request.credential);
        let expires_unix_us = request.expires_us.filter(|_| credential == Credential::Key);
        Ok(InviteResponse { schema: SCHEMA, name, credential, token: "t".to_owned(), expires_unix_us })
    }

    async fn up(&self) -> Result<(), ApiError> {
        Ok(())
    }

    async fn down(&self) -> Result<(), ApiError> {
        Ok(())
    }

    async fn reload(&self) -> Result<ReloadReport, ApiError> {
        Ok(ReloadReport { schema: SCHEMA, ..ReloadReport::default() })
    }

    async fn set(&self, _: SetRequest) -> Result<ReloadReport, ApiError> {
        Ok(ReloadReport { schema: SCHEMA, ..ReloadReport::default() })
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
