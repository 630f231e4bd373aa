//! Why a subcommand failed, for people and for machines.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::json;

use crate::config::edit::EditError;
use crate::config::{ConfigError, Report};
use crate::host::netlink::NetlinkError;
use crate::keys::KeyError;
use crate::store::{InviteError, StoreError};
use crate::token::{Refusal, TokenError};

/// Why the gateway did not make this node a peer.
#[derive(Debug, thiserror::Error)]
pub enum EnrolFailure {
    /// The gateway answered and said no.
    #[error("the gateway refused: {}", .0.message)]
    Refused(Refusal),
    /// The gateway did not answer in time.
    #[error("the gateway did not answer: {0}")]
    Timeout(String),
    /// Anything else between here and the gateway.
    #[error("cannot enroll at the gateway: {0}")]
    Failed(String),
}

/// Why a subcommand failed.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file is there that must not be replaced unasked.
    #[error("{}: exists already", .0.display())]
    Exists(PathBuf),
    /// A client's key would replace that of a gateway.
    #[error("{}: this state folder belongs to a gateway", .0.display())]
    GatewayState(PathBuf),
    /// What was asked for makes no valid configuration.
    #[error("these settings make no valid configuration:\n{0}")]
    Settings(String),
    /// The configuration cannot be changed as asked.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store of peers cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Standard input gave no token.
    #[error("cannot read the token from standard input: {0}")]
    TokenInput(io::Error),
    /// The token cannot be used.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The gateway did not make this node a peer.
    #[error(transparent)]
    Enrol(#[from] EnrolFailure),
    /// The gateway could not invite anybody.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The kernel did not tell what networks there are.
    #[error("cannot see which networks this host is part of: {0}")]
    Surroundings(#[from] NetlinkError),
    /// A gateway behind NAT.
    #[error("this host has no public address{}", listed(.0))]
    NoPublicAddress(Vec<IpAddr>),
    /// All private networks are in use.
    #[error("every pool of addresses that is usually free overlaps with a network of this host")]
    NoPool,
    /// The service manager refused.
    #[error("all files are written, but systemctl {verb} tandemd.service failed: {reason}")]
    Service {
        /// What was asked of it.
        verb: &'static str,
        /// What it said.
        reason: String,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SetupError {
    /// 1 refused or failed, 2 usage or a bad configuration, 4 timeout.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            // A token whose time is over is no mistake of the one who typed it.
            Self::Token(TokenError::Expired(_)) => 1,
            Self::Settings(_) | Self::Edit(_) | Self::Config(_) | Self::TokenInput(_) | Self::Token(_) => 2,
            Self::Enrol(EnrolFailure::Timeout(_)) => 4,
            Self::Exists(_)
            | Self::GatewayState(_)
            | Self::Key(_)
            | Self::Store(_)
            | Self::Invite(_)
            | Self::Surroundings(_)
            | Self::NoPublicAddress(_)
            | Self::NoPool
            | Self::Service { .. }
            | Self::Enrol(EnrolFailure::Refused(_) | EnrolFailure::Failed(_))
            | Self::Io { .. } => 1,
        }
    }

    /// Stable label for machines; a refusal keeps the gateway's own.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Exists(_) => "exists",
            Self::GatewayState(_) => "gateway-state",
            Self::Settings(_) | Self::Edit(_) => "usage",
            Self::Config(_) => "bad-config",
            Self::Key(_) => "bad-key",
            Self::Store(_) => "store-failed",
            Self::Invite(_) => "not-invited",
            Self::NoPublicAddress(_) => "no-public-address",
            Self::NoPool => "no-pool",
            Self::Service { .. } => "service-failed",
            Self::Token(TokenError::Expired(_)) => "token-expired",
            Self::TokenInput(_) | Self::Token(_) => "bad-token",
            Self::Enrol(EnrolFailure::Refused(refusal)) => &refusal.kind,
            Self::Enrol(EnrolFailure::Timeout(_)) => "timeout",
            Self::Enrol(EnrolFailure::Failed(_)) | Self::Surroundings(_) | Self::Io { .. } => "failed",
        }
    }

    /// What to do about it, where the message does not say so already.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Exists(_) => {
                Some("choose other paths with --config and --state, or replace it with --force")
            }
            Self::GatewayState(_) => Some("choose another folder with --state"),
            Self::NoPublicAddress(_) => Some(
                "it stands behind NAT, as with many providers: say where clients reach it, as in --endpoint \
                 vps.example:443",
            ),
            Self::NoPool => {
                Some("choose one that clients do not use either, as in --pool 10.99.0.0/24 --pool fd99::/64")
            }
            Self::Service { .. } => Some(
                "see `journalctl -u tandemd -n 20`, then `systemctl restart tandemd`; `tandem invite NAME` on a gateway then makes an \
                 invitation",
            ),
            Self::Enrol(EnrolFailure::Refused(_)) => {
                Some("ask for a new token: `tandem invite NAME` on the gateway prints one")
            }
            Self::Enrol(EnrolFailure::Timeout(_)) => Some(
                "see that the gateway runs and that UDP to its port is not blocked; the token stays good",
            ),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("run it as root, or choose paths that you may write to")
            }
            Self::Settings(_)
            | Self::Edit(_)
            | Self::Config(_)
            | Self::Key(_)
            | Self::Store(_)
            | Self::Invite(_)
            | Self::Surroundings(_)
            | Self::TokenInput(_)
            | Self::Token(_)
            | Self::Enrol(EnrolFailure::Failed(_))
            | Self::Io { .. } => None,
        }
    }

    pub(super) fn text(&self) -> String {
        match self.hint() {
            Some(hint) => format!("{self}\n{hint}"),
            None => self.to_string(),
        }
    }

    pub(super) fn json(&self) -> serde_json::Value {
        let mut body = json!({
            "code": self.exit_code(),
            "type": self.label(),
            "message": self.to_string(),
            "hint": self.hint(),
        });
        if let Self::Config(ConfigError::Invalid(report)) = self {
            body["problems"] = problems(report);
        }
        body
    }
}

/// Addresses in brackets, nothing where there are none.
fn listed(addresses: &[IpAddr]) -> String {
    let texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    if texts.is_empty() { String::new() } else { format!(" (only {})", texts.join(", ")) }
}

fn problems(report: &Report) -> serde_json::Value {
    let problems = report.problems.iter();
    problems
        .map(|problem| json!({ "line": problem.line, "key": problem.key, "message": problem.message }))
        .collect()
}
