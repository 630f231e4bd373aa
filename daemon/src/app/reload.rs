//! Reading the configuration again: what is the same for both roles.

use tandem::api::{ReloadReport, SCHEMA};

use super::Context;
use crate::api::ApiError;
use crate::config::{Change, Config, Effect};

/// The configuration file as it is now, and what differs from what is in force. The log's level is in force
/// already.
pub(super) fn read(context: &Context) -> Result<(Config, Vec<Change>), ApiError> {
    let new = Config::load(&context.config.file).map_err(|error| ApiError::bad_config(&error))?;
    let changes = context.config.diff(&new);
    context.logging.set_level(&new.log_level).map_err(|error| ApiError::bad_config(&error))?;
    Ok((new, changes))
}

/// What became of the changes.
pub(super) fn report(changes: &[Change]) -> ReloadReport {
    let (restart, applied): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| change.effect == Effect::Restart);
    let keys = |changes: Vec<&Change>| changes.into_iter().map(|change| change.key.to_owned()).collect();
    ReloadReport { schema: SCHEMA, applied: keys(applied), needs_restart: keys(restart) }
}

/// Says what became of a reload that a signal asked for: nobody else is told.
pub(super) fn log(outcome: &Result<ReloadReport, ApiError>) {
    match outcome {
        Ok(report) => {
            tracing::info!(applied = ?report.applied, "configuration read again");
            if !report.needs_restart.is_empty() {
                tracing::warn!(keys = ?report.needs_restart, "changed, but in force only after a restart");
            }
        }
        Err(error) => tracing::warn!("the configuration stays as it was: {error}"),
    }
}
