//! Addresses of the API and what happens at each.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use tandem::api::{
    ErrorBody, Event, FlowList, FlowRequest, InviteRequest, InviteResponse, PathList, PeerList, PeerRemoved,
    ReloadReport, SCHEMA, SetRequest, Status, WaitReport, WaitRequest, is_valid_name,
};
use utoipa::OpenApi;

use super::events::events;
use super::metrics::{self, metrics};
use super::wait::{MAX_WAIT, all_paths, wait};
use super::{ApiError, Control};

/// Largest request body: some hundred settings.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// Time for any request but the long poll.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

type Answer<T> = Result<Json<T>, ApiError>;

#[derive(OpenApi)]
#[openapi(
    info(title = "tandem control API", description = "HTTP/1.1 with JSON over the daemon's Unix socket"),
    paths(
        status,
        paths,
        flows,
        peers,
        remove_peer,
        invite,
        up,
        down,
        reload,
        set,
        wait_for,
        listen,
        figures
    )
)]
struct Document;

/// All routes, for a caller who may use them.
pub(super) fn router(control: impl Control) -> Router {
    routes_of(control)
        .fallback(async |uri: Uri| ApiError::not_found(uri.path()))
        .method_not_allowed_fallback(async |method: Method, uri: Uri| {
            ApiError::method_not_allowed(method.as_str(), uri.path())
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// The figures alone, for whoever can reach the address.
pub(super) fn figures_only<C: Control>(control: C) -> Router {
    Router::new()
        .route("/metrics", get(figures::<C>))
        .route_layer(from_fn(|request, next| limit_time(REQUEST_TIMEOUT, request, next)))
        .with_state(control)
}

fn routes_of<C: Control>(control: C) -> Router {
    Router::new()
        .route("/v1/status", get(status::<C>))
        .route("/v1/paths", get(paths::<C>))
        .route("/v1/flows", get(flows::<C>))
        .route("/v1/peers", get(peers::<C>))
        .route("/v1/peers/{name}", delete(remove_peer::<C>))
        .route("/v1/invitations", post(invite::<C>))
        .route("/v1/up", post(up::<C>))
        .route("/v1/down", post(down::<C>))
        .route("/v1/reload", post(reload::<C>))
        .route("/v1/set", post(set::<C>))
        .route("/v1/metrics", get(figures::<C>))
        .route("/v1/openapi.json", get(async || Json(Document::openapi())))
        .route_layer(from_fn(|request, next| limit_time(REQUEST_TIMEOUT, request, next)))
        .merge(long_poll())
        // As long as the caller listens.
        .route("/v1/events", get(listen::<C>))
        .with_state(control)
}

fn long_poll<C: Control>() -> Router<C> {
    Router::new()
        .route("/v1/wait", get(wait_for::<C>))
        .route_layer(from_fn(|request, next| limit_time(MAX_WAIT + REQUEST_TIMEOUT, request, next)))
}

async fn limit_time(limit: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::timeout().into_response(),
    }
}

/// The daemon as a whole.
#[utoipa::path(get, path = "/v1/status", responses(
    (status = 200, body = Status), (status = "default", body = ErrorBody)))]
async fn status<C: Control>(State(control): State<C>) -> Answer<Status> {
    control.status().await.map(Json)
}

/// All paths, and the links without one.
#[utoipa::path(get, path = "/v1/paths", responses(
    (status = 200, body = PathList), (status = "default", body = ErrorBody)))]
async fn paths<C: Control>(State(control): State<C>) -> Answer<PathList> {
    let status = control.status().await?;
    let paths = all_paths(&control, status).await?;
    Ok(Json(PathList { schema: SCHEMA, paths }))
}

/// Flows of the last minute and their classes, those of the highest rate first.
#[utoipa::path(get, path = "/v1/flows", params(FlowRequest), responses(
    (status = 200, body = FlowList), (status = "default", body = ErrorBody)))]
async fn flows<C: Control>(
    State(control): State<C>,
    query: Result<Query<FlowRequest>, QueryRejection>,
) -> Answer<FlowList> {
    let Query(request) = query.map_err(|error| ApiError::bad_request(&error))?;
    let peer = request.peer.map(valid_name).transpose()?;
    control.flows(FlowRequest { peer, ..request }).await.map(Json)
}

/// Gateway: all peers.
#[utoipa::path(get, path = "/v1/peers", responses(
    (status = 200, body = PeerList), (status = "default", body = ErrorBody)))]
async fn peers<C: Control>(State(control): State<C>) -> Answer<PeerList> {
    Ok(Json(PeerList { schema: SCHEMA, peers: control.peers().await? }))
}

/// Gateway: forgets a peer and ends its tunnel.
#[utoipa::path(delete, path = "/v1/peers/{name}", params(("name" = String, Path)), responses(
    (status = 200, body = PeerRemoved), (status = "default", body = ErrorBody)))]
async fn remove_peer<C: Control>(
    State(control): State<C>,
    name: Result<Path<String>, PathRejection>,
) -> Answer<PeerRemoved> {
    let Path(name) = name.map_err(|error| ApiError::bad_request(&error))?;
    let name = valid_name(name)?;
    control.remove_peer(name.clone()).await?;
    Ok(Json(PeerRemoved { schema: SCHEMA, removed: name }))
}

/// Gateway: makes a token with which one peer can enrol, or a bearer secret.
///
/// The body is JSON whatever its `content-type` says, so that `curl -d` will do.
#[utoipa::path(post, path = "/v1/invitations", request_body = InviteRequest, responses(
    (status = 200, body = InviteResponse), (status = "default", body = ErrorBody)))]
async fn invite<C: Control>(
    State(control): State<C>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<InviteResponse> {
    let request: InviteRequest = from_json(body)?;
    let request = InviteRequest { name: valid_name(request.name)?, ..request };
    control.invite(request).await.map(Json)
}

/// Sets the tunnel up, or accepts peers. Answers at once, usually while that is still under way.
#[utoipa::path(post, path = "/v1/up", responses(
    (status = 200, body = Status), (status = "default", body = ErrorBody)))]
async fn up<C: Control>(State(control): State<C>) -> Answer<Status> {
    control.up().await?;
    control.status().await.map(Json)
}

/// Takes the tunnel down until it is told to come up again.
#[utoipa::path(post, path = "/v1/down", responses(
    (status = 200, body = Status), (status = "default", body = ErrorBody)))]
async fn down<C: Control>(State(control): State<C>) -> Answer<Status> {
    control.down().await?;
    control.status().await.map(Json)
}

/// Reads the configuration again.
#[utoipa::path(post, path = "/v1/reload", responses(
    (status = 200, body = ReloadReport), (status = "default", body = ErrorBody)))]
async fn reload<C: Control>(State(control): State<C>) -> Answer<ReloadReport> {
    control.reload().await.map(Json)
}

/// Changes settings until the configuration is read again. No file is changed: `tandem set` does that by itself.
#[utoipa::path(post, path = "/v1/set", request_body = SetRequest, responses(
    (status = 200, body = ReloadReport), (status = "default", body = ErrorBody)))]
async fn set<C: Control>(
    State(control): State<C>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<ReloadReport> {
    control.set(from_json(body)?).await.map(Json)
}

/// Waits for the tunnel and a number of usable paths.
#[utoipa::path(get, path = "/v1/wait", params(WaitRequest), responses(
    (status = 200, body = WaitReport), (status = "default", body = ErrorBody)))]
async fn wait_for<C: Control>(
    State(control): State<C>,
    query: Result<Query<WaitRequest>, QueryRejection>,
) -> Answer<WaitReport> {
    let Query(request) = query.map_err(|error| ApiError::bad_request(&error))?;
    wait(&control, request).await.map(Json)
}

/// The daemon's figures, for Prometheus (OpenMetrics 1.0).
#[utoipa::path(get, path = "/v1/metrics", responses(
    (status = 200, body = String, content_type = "application/openmetrics-text"), (status = "default", body = ErrorBody)))]
async fn figures<C: Control>(State(control): State<C>) -> Result<Response, ApiError> {
    let text = metrics(&control).await?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT)], text).into_response())
}

/// What happens, as it happens: an [`Event`] a line (JSON Lines), now and then an empty line. The first ones tell the
/// present states.
#[utoipa::path(get, path = "/v1/events", responses(
    (status = 200, body = Event, content_type = "application/jsonl"), (status = "default", body = ErrorBody)))]
async fn listen<C: Control>(State(control): State<C>) -> Result<Response, ApiError> {
    let body = events(control).await?;
    Ok(([(CONTENT_TYPE, "application/jsonl")], body).into_response())
}

fn from_json<T: serde::de::DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, ApiError> {
    let body = body.map_err(|error| ApiError::bad_request(&error))?;
    serde_json::from_slice(&body).map_err(|error| ApiError::bad_request(&error))
}

fn valid_name(name: String) -> Result<String, ApiError> {
    if is_valid_name(&name) { Ok(name) } else { Err(ApiError::bad_name(&name)) }
}
