//! Refusals and failures as HTTP answers.

use std::fmt::Display;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tandem::api::{ErrorBody, Role, kind};
use tandem::exit::Exit;

/// Why a request was not done: an HTTP status and an [`ErrorBody`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    status: StatusCode,
    exit: Exit,
    kind: &'static str,
    message: String,
    hint: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, exit: Exit::Refused, kind, message: message.into(), hint: None }
    }

    fn exiting(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// Adds what the person can do about it.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The stable label, one of [`tandem::api::kind`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// 409: only a daemon in the role `needed` can do that.
    #[must_use]
    pub fn wrong_role(needed: Role) -> Self {
        let (needed, other) = match needed {
            Role::Gateway => ("gateway", "client"),
            Role::Client | Role::Unknown => ("client", "gateway"),
        };
        Self::new(StatusCode::CONFLICT, kind::WRONG_ROLE, format!("this daemon is a {other}, not a {needed}"))
            .with_hint(format!("name the {needed}'s socket with --socket, or run the command there"))
    }

    /// 404: no peer has that name.
    #[must_use]
    pub fn unknown_peer(name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind::UNKNOWN_PEER, format!("there is no peer named {name}"))
            .with_hint("`tandem peer list` shows the names")
    }

    /// 409: a peer or an invitation has that name.
    #[must_use]
    pub fn name_taken(name: &str) -> Self {
        Self::new(StatusCode::CONFLICT, kind::NAME_TAKEN, format!("the name {name} is taken"))
            .with_hint("choose another name, or `tandem peer remove` the peer that has it")
    }

    /// 503: the pool has no free address.
    #[must_use]
    pub fn pool_exhausted() -> Self {
        let message = "the address pool has no free address";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind::POOL_EXHAUSTED, message)
            .with_hint("remove a peer, or configure a larger gateway.pool")
    }

    /// 503: the store could not be written.
    #[must_use]
    pub fn store_failed(error: &dyn Display) -> Self {
        let message = format!("the store could not be written: {error}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind::STORE_FAILED, message)
            .with_hint("look for free space and permissions in the state directory")
    }

    /// 422: the configuration file has errors, listed in `report`.
    #[must_use]
    pub fn bad_config(report: &dyn Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, kind::BAD_CONFIG, report.to_string())
            .exiting(Exit::Usage)
            .with_hint("the configuration that was in force stays so")
    }

    /// 500: something failed that is not the caller's doing.
    #[must_use]
    pub fn failed(error: &dyn Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, kind::FAILED, error.to_string())
    }

    /// 400: the request itself makes no sense.
    #[must_use]
    pub fn bad_request(error: &dyn Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind::BAD_REQUEST, error.to_string()).exiting(Exit::Usage)
    }

    pub(super) fn bad_name(name: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, kind::BAD_NAME, format!("{name:?} cannot be the name of a peer"))
            .exiting(Exit::Usage)
            .with_hint("use 1 to 63 letters, digits, '.', '_' and '-', and begin with a letter or a digit")
    }

    pub(super) fn denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, kind::DENIED, "you may not control this daemon")
            .with_hint("run as root, or be a member of the group tandem")
    }

    pub(super) fn not_found(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind::NOT_FOUND, format!("there is nothing at {path}"))
            .with_hint("GET /v1/openapi.json describes the API")
    }

    pub(super) fn method_not_allowed(method: &str, path: &str) -> Self {
        let message = format!("{method} does not go with {path}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, kind::METHOD_NOT_ALLOWED, message)
            .with_hint("GET /v1/openapi.json describes the API")
    }

    pub(super) fn timeout() -> Self {
        let message = "the daemon did not finish the request in time";
        Self::new(StatusCode::GATEWAY_TIMEOUT, kind::TIMEOUT, message).exiting(Exit::Timeout)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            code: self.exit.code(),
            kind: self.kind.to_owned(),
            message: self.message,
            hint: self.hint,
        };
        (self.status, Json(body)).into_response()
    }
}
