//! The running daemon, client or gateway.
//!
//! Two threads, each with a runtime of its own. The data thread ([`data`]) holds the engine between sockets and
//! TUN device; it decides nothing. The control thread ([`client`] or [`gateway`]) decides everything: it watches
//! the host's links, answers the control API, keeps the store and sets routes. It hands jobs to the data thread
//! and gets the engine's events.
//!
//! What is set up on the host is undone in every way out of here: sockets, device and control socket end with
//! their owners, the rest is in the journal ([`crate::host::journal`]).

mod client;
mod data;
mod enrol;
mod flows;
mod gateway;
mod logging;
mod reload;
mod report;
mod request;
mod resolve;
mod signals;
mod watchdog;

use std::path::Path;

use anyhow::Context as _;
use tandem::api::Setting;
use tandem_engine::identity::Identity;
use tandem_engine::{Congestion, TransportOptions};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub use enrol::enrol;

use self::logging::Logging;
use self::request::{Changes, Remote, Request};
use self::signals::Signals;
use crate::api::{ApiServer, serve_metrics};
use crate::config::{self, Config, PathSettings, Role};
use crate::host::journal::Journal;
use crate::host::netlink::Netlink;
use crate::keys::NodeKey;

/// The group whose members may control the daemon.
const CONTROL_GROUP: &str = "tandem";
/// Requests of the control API that wait for the control thread.
const WAITING_REQUESTS: usize = 64;

/// Runs the daemon until it is told to stop. Gives the exit code: 0 stopped, 1 failed, 2 bad configuration.
#[must_use]
pub fn run(file: &Path) -> u8 {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("tandemd: {error}");
            return 2;
        }
    };
    match start(config) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("tandemd: {error:#}");
            1
        }
    }
}

fn start(config: Config) -> anyhow::Result<()> {
    let logging = Logging::start(&config.log_level)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the control thread's runtime")?;
    let ended = runtime.block_on(serve(config, logging));
    // A name that is being resolved could take its time.
    runtime.shutdown_background();
    ended
}

/// What both roles need of the host.
struct Context {
    config: Config,
    logging: Logging,
    signals: Signals,
    netlink: Netlink,
    journal: Journal,
    /// What was set while the daemon runs, on top of the configuration file.
    runtime: Vec<Setting>,
}

async fn serve(config: Config, logging: Logging) -> anyhow::Result<()> {
    // From here on a signal asks for an orderly end.
    let signals = Signals::new().context("cannot watch for signals")?;
    let api = ApiServer::bind(&config.socket, Some(CONTROL_GROUP))?;
    let netlink = Netlink::connect()?;
    let mut journal = Journal::open(&config.state)?;
    if journal.changes().next().is_some() {
        tracing::info!("undoing what a daemon that was killed has left");
        journal.undo_all(&netlink).await?;
    }
    let mut context = Context { config, logging, signals, netlink, journal, runtime: Vec::new() };
    let ended = match context.config.role.clone() {
        Role::Client(settings) => client::serve(&mut context, settings, api).await,
        Role::Gateway(settings) => gateway::serve(&mut context, settings, api).await,
    };
    let Context { netlink, mut journal, .. } = context;
    let undone = journal.undo_all(&netlink).await;
    ended.and(undone.map_err(Into::into))
}

/// This node's key, for an engine.
fn identity(config: &Config) -> anyhow::Result<Identity> {
    let key = NodeKey::load(&config.key_file())?;
    Identity::from_pkcs8_der(key.pkcs8_der())
        .with_context(|| format!("cannot use the key {}", config.key_file().display()))
}

/// The control API, answered from `requests` by the control thread; it ends when dropped.
struct Served {
    requests: mpsc::Receiver<Request>,
    changes: Changes,
    /// End when dropped.
    _servers: JoinSet<()>,
}

impl Served {
    async fn start(api: ApiServer, config: &Config, role: tandem::api::Role) -> anyhow::Result<Self> {
        let (sender, requests) = mpsc::channel(WAITING_REQUESTS);
        let changes = Changes::default();
        let remote = Remote::new(role, sender, changes.subscribe());
        let mut servers = JoinSet::new();
        if let Some(address) = config.metrics {
            let listener = TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen on {address}, as metrics.listen says"))?;
            servers.spawn(serve_metrics(listener, remote.clone()));
        }
        servers.spawn(async move {
            if let Err(error) = api.serve(remote).await {
                tracing::warn!(%error, "the control API has ended");
            }
        });
        Ok(Self { requests, changes, _servers: servers })
    }
}

fn transport(path: &PathSettings) -> TransportOptions {
    let congestion = match path.congestion {
        config::Congestion::Bbr => Congestion::Bbr,
        config::Congestion::Cubic => Congestion::Cubic,
        config::Congestion::Balia => Congestion::Balia,
    };
    TransportOptions { congestion, keepalive: path.keepalive }
}

fn random_seed() -> anyhow::Result<[u8; 16]> {
    let mut seed = [0; 16];
    aws_lc_rs::rand::fill(&mut seed).map_err(|_| anyhow::anyhow!("the system's random generator failed"))?;
    Ok(seed)
}
