//! The command line of `tandemd`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{DEFAULT_FILE, DEFAULT_SOCKET, DEFAULT_STATE, Endpoint, Glob, Prefix, TunName};

/// The daemon of tandem: carries IP packets over every network link at once.
///
/// Without a subcommand it runs until it is told to stop.
#[derive(Debug, Parser)]
#[command(name = "tandemd", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Configuration file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
    /// What to do instead of running.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What `tandemd` does instead of running.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a gateway: key, configuration and store of peers.
    GatewayInit(GatewayInitArgs),
    /// Join a gateway with the token that standard input gives.
    Join(JoinArgs),
    /// Check a configuration file.
    Check(FileArgs),
    /// Show the pin of this node's key.
    Key(FileArgs),
    /// Change a configuration file as standard input says, in JSON.
    Set(FileArgs),
}

impl Command {
    /// Whether the outcome is wanted as JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::GatewayInit(args) => args.place.json,
            Self::Join(args) => args.place.json,
            Self::Check(args) | Self::Key(args) | Self::Set(args) => args.json,
        }
    }
}

/// Where a new node keeps its things.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Configuration file to write.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
    /// Folder for the key and what must survive a restart.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STATE)]
    pub state: PathBuf,
    /// Control socket of the daemon to be.
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
    /// Name of the TUN device; a second daemon on one host needs another one.
    #[arg(long, value_name = "NAME", default_value_t)]
    pub tun: TunName,
    /// Only write the files: do not start the service.
    #[arg(long)]
    pub no_start: bool,
    /// Replace what is there.
    #[arg(long)]
    pub force: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl PlaceArgs {
    /// Whether this is the node that the host's service runs, and not one beside it.
    pub(super) fn is_the_hosts_own(&self) -> bool {
        let own =
            [(&self.config, DEFAULT_FILE), (&self.state, DEFAULT_STATE), (&self.socket, DEFAULT_SOCKET)];
        own.iter().all(|(path, default)| path.as_os_str() == *default)
    }
}

/// `tandemd gateway-init`
#[derive(Debug, Args)]
pub struct GatewayInitArgs {
    /// Files and names.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// UDP address to listen on; may be repeated.
    #[arg(long, value_name = "ADDRESS:PORT", default_values = ["0.0.0.0:443", "[::]:443"])]
    pub listen: Vec<SocketAddr>,
    /// Name or address under which clients reach this gateway; may be repeated. Without one, its public addresses.
    #[arg(long, value_name = "HOST:PORT")]
    pub endpoint: Vec<Endpoint>,
    /// Addresses for the clients, one IPv4 prefix and one IPv6 prefix. Without one, such that collide with no network
    /// of this host.
    #[arg(long, value_name = "PREFIX")]
    pub pool: Vec<Prefix>,
    /// Print an invitation for a client of this name.
    #[arg(long, value_name = "NAME")]
    pub invite: Option<String>,
    /// Leave the host's firewall as it is.
    #[arg(long)]
    pub no_firewall: bool,
    /// Do not masquerade what leaves towards the world.
    #[arg(long)]
    pub no_nat: bool,
}

/// `tandemd join`
#[derive(Debug, Args)]
pub struct JoinArgs {
    /// Files and names.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Prefix that enters the tunnel; may be repeated.
    #[arg(long, value_name = "PREFIX", default_values = ["0.0.0.0/0", "::/0"])]
    pub route: Vec<Prefix>,
    /// Interfaces to use, as names or patterns; may be repeated.
    #[arg(long, value_name = "GLOB", default_values = ["*"])]
    pub link_allow: Vec<Glob>,
}

/// `tandemd check`, `tandemd key` and `tandemd set`
#[derive(Debug, Args)]
pub struct FileArgs {
    /// Configuration file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
