//! Addresses of the API and what happens at each.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use tandem::api::{
    ErrorBody, FlowList, FlowRequest, InviteRequest, InviteResponse, PathList, PeerList, PeerRemoved,
    ReloadReport, SCHEMA, Status, WaitReport, WaitRequest, is_valid_name,
};
use utoipa::OpenApi;

use super::wait::{MAX_WAIT, all_paths, wait};
use super::{ApiError, Control};

/// Largest request body. The only one there is holds a name and two options.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// Time for any request but the long poll.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

type Answer<T> = Result<Json<T>, ApiError>;

#[derive(OpenApi)]
#[openapi(
    info(title = "tandem control API", description = "HTTP/1.1 with JSON over the daemon's Unix socket"),
    paths(status, paths, flows, peers, remove_peer, invite, up, down, reload, wait_for)
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
        .route("/v1/openapi.json", get(async || Json(Document::openapi())))
        .route_layer(from_fn(|request, next| limit_time(REQUEST_TIMEOUT, request, next)))
        .merge(long_poll())
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
    let body = body.map_err(|error| ApiError::bad_request(&error))?;
    let request: InviteRequest =
        serde_json::from_slice(&body).map_err(|error| ApiError::bad_request(&error))?;
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

fn valid_name(name: String) -> Result<String, ApiError> {
    if is_valid_name(&name) { Ok(name) } else { Err(ApiError::bad_name(&name)) }
}
