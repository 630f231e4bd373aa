//! What can go wrong between here and the daemon.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::api::{ErrorBody, kind};
use crate::exit::Exit;

/// Why a request brought no answer, or not the one hoped for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket.
    #[error("tandemd is not running: nobody answers on {}", .0.display())]
    NotRunning(PathBuf),
    /// The operating system does not let this user connect.
    #[error("you may not talk to tandemd on {}", .0.display())]
    Denied(PathBuf),
    /// The daemon answered with an error.
    #[error("{}", .0.message)]
    Refused(ErrorBody),
    /// No answer in time.
    #[error("tandemd on {} did not answer within {} s", .socket.display(), .after.as_secs())]
    Timeout {
        /// The daemon's socket.
        socket: PathBuf,
        /// How long was waited.
        after: Duration,
    },
    /// The connection broke.
    #[error("the connection to tandemd on {} failed: {source}", .socket.display())]
    Io {
        /// The daemon's socket.
        socket: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// What answers does not speak this API.
    #[error("what answers on {} is not tandemd, or another version: {detail}", .socket.display())]
    BadAnswer {
        /// The daemon's socket.
        socket: PathBuf,
        /// What is wrong with the answer.
        detail: String,
    },
}

impl ClientError {
    pub(super) fn connecting(socket: PathBuf, source: io::Error) -> Self {
        let kind = source.kind();
        if matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
            Self::NotRunning(socket)
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::Denied(socket)
        } else {
            Self::Io { socket, source }
        }
    }

    /// The error in the API's own form, as the command reports it.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        let (exit, kind, hint) = match self {
            Self::Refused(body) => return body.clone(),
            Self::NotRunning(_) => (
                Exit::NotRunning,
                kind::NOT_RUNNING,
                Some("start it with `systemctl start tandemd`, or name its socket with --socket"),
            ),
            Self::Denied(_) => (
                Exit::Refused,
                kind::DENIED,
                Some("run as root, or join the group: `usermod -aG tandem USER`, then log in again"),
            ),
            Self::Timeout { .. } => (Exit::Timeout, kind::TIMEOUT, None),
            Self::Io { .. } => (Exit::Refused, kind::FAILED, None),
            Self::BadAnswer { .. } => {
                (Exit::Refused, kind::BAD_ANSWER, Some("compare `tandem version` with `tandemd --version`"))
            }
        };
        ErrorBody {
            code: exit.code(),
            kind: kind.to_owned(),
            message: self.to_string(),
            hint: hint.map(str::to_owned),
        }
    }
}
