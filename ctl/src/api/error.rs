//! How the API, and the command under `--json`, say that something did not work.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of every answer whose HTTP status is not 2xx, and what `tandem --json` prints on standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Exit code with which `tandem` reports it: 1 refused or failed, 2 usage, 3 not running, 4 timeout.
    pub code: u8,
    /// What went wrong: a stable label, see [`kind`].
    #[serde(rename = "type")]
    pub kind: String,
    /// For a person: what failed, and on what.
    pub message: String,
    /// For a person: what to do about it; null where there is nothing sure to say.
    pub hint: Option<String>,
}

/// Stable labels of [`ErrorBody::kind`].
pub mod kind {
    /// The request has a field, value or encoding that does not belong.
    pub const BAD_REQUEST: &str = "bad-request";
    /// The caller is neither root, nor the daemon's user, nor in the group that may control it.
    pub const DENIED: &str = "denied";
    /// No such address in the API.
    pub const NOT_FOUND: &str = "not-found";
    /// The address exists, but not with this HTTP method.
    pub const METHOD_NOT_ALLOWED: &str = "method-not-allowed";
    /// A gateway's request was made to a client, or the other way round.
    pub const WRONG_ROLE: &str = "wrong-role";
    /// No peer of that name.
    pub const UNKNOWN_PEER: &str = "unknown-peer";
    /// A peer or a pending invitation has that name already.
    pub const NAME_TAKEN: &str = "name-taken";
    /// A name that is not one: see [`crate::api::is_valid_name`].
    pub const BAD_NAME: &str = "bad-name";
    /// The address pool has no free address.
    pub const POOL_EXHAUSTED: &str = "pool-exhausted";
    /// The store could not be written.
    pub const STORE_FAILED: &str = "store-failed";
    /// The configuration file has errors; the one before it stays in force.
    pub const BAD_CONFIG: &str = "bad-config";
    /// Something failed that is not the caller's doing.
    pub const FAILED: &str = "failed";
    /// The daemon does not listen on its socket.
    pub const NOT_RUNNING: &str = "not-running";
    /// The daemon did not answer in time, or what was waited for did not come.
    pub const TIMEOUT: &str = "timeout";
    /// The command line is wrong.
    pub const USAGE: &str = "usage";
    /// The other end of the socket does not speak this API.
    pub const BAD_ANSWER: &str = "bad-answer";
}
