use serde_json::json;
use tandem::api::{Credential, FlowRequest, InviteRequest, Path, PathState, Role, State, kind};
use tandem::client::ClientError;

use super::fake::{Fake, Served};

fn gateway() -> Served {
    let path = Path { id: Some(0), state: PathState::Up, ..Path::default() };
    Served::new(Fake::new(Role::Gateway, State::Serving, vec![path]))
}

fn client() -> Served {
    Served::new(Fake::new(Role::Client, State::Connected, vec![]))
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ClientError>) -> String {
    match result {
        Err(ClientError::Refused(body)) => body.kind,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn invitation(name: &str) -> InviteRequest {
    InviteRequest { name: name.into(), expires_us: None, credential: Credential::Key }
}

#[tokio::test]
async fn curl_gets_the_status() {
    let (status, body) = client().curl("GET /v1/status", "").await;
    assert_eq!(status, 200);
    assert_eq!(body["schema"], 1);
    assert_eq!(body["role"], "client");
    assert_eq!(body["state"], "connected");
}

#[tokio::test]
async fn a_gateways_paths_name_their_peers() {
    let list = gateway().client.paths().await.unwrap();
    assert_eq!(list.paths.len(), 1);
    assert_eq!(list.paths[0].peer.as_deref(), Some("laptop"));
}

#[tokio::test]
async fn flows_are_listed_with_peer_and_limit_as_asked() {
    let (status, body) = gateway().curl("GET /v1/flows?peer=laptop&limit=7", "").await;
    assert_eq!(status, 200);
    assert_eq!((&body["flows"][0]["peer"], &body["total"]), (&json!("laptop"), &json!(7)));
    let request = FlowRequest { peer: Some("laptop".into()), limit: None };
    assert_eq!(gateway().client.flows(&request).await.unwrap().total, 50);
    assert_eq!(client().client.flows(&FlowRequest::default()).await.unwrap().flows[0].peer, None);
    let (status, body) = gateway().curl("GET /v1/flows?peer=..%2Fetc", "").await;
    assert_eq!((status, &body["type"]), (400, &json!(kind::BAD_NAME)));
    let (status, body) = gateway().curl("GET /v1/flows?limit=few", "").await;
    assert_eq!((status, &body["type"]), (400, &json!(kind::BAD_REQUEST)));
}

#[tokio::test]
async fn curl_invites_without_naming_a_content_type() {
    let (status, body) = gateway().curl("POST /v1/invitations", r#"{"name":"phone"}"#).await;
    assert_eq!(status, 200);
    assert_eq!(
        body,
        json!({"schema": 1, "name": "phone", "credential": "key", "token": "t", "expires_unix_us": 1})
    );
}

#[tokio::test]
async fn settings_are_handed_on_as_they_came() {
    let body = r#"{"changes": [{"key": {"path": ["link", "wwan0", "tier"], "value": "backup"}}]}"#;
    let (status, body) = client().curl("POST /v1/set", body).await;
    assert_eq!(status, 200);
    assert!(body["applied"][0].as_str().unwrap().contains("wwan0"), "{body}");
    let wrong = r#"{"changes": [{"key": {"path": [], "colour": "red"}}]}"#;
    let (status, body) = client().curl("POST /v1/set", wrong).await;
    assert_eq!((status, &body["type"]), (400, &json!(kind::BAD_REQUEST)));
}

#[tokio::test]
async fn a_client_does_not_invite() {
    let served = client();
    assert_eq!(refusal(served.client.invite(&invitation("phone")).await), kind::WRONG_ROLE);
    assert_eq!(refusal(served.client.peers().await), kind::WRONG_ROLE);
    assert_eq!(refusal(served.client.remove_peer("laptop").await), kind::WRONG_ROLE);
}

#[tokio::test]
async fn each_refusal_has_its_own_label() {
    let served = gateway();
    assert_eq!(refusal(served.client.invite(&invitation("laptop")).await), kind::NAME_TAKEN);
    assert_eq!(refusal(served.client.invite(&invitation("../etc")).await), kind::BAD_NAME);
    assert_eq!(refusal(served.client.remove_peer("stranger").await), kind::UNKNOWN_PEER);
    assert_eq!(refusal(served.client.reload().await), kind::BAD_CONFIG);
}

#[tokio::test]
async fn a_peer_is_removed_by_name() {
    assert_eq!(gateway().client.remove_peer("laptop").await.unwrap().removed, "laptop");
}

#[tokio::test]
async fn down_and_up_answer_with_the_new_state() {
    let served = client();
    assert_eq!(served.client.down().await.unwrap().state, State::Disconnected);
    assert_eq!(served.client.up().await.unwrap().state, State::Connecting);
}

#[tokio::test]
async fn what_does_not_exist_is_a_json_404() {
    let (status, body) = client().curl("GET /v2/status", "").await;
    assert_eq!((status, &body["type"]), (404, &json!("not-found")));
}

#[tokio::test]
async fn a_wrong_method_is_a_json_405() {
    let served = client();
    for line in ["POST /v1/status", "GET /v1/up", "DELETE /v1/wait"] {
        let (status, body) = served.curl(line, "").await;
        assert_eq!((status, &body["type"]), (405, &json!("method-not-allowed")), "{line}");
    }
}

#[tokio::test]
async fn a_malformed_body_is_a_json_400() {
    let served = gateway();
    let too_long = format!(r#"{{"name":"{}"}}"#, "x".repeat(32 * 1024));
    let nested = "[".repeat(10_000);
    for body in ["", "{", "[]", r#"{"name":1}"#, r#"{"name":"x","expiry":1}"#, "\0\0", &too_long, &nested] {
        let (status, answer) = served.curl("POST /v1/invitations", body).await;
        assert_eq!((status, &answer["code"]), (400, &json!(2)), "{answer}");
    }
}

#[tokio::test]
async fn a_malformed_query_or_name_is_a_json_400() {
    let served = gateway();
    let lines = [
        "GET /v1/wait?paths=-1",
        "GET /v1/wait?timeout_us=soon",
        "DELETE /v1/peers/%ff",
        "DELETE /v1/peers/%2e",
    ];
    for line in lines {
        let (status, answer) = served.curl(line, "").await;
        assert_eq!((status, &answer["code"]), (400, &json!(2)), "{line}: {answer}");
    }
}

#[tokio::test]
async fn the_next_request_is_answered_after_bytes_that_are_no_http() {
    let served = client();
    let answer = served.raw("\u{1}\u{2} tandem\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(served.client.status().await.is_ok());
}

#[tokio::test]
async fn the_document_describes_every_address() {
    let (status, body) = client().curl("GET /v1/openapi.json", "").await;
    assert_eq!(status, 200);
    let described: Vec<&str> = body["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        described,
        [
            "/v1/down",
            "/v1/events",
            "/v1/flows",
            "/v1/invitations",
            "/v1/metrics",
            "/v1/paths",
            "/v1/peers",
            "/v1/peers/{name}",
            "/v1/reload",
            "/v1/set",
            "/v1/status",
            "/v1/up",
            "/v1/wait"
        ]
    );
    let path = &body["components"]["schemas"]["Path"]["properties"];
    assert_eq!(path["rtt_us"]["description"], "Smoothed round-trip time.");
    assert!(path["remote"]["type"].as_array().unwrap().contains(&json!("string")), "{}", path["remote"]);
}
