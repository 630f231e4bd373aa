//! `tandemd gateway-init`

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use serde_json::json;
use zeroize::Zeroizing;

use super::cli::GatewayInitArgs;
use super::made::Made;
use super::openings::{self, Passage};
use super::programs::Programs;
use super::service::{self, Service};
use super::template::{self, Places};
use super::{Outcome, SetupError, absolute, choose, write_config};
use crate::config::{Config, Endpoint, Gateway, Prefix, Role};
use crate::host::surroundings;
use crate::keys::file::folder_of;
use crate::keys::{KeyError, NodeKey, Pin};
use crate::store::{InviteError, Pools, STORE_FILE, Store};
use crate::token::Token;

/// Whom the first invitation of a new gateway is for.
const FIRST_PEER: &str = "laptop";
/// For how long it is good.
const INVITED_FOR: Duration = Duration::from_hours(24);
/// HTTP/3.
const PORT: u16 = 443;

/// A gateway that can be started.
#[derive(Debug)]
pub struct GatewayMade {
    config: Config,
    store: PathBuf,
    pin: Pin,
    /// Whether the key was there before.
    key_kept: bool,
    /// What was done to the host's firewall, a sentence each.
    opened: Vec<String>,
    service: Service,
    invitation: Option<Invitation>,
}

/// An invitation that is shown with the gateway that it leads to.
struct Invitation {
    name: String,
    token: Zeroizing<String>,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How clients come to a gateway, and by which addresses they are known there.
pub(super) struct Reached {
    pub(super) endpoint: Vec<Endpoint>,
    pub(super) pool: Vec<Prefix>,
}

impl Reached {
    /// What the command line says, else what the configuration `file` said before, else what fits this host.
    fn new(args: &GatewayInitArgs, file: &Path) -> Result<Self, SetupError> {
        let (mut endpoint, mut pool) = (args.endpoint.clone(), args.pool.clone());
        if let Ok(Config { role: Role::Gateway(before), .. }) = Config::load(file) {
            // The peers have their addresses from that pool.
            endpoint = or(endpoint, before.endpoint);
            pool = or(pool, before.pool);
        }
        if endpoint.is_empty() || pool.is_empty() {
            let surroundings = surroundings::look()?;
            if endpoint.is_empty() {
                let port = args.listen.first().map_or(PORT, |listen| listen.port());
                endpoint = choose::endpoints(&surroundings, port)?;
            }
            if pool.is_empty() {
                let mut random = [0; 5];
                rand::fill(&mut random).map_err(|_| InviteError::Random)?;
                pool = choose::pools(&surroundings, random)?;
            }
        }
        Ok(Self { endpoint, pool })
    }
}

fn or<T>(said: Vec<T>, otherwise: Vec<T>) -> Vec<T> {
    if said.is_empty() { otherwise } else { said }
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
    let reached = Reached::new(args, &file)?;
    let text = template::gateway(args, &reached, &Places { state: &state, socket: &socket })?;
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
    drop(Store::open(&store, Pools::new(&reached.pool))?);
    write_config(&file, &text, args.place.force)?;
    made.keep();
    let (opened, service, invitation) = (Vec::new(), Service::Absent, None);
    Ok(GatewayMade { config, store, pin: key.pin(), key_kept, opened, service, invitation })
}

impl GatewayMade {
    /// Invites the first client, and, where this is the host's `own` gateway, opens the host's firewall and starts the
    /// service.
    ///
    /// # Errors
    /// [`SetupError`]: no invitation, or a service that does not start; the files stay.
    pub(super) fn put_to_work(
        mut self,
        args: &GatewayInitArgs,
        own: bool,
        programs: &mut dyn Programs,
        now: SystemTime,
    ) -> Result<Self, SetupError> {
        let Role::Gateway(gateway) = &self.config.role else { return Ok(self) };
        self.invitation = self.invite(gateway, args.invite.as_deref(), own, now)?;
        if own && !args.no_firewall {
            let ports = gateway.listen.iter().map(std::net::SocketAddr::port).collect();
            self.opened = openings::open(programs, &Passage { ports, tun: self.config.tun.name.as_str() });
        }
        if own && !args.place.no_start {
            self.service = service::start(programs)?;
        }
        Ok(self)
    }

    /// Invites whom the command line names; the first one unasked, at the host's own gateway.
    fn invite(
        &self,
        gateway: &Gateway,
        name: Option<&str>,
        own: bool,
        now: SystemTime,
    ) -> Result<Option<Invitation>, SetupError> {
        let store = Store::open(&self.store, Pools::new(&gateway.pool))?;
        let known = !store.peers().is_empty() || !store.invitations(now).is_empty();
        let name = match name {
            Some(name) => name,
            None if own && !known => FIRST_PEER,
            None => return Ok(None),
        };
        let (secret, invitation) = store.create_invitation(name, INVITED_FOR, now)?;
        let endpoints = gateway.endpoint.clone();
        let token = Token { endpoints, pin: self.pin, secret, expires: invitation.expires }.to_text();
        Ok(Some(Invitation { name: name.to_owned(), token }))
    }

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
        let Self { config, store, pin, key_kept, .. } = self;
        let Role::Gateway(gateway) = &config.role else { return String::new() };
        let key = if *key_kept { "kept" } else { "made" };
        let mut text = format!(
            "The gateway is ready.\n  \
             configuration  {}\n  \
             key            {} ({key})\n  \
             peers          {}\n  \
             pin            {pin}\n  \
             reached at     {}\n  \
             addresses      {}\n\n",
            config.file.display(),
            config.key_file().display(),
            store.display(),
            texts(&gateway.endpoint).join(", "),
            texts(&gateway.pool).join(", "),
        );
        for sentence in &self.opened {
            text += &format!("{sentence}\n");
        }
        text += "Clients must reach the gateway by UDP: open its port in the firewall of its provider, too";
        text += if self.opened.is_empty() { ", and in that of the host.\n" } else { ".\n" };
        text += &self.next();
        text
    }

    fn json(&self) -> serde_json::Value {
        let Role::Gateway(gateway) = &self.config.role else { return serde_json::Value::Null };
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
            "endpoint": texts(&gateway.endpoint),
            "pool": texts(&gateway.pool),
            "nat": gateway.nat,
            "firewall": self.opened,
            "running": self.service == Service::Running,
            "invited": self.invitation.as_ref().map(|invitation| &invitation.name),
            "token": self.invitation.as_ref().map(|invitation| invitation.token.as_str()),
        })
    }
}

impl GatewayMade {
    /// What is left to do, with the invitation where there is one.
    fn next(&self) -> String {
        let mut text = match self.service {
            Service::Running => "The service tandemd runs, and starts with the system.\n".to_owned(),
            Service::Absent => String::new(),
        };
        let config = shell_word(&self.config.file.display().to_string());
        let socket = shell_word(&self.config.socket.display().to_string());
        let mut steps = Vec::new();
        if self.service == Service::Absent {
            steps.push(format!("tandemd --config {config}"));
        }
        let Some(Invitation { name, token }) = &self.invitation else {
            steps.push(format!("tandem --socket {socket} invite NAME"));
            return text + "\nNext:\n  " + &steps.join("\n  ");
        };
        if !steps.is_empty() {
            text += &format!("\nNext:\n  {}\n", steps.join("\n  "));
        }
        text += &format!("\nThen, within 24 hours, on \"{name}\":\n  sudo tandem join {}", token.as_str());
        // Of use to a camera, and to nobody who reads a log.
        if io::stdout().is_terminal()
            && let Some(code) = tandem::qr::for_terminal(token)
        {
            text += &format!("\n\n{code}");
        }
        text
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
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
