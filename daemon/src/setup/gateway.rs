//! `tandemd gateway-init`

use std::path::PathBuf;

use serde_json::json;

use super::cli::GatewayInitArgs;
use super::made::Made;
use super::template::{self, Places};
use super::{Outcome, SetupError, absolute, write_config};
use crate::config::{Config, Role};
use crate::keys::file::folder_of;
use crate::keys::{KeyError, NodeKey, Pin};
use crate::store::{Pools, STORE_FILE, Store};

/// A gateway that can be started.
#[derive(Debug)]
pub struct GatewayMade {
    config: Config,
    store: PathBuf,
    pin: Pin,
    /// Whether the key was there before.
    key_kept: bool,
}

/// Makes key, store and configuration of a gateway. A key and peers that are there already are kept, since
/// clients know the gateway by them; a configuration is replaced only under `--force`.
///
/// # Errors
/// [`SetupError`]; what was made until then is removed.
pub fn gateway_init(args: &GatewayInitArgs) -> Result<GatewayMade, SetupError> {
    let file = absolute(&args.place.config)?;
    let state = absolute(&args.place.state)?;
    let socket = absolute(&args.place.socket)?;
    if file.exists() && !args.place.force {
        return Err(SetupError::Exists(file));
    }
    let text = template::gateway(args, &Places { state: &state, socket: &socket })?;
    let config = template::parse(&text, &file)?;

    let mut made = Made::default();
    made.folder(&state, 0o700)?;
    made.folder(folder_of(&file), 0o755)?;
    let key_file = config.key_file();
    let (key, key_kept) = match NodeKey::load(&key_file) {
        Ok(key) => (key, true),
        Err(KeyError::Missing(_)) => {
            let key = NodeKey::generate()?;
            key.save_new(&key_file)?;
            made.file(&key_file);
            (key, false)
        }
        Err(error) => return Err(error.into()),
    };
    let store = state.join(STORE_FILE);
    if !store.exists() {
        made.file(&store);
    }
    drop(Store::open(&store, Pools::new(&args.pool))?);
    write_config(&file, &text, args.place.force)?;
    made.keep();
    Ok(GatewayMade { config, store, pin: key.pin(), key_kept })
}

impl GatewayMade {
    /// The new gateway's pin.
    #[must_use]
    pub fn pin(&self) -> Pin {
        self.pin
    }

    /// The configuration as written.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Outcome for GatewayMade {
    fn text(&self) -> String {
        let Self { config, store, pin, key_kept } = self;
        let key = if *key_kept { "kept" } else { "made" };
        format!(
            "The gateway is ready.\n  \
             configuration  {}\n  \
             key            {} ({key})\n  \
             peers          {}\n  \
             pin            {pin}\n\n\
             Next:\n  \
             tandemd --config {}\n  \
             tandem --socket {} invite NAME\n\n\
             Clients must reach the gateway by UDP: open its port in the firewall of the host and of its provider.",
            config.file.display(),
            config.key_file().display(),
            store.display(),
            shell_word(&config.file.display().to_string()),
            shell_word(&config.socket.display().to_string()),
        )
    }

    fn json(&self) -> serde_json::Value {
        let Role::Gateway(gateway) = &self.config.role else { return serde_json::Value::Null };
        let texts = |list: Vec<String>| serde_json::Value::from(list);
        json!({
            "schema": 1,
            "config": self.config.file,
            "state": self.config.state,
            "socket": self.config.socket,
            "key": self.config.key_file(),
            "key_kept": self.key_kept,
            "store": self.store,
            "pin": self.pin.to_string(),
            "tun": self.config.tun.name.as_str(),
            "listen": gateway.listen,
            "endpoint": texts(gateway.endpoint.iter().map(ToString::to_string).collect()),
            "pool": texts(gateway.pool.iter().map(ToString::to_string).collect()),
            "nat": gateway.nat,
        })
    }
}

/// `text` as a shell reads it as one word.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ':' | '@' | '+');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
