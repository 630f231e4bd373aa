//! The half of `tandemd join` that writes files.

use serde_json::json;

use super::cli::JoinArgs;
use super::gateway::shell_word;
use super::made::Made;
use super::programs::Programs;
use super::service::{self, Service};
use super::template::{self, Places};
use super::{Outcome, SetupError, absolute};
use crate::config::Config;
use crate::keys::file::{Existing, Staged, folder_of};
use crate::keys::{KeyError, NodeKey, Pin};
use crate::store::STORE_FILE;
use crate::token::{Enrolled, Token};

/// Key and configuration, written but not yet in place: enrolling spends the token, so what can fail here
/// fails before. Dropped, all of it disappears.
pub struct PreparedJoin {
    config: Config,
    key: NodeKey,
    existing: Existing,
    // Fields are dropped in this order: the files first, then the folders that were made for them.
    staged_key: Staged,
    staged_config: Staged,
    made: Made,
}

/// A client that can be started.
#[derive(Debug)]
pub struct Joined {
    config: Config,
    pin: Pin,
    enrolled: Enrolled,
    service: Service,
}

impl PreparedJoin {
    /// Makes a key, and the configuration for the gateway that `token` names.
    ///
    /// # Errors
    /// [`SetupError`]; nothing is left behind then.
    pub fn new(args: &JoinArgs, token: &Token) -> Result<Self, SetupError> {
        let file = absolute(&args.place.config)?;
        let state = absolute(&args.place.state)?;
        let socket = absolute(&args.place.socket)?;
        if state.join(STORE_FILE).exists() {
            return Err(SetupError::GatewayState(state));
        }
        let text = template::client(args, token, &Places { state: &state, socket: &socket })?;
        let config = template::parse(&text, &file)?;
        let key_file = config.key_file();
        let existing = if args.place.force { Existing::Replace } else { Existing::Refuse };
        if existing == Existing::Refuse
            && let Some(path) = [&file, &key_file].into_iter().find(|path| path.exists())
        {
            return Err(SetupError::Exists(path.clone()));
        }

        let mut made = Made::default();
        made.folder(&state, 0o700)?;
        made.folder(folder_of(&file), 0o755)?;
        let key = NodeKey::generate()?;
        let staged_key = key.stage(&key_file)?;
        let staged_config = Staged::write(&file, text.as_bytes(), super::CONFIG_MODE)
            .map_err(|source| SetupError::Io { path: file, source })?;
        Ok(Self { config, key, existing, staged_key, staged_config, made })
    }

    /// The new key, to enroll with.
    #[must_use]
    pub fn key(&self) -> &NodeKey {
        &self.key
    }

    /// Puts the files in their places, now that the gateway knows this node.
    ///
    /// # Errors
    /// [`SetupError::Io`] when a file cannot be moved; nothing new is left behind then.
    pub fn finish(mut self, enrolled: Enrolled) -> Result<Joined, SetupError> {
        let key_file = self.config.key_file();
        let replaces_key = key_file.exists();
        let key_error = |source| SetupError::Key(KeyError::Io { path: key_file.clone(), source });
        self.staged_key.persist(self.existing).map_err(key_error)?;
        if !replaces_key {
            self.made.file(&key_file);
        }
        let config_error = |source| SetupError::Io { path: self.config.file.clone(), source };
        self.staged_config.persist(self.existing).map_err(config_error)?;
        self.made.keep();
        Ok(Joined { pin: self.key.pin(), config: self.config, enrolled, service: Service::Absent })
    }
}

impl Joined {
    /// Starts the service, where this is the host's `own` client.
    ///
    /// # Errors
    /// [`SetupError::Service`] when it does not start; the files stay, as the token is spent.
    pub(super) fn put_to_work(
        mut self,
        args: &JoinArgs,
        own: bool,
        programs: &mut dyn Programs,
    ) -> Result<Self, SetupError> {
        if own && !args.place.no_start {
            self.service = service::start(programs)?;
        }
        Ok(self)
    }

    /// The configuration as written.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Outcome for Joined {
    fn text(&self) -> String {
        let addresses: Vec<_> = self.enrolled.addresses.iter().map(ToString::to_string).collect();
        format!(
            "Joined as \"{}\".\n  \
             configuration  {}\n  \
             key            {}\n  \
             pin            {}\n  \
             addresses      {}\n\n{}",
            self.enrolled.name,
            self.config.file.display(),
            self.config.key_file().display(),
            self.pin,
            addresses.join(", "),
            self.next(),
        )
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "schema": 1,
            "name": self.enrolled.name,
            "addresses": self.enrolled.addresses,
            "config": self.config.file,
            "state": self.config.state,
            "socket": self.config.socket,
            "key": self.config.key_file(),
            "pin": self.pin.to_string(),
            "tun": self.config.tun.name.as_str(),
            "running": self.service == Service::Running,
        })
    }
}

impl Joined {
    fn next(&self) -> String {
        match self.service {
            Service::Running => {
                "The service tandemd runs, and starts with the system. Next:\n  tandem status".to_owned()
            }
            Service::Absent => format!(
                "Next:\n  tandemd --config {}\n  tandem --socket {} status",
                shell_word(&self.config.file.display().to_string()),
                shell_word(&self.config.socket.display().to_string()),
            ),
        }
    }
}
