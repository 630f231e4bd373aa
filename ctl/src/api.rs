//! Types of the control API: HTTP/1.1 with JSON bodies over the daemon's Unix socket.
//!
//! # Promise of compatibility
//!
//! Every answer but that to a failed request carries `"schema": 1`. Within one schema number
//! - a field keeps its name, type, unit and meaning; new fields may appear, so readers ignore what they do not
//!   know;
//! - a label (the value of `state`, `tier`, `reason`, `type` …) keeps its meaning; new labels may appear, so
//!   readers treat an unknown one as "something else" ([`PathState::Unknown`] and its siblings) and show a
//!   reason as it is;
//! - a value that is not known is `null`, never a zero or an empty string.
//!
//! # Units
//!
//! Units are in the names: `_bytes`, `_bps` (bit per second), `_us` (a span of time in microseconds),
//! `_unix_us` (a moment, in microseconds since 1970-01-01T00:00:00Z), `_ratio` (0 to 1). Labels are lower case
//! with hyphens. Addresses and prefixes are strings in the usual notation.

mod error;
mod event;
mod flow;
mod path;
mod peer;
pub mod reason;
mod request;
mod setting;
mod status;
#[cfg(test)]
mod tests;

pub use error::{ErrorBody, kind};
pub use event::{Event, EventSubject};
pub use flow::{DEFAULT_FLOW_LIMIT, Flow, FlowBasis, FlowClass, FlowList, FlowRequest};
pub use path::{Path, PathDirection, PathList, PathState, Tier};
pub use peer::{Peer, PeerList, PeerState};
pub use request::{
    Credential, DEFAULT_INVITE_EXPIRY_US, InviteRequest, InviteResponse, MAX_WAIT_US, PeerRemoved,
    ReloadReport, WaitReport, WaitRequest, is_valid_name,
};
pub use setting::{SetRequest, Setting};
pub use status::{Gateway, PeerCount, Role, State, Status, Tunnel};

/// Number of the schema that this library reads and writes, the value of `schema` in every answer.
pub const SCHEMA: u32 = 1;
