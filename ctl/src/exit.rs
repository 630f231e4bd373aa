//! Exit codes of `tandem` and `tandemd`, a promise like the API's labels.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Refused, or failed.
    Refused = 1,
    /// The command line or the configuration has errors.
    Usage = 2,
    /// The daemon is not running.
    NotRunning = 3,
    /// Not in time.
    Timeout = 4,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The exit that an [`crate::api::ErrorBody`] asks for. A number that this version does not know is a plain
    /// failure.
    #[must_use]
    pub fn of_error(code: u8) -> Self {
        match code {
            2 => Self::Usage,
            3 => Self::NotRunning,
            4 => Self::Timeout,
            _ => Self::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
