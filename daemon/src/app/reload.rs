//! Reading the configuration again, and changing it while the daemon runs: what is the same for both roles.

use tandem::api::{ReloadReport, SCHEMA, Setting};

use super::Context;
use crate::api::ApiError;
use crate::config::{Change, Config, Effect, edit};

/// A configuration to be put in force.
pub(super) struct Wanted {
    pub(super) config: Config,
    /// What differs from what is in force.
    pub(super) changes: Vec<Change>,
    /// What was set while the daemon runs, on top of the file.
    runtime: Vec<Setting>,
}

/// The configuration file as it is now. What was set while the daemon runs is over.
pub(super) fn read(context: &Context) -> Result<Wanted, ApiError> {
    let config = Config::load(&context.config.file).map_err(|error| ApiError::bad_config(&error))?;
    wanted(context, config, Vec::new())
}

/// The configuration file with what has been set so far and `more`.
///
/// A setting that takes a restart is refused: it would be lost before it is ever in force.
pub(super) fn set(context: &Context, more: Vec<Setting>) -> Result<Wanted, ApiError> {
    let file = &context.config.file;
    let text = std::fs::read_to_string(file)
        .map_err(|error| ApiError::bad_config(&format!("{}: {error}", file.display())))?;
    let with = |settings: &[Setting]| {
        let text = edit::apply(&text, settings).map_err(|error| ApiError::bad_request(&error))?;
        Config::parse(&text, file).map_err(|error| ApiError::bad_config(&error))
    };
    let before = with(&context.runtime)?;
    let runtime = [context.runtime.clone(), more].concat();
    let config = with(&runtime)?;
    let differences = before.diff(&config);
    if let Some(late) = differences.iter().find(|change| change.effect == Effect::Restart) {
        let message = format!("{} takes a restart of tandemd, and this would not outlive one", late.key);
        return Err(ApiError::bad_request(&message).with_hint("set it without --runtime"));
    }
    wanted(context, config, runtime)
}

fn wanted(context: &Context, config: Config, runtime: Vec<Setting>) -> Result<Wanted, ApiError> {
    context.logging.set_level(&config.log_level).map_err(|error| ApiError::bad_config(&error))?;
    let changes = context.config.diff(&config);
    Ok(Wanted { config, changes, runtime })
}

impl Wanted {
    /// Notes what is in force by now, and says what became of the changes.
    pub(super) fn done(self, context: &mut Context) -> ReloadReport {
        context.runtime = self.runtime;
        let (restart, applied): (Vec<_>, Vec<_>) =
            self.changes.iter().partition(|change| change.effect == Effect::Restart);
        let keys = |changes: Vec<&Change>| changes.into_iter().map(|change| change.key.to_owned()).collect();
        ReloadReport { schema: SCHEMA, applied: keys(applied), needs_restart: keys(restart) }
    }
}

/// Says what became of a reload that a signal asked for: nobody else is told.
pub(super) fn log(outcome: &Result<ReloadReport, ApiError>) {
    match outcome {
        Ok(report) => {
            tracing::info!(applied = ?report.applied, "configuration changed");
            if !report.needs_restart.is_empty() {
                tracing::warn!(keys = ?report.needs_restart, "changed, but in force only after a restart");
            }
        }
        Err(error) => tracing::warn!("the configuration stays as it was: {error}"),
    }
}
