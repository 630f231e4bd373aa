//! Log messages, to standard error.

use std::io::{IsTerminal, stderr};

use anyhow::Context as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, reload};

/// Overrides `log.level` of the configuration.
const VARIABLE: &str = "TANDEM_LOG";

/// The log's filter, which can be changed.
pub(super) struct Logging {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl Logging {
    /// Begins to log what `level` lets through, a filter in the syntax of [`EnvFilter`].
    ///
    /// # Errors
    /// When the level, or the variable that overrides it, is no such filter.
    pub(super) fn start(level: &str) -> anyhow::Result<Self> {
        let (filter, handle) = reload::Layer::new(filter(level)?);
        let lines = fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
        // The journal knows the time itself.
        let lines = match std::env::var_os("JOURNAL_STREAM") {
            Some(_) => lines.without_time().boxed(),
            None => lines.boxed(),
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .try_init()
            .context("cannot set up the log")?;
        Ok(Self { filter: handle })
    }

    /// Changes the level.
    ///
    /// # Errors
    /// As [`Logging::start`]; the former level stays.
    pub(super) fn set_level(&self, level: &str) -> anyhow::Result<()> {
        self.filter.reload(filter(level)?).context("cannot change the log's level")
    }
}

fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    let (text, name) = match std::env::var(VARIABLE) {
        Ok(text) => (text, VARIABLE),
        Err(_) => (level.to_owned(), "log.level"),
    };
    EnvFilter::try_new(&text).with_context(|| format!("{name}: {text:?} is not a log filter; write \"info\""))
}
