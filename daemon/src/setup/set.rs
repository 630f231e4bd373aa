//! `tandemd set`

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;
use tandem::api::SetRequest;

use super::cli::FileArgs;
use super::{Outcome, SetupError};
use crate::config::{Config, ConfigError, edit};
use crate::keys::file::{Existing, Staged};

/// More changes than a command line could name.
const MAX_INPUT: u64 = 1024 * 1024;

/// A configuration file that was changed.
#[derive(Debug)]
pub struct Changed(PathBuf);

/// Makes the changes that `input` names, a [`SetRequest`] as JSON, in the configuration file. Everything else in it
/// stays as it is, comments included.
///
/// # Errors
/// [`SetupError`]; the file is as it was then.
pub fn set(args: &FileArgs, input: impl Read) -> Result<Changed, SetupError> {
    let request: SetRequest = serde_json::from_reader(input.take(MAX_INPUT))
        .map_err(|error| SetupError::Settings(error.to_string()))?;
    // Where the file is a link, the file that it leads to is replaced, and not the link.
    let read_error = |source| ConfigError::Read { file: args.config.clone(), source };
    let file = fs::canonicalize(&args.config).map_err(read_error)?;
    let mode = fs::metadata(&file).map_err(read_error)?.permissions().mode() & 0o777;
    let text = fs::read_to_string(&file).map_err(read_error)?;
    let changed = edit::apply(&text, &request.changes)?;
    Config::parse(&changed, &file)?;
    Staged::write(&file, changed.as_bytes(), mode)
        .and_then(|staged| staged.persist(Existing::Replace))
        .map_err(|source| SetupError::Io { path: file.clone(), source })?;
    Ok(Changed(file))
}

impl Outcome for Changed {
    fn text(&self) -> String {
        format!("{}: changed", self.0.display())
    }

    fn json(&self) -> serde_json::Value {
        json!({ "schema": 1, "config": self.0 })
    }
}
