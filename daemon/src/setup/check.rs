//! `tandemd check` and `tandemd key`

use serde_json::json;

use super::cli::FileArgs;
use super::{Outcome, SetupError};
use crate::config::Config;
use crate::keys::{NodeKey, Pin};

/// A configuration without mistakes.
#[derive(Debug)]
pub struct Checked(Config);

/// Checks the configuration file.
///
/// # Errors
/// [`SetupError::Config`] with everything that is wrong.
pub fn check(args: &FileArgs) -> Result<Checked, SetupError> {
    Ok(Checked(Config::load(&args.config)?))
}

impl Outcome for Checked {
    fn text(&self) -> String {
        format!("{}: a valid configuration of a {}", self.0.file.display(), self.0.role.label())
    }

    fn json(&self) -> serde_json::Value {
        json!({ "schema": 1, "config": self.0.file, "role": self.0.role.label() })
    }
}

/// The public half of this node's key.
#[derive(Debug)]
pub struct ShownKey(Pin);

/// Reads the key that the configuration file leads to.
///
/// # Errors
/// [`SetupError`] when the configuration or the key cannot be used.
pub fn show_key(args: &FileArgs) -> Result<ShownKey, SetupError> {
    let config = Config::load(&args.config)?;
    Ok(ShownKey(NodeKey::load(&config.key_file())?.pin()))
}

impl Outcome for ShownKey {
    fn text(&self) -> String {
        self.0.to_string()
    }

    fn json(&self) -> serde_json::Value {
        json!({ "schema": 1, "pin": self.0.to_string() })
    }
}
