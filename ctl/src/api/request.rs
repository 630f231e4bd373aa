//! Bodies of requests, and the answers that belong to them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Path, State};

/// How long an invitation is good for unless the request says otherwise: 24 hours.
pub const DEFAULT_INVITE_EXPIRY_US: u64 = 24 * 60 * 60 * 1_000_000;

/// The longest that one `GET /v1/wait` takes, and how long it takes if not told otherwise: 30 seconds, so that a
/// client soon notices a daemon that died.
pub const MAX_WAIT_US: u64 = 30_000_000;

/// Longest name of a peer, in bytes.
const MAX_NAME_BYTES: usize = 63;

/// Whether `name` can be a peer's name: 1 to 63 ASCII letters, digits, `.`, `_` and `-`, not starting with a
/// hyphen or a dot.
///
/// Narrow enough to stand in an address, a file name and a command line without being escaped.
#[must_use]
pub fn is_valid_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with(['-', '.'])
}

/// Body of `POST /v1/invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteRequest {
    /// Name of the peer to be.
    pub name: String,
    /// For how long from now the token can be used; 24 hours if left out. Not for `bearer`.
    #[serde(default)]
    pub expires_us: Option<u64>,
    /// What the peer will prove itself with; `key` if left out.
    #[serde(default)]
    pub credential: Credential,
}

/// What a peer proves itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// Its own key, enrolled with a token that works once.
    #[default]
    Key,
    /// A long-lived secret sent as `Authorization: Bearer` (RFC 6750), for CONNECT-IP clients other than tandem.
    Bearer,
}

/// Answer of `POST /v1/invitations`. Shown once: the gateway keeps only a hash of the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InviteResponse {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// Name of the peer to be.
    pub name: String,
    /// What `token` is for.
    pub credential: Credential,
    /// `key`: what `tandem join` takes. `bearer`: the secret.
    pub token: String,
    /// When the token stops working; null if it does not.
    pub expires_unix_us: Option<u64>,
}

/// Leaves the token out, so that logging an answer leaks nothing.
impl std::fmt::Debug for InviteResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InviteResponse")
            .field("name", &self.name)
            .field("credential", &self.credential)
            .field("expires_unix_us", &self.expires_unix_us)
            .finish_non_exhaustive()
    }
}

/// Answer of `DELETE /v1/peers/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerRemoved {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// Name of the peer that was removed.
    pub removed: String,
}

/// Answer of `POST /v1/reload`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ReloadReport {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// Keys of the configuration that changed and are in force now, as in `links.deny`.
    pub applied: Vec<String>,
    /// Keys that changed but take a restart of the daemon.
    pub needs_restart: Vec<String>,
}

/// Query of `GET /v1/wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaitRequest {
    /// How many usable paths to wait for; if left out, 1 on a client and 0 on a gateway.
    pub paths: Option<u32>,
    /// How long to wait; at most and by default [`MAX_WAIT_US`], then ask again.
    pub timeout_us: Option<u64>,
}

/// Answer of `GET /v1/wait`, given as soon as `ready` or when the time is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WaitReport {
    /// Schema of this answer, 1.
    pub schema: u32,
    /// Whether what was waited for has come: the tunnel (or service) stands and has that many usable paths.
    pub ready: bool,
    /// State of the daemon, as in [`super::Status::state`].
    pub state: State,
    /// Why, as in [`super::Status::reason`].
    pub reason: String,
    /// How many usable paths were asked for.
    pub wanted_paths: u32,
    /// How many paths are usable (`up` or `standby`).
    pub usable_paths: u32,
    /// The others, and why not.
    pub unusable: Vec<Path>,
}
