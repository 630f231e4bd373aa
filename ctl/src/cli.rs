//! The command line. Help, man pages and completions are made from this one definition.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tandem::api::DEFAULT_FLOW_LIMIT;

use crate::cmd::DEFAULT_CONFIG;

/// Look at and steer tandem, a VPN over all of your network links at once.
#[derive(Debug, Parser)]
#[command(name = "tandem", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXIT_CODES: &str = "Without a command, shows the status.\n\n\
    Exit codes: 0 done, 1 refused or failed, 2 usage or configuration error, 3 tandemd is not running, 4 timeout.";

/// The columns of `path list --wide`.
const WIDE: &str = "\
Show all that is known of each direction, in a row of its own:
RATE, SHARE    what it carries, and its part of what all paths carry
CAPACITY       what congestion control believes it can carry
RTT, MIN RTT   round trip as the sender measures it: now, and the least
DELAY          how much longer than over the fastest path the way takes, one way
LOSS, LOST     share of packets lost lately; packets lost
RESENT         datagrams sent on it once more, lost here or on another path
COPIED         datagrams sent on it beside another path
REORDERED      packets that came on it after a later one of their flow
HELD           packets that came on it and waited for an earlier one of their flow
QUEUE          what waits at the sender for it

REASON says why a path is used or not: in-use, tier-backup and tier-secondary (a better link works, or has room), \
too-slow (150 ms later than the fastest), too-lossy (more than 10 % lost, while another path loses less), silent \
(answers are overdue), peer-request (they are overdue at the other side), validating.";

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Control socket of the daemon [default: /run/tandem/ctl.sock].
    #[arg(long, global = true, env = "TANDEM_SOCKET", value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Print JSON ("schema": 1; bytes, bit/s, microseconds), errors too.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the tunnel and its paths (the default).
    Status,
    /// Look at paths.
    #[command(subcommand)]
    Path(PathCommand),
    /// Look at flows and their classes.
    #[command(subcommand)]
    Flow(FlowCommand),
    /// Gateway: look at and remove peers.
    #[command(subcommand)]
    Peer(PeerCommand),
    /// Gateway: make a token for a new peer, printed alone on standard output.
    Invite(Invite),
    /// Enrol at a gateway with a token, and write key and configuration.
    Join(Join),
    /// Set up a gateway.
    #[command(subcommand)]
    Gateway(GatewayCommand),
    /// Set the tunnel up again after `down`.
    Up,
    /// Take the tunnel down; the daemon keeps running.
    Down,
    /// Check or reload the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look for what is in the way of the tunnel, and say what to do.
    ///
    /// Looks at the daemon, its configuration, links, names, the clock and other VPNs, and changes nothing. Exit code 1 says
    /// that there is a problem.
    Doctor(DoctorOptions),
    /// Write a file with all that somebody who is to help would ask for, and without secrets.
    Bugreport(BugreportOptions),
    /// Watch paths, flows and events live.
    ///
    /// On a terminal a screen, which 'q' leaves. Elsewhere a line for each event, and with --json a JSON object, as long as
    /// the daemon runs.
    Monitor,
    /// Change settings: live, and in the configuration file, whose comments stay.
    #[command(subcommand)]
    Set(SetCommand),
    /// Wait until the tunnel stands.
    Wait(Wait),
    /// Look at this node's key.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Show the versions of the command and of the running daemon.
    Version,
    /// Write man pages or shell completions into a directory.
    #[command(subcommand, hide = true)]
    Generate(GenerateCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PathCommand {
    /// List all paths, and the links without one with the reason.
    List {
        /// Show again every second, until interrupted.
        #[arg(long)]
        watch: bool,
        /// Show all that is known of each direction, in a row of its own.
        #[arg(long, long_help = WIDE)]
        wide: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FlowCommand {
    /// List the flows of the last minute with their classes and why, those of the highest rate first.
    List {
        /// Gateway: only the flows of this peer.
        #[arg(long, value_name = "NAME", value_parser = peer_name)]
        peer: Option<String>,
        /// How many to list at most.
        #[arg(long, value_name = "N", default_value_t = DEFAULT_FLOW_LIMIT)]
        limit: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// List all peers.
    List,
    /// Forget a peer, free its addresses and end its tunnel.
    Remove {
        /// Name of the peer.
        #[arg(value_parser = peer_name)]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    /// Configuration file [default: that of the running daemon, or /etc/tandem/tandem.toml].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BugreportOptions {
    /// File to write [default: tandem-bugreport-TIME.txt in the present folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SetCommand {
    /// Settings of a link, as in `tandem set link wwan0 tier=backup metered=true`.
    Link {
        /// Interface, or a pattern such as 'wwan*'.
        #[arg(value_name = "LINK")]
        name: String,
        /// Settings: tier, metered. Without a value, as in 'tier=', the default.
        #[arg(value_name = "KEY=VALUE", required = true, value_parser = assignment)]
        settings: Vec<(String, String)>,
        #[command(flatten)]
        how: HowToSet,
    },
    /// The class of certain traffic, as in `tandem set policy realtime protocol=udp remote_port=5060`.
    ///
    /// The first rule that fits decides, and a new one comes last. `none` takes the rule about just this traffic out.
    Policy {
        /// Class of the traffic.
        #[arg(value_name = "CLASS", value_parser = ["realtime", "interactive", "bulk", "background", "none"])]
        class: String,
        /// What it looks like: protocol, local, local_port, remote, remote_port.
        #[arg(value_name = "KEY=VALUE", value_parser = assignment)]
        flows: Vec<(String, String)>,
        #[command(flatten)]
        how: HowToSet,
    },
    /// Any key of the configuration, as in `tandem set key duplicate.realtime=false`.
    Key {
        /// Keys with their sections. Without a value, as in 'path.keepalive=', the default.
        #[arg(value_name = "KEY=VALUE", required = true, value_parser = assignment)]
        settings: Vec<(String, String)>,
        #[command(flatten)]
        how: HowToSet,
    },
}

/// For how long, and where.
#[derive(Debug, Args)]
pub(crate) struct HowToSet {
    /// Until the next reload or restart only; no file is changed.
    #[arg(long, conflicts_with = "config")]
    pub(crate) runtime: bool,
    /// Configuration file to change [default: that of the running daemon, or /etc/tandem/tandem.toml].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// `KEY=VALUE`.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("write it as KEY=VALUE, such as tier=backup".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    /// Name of the new peer: letters, digits, '.', '_' and '-'.
    #[arg(value_parser = peer_name)]
    pub(crate) name: String,
    /// For how long the token can be used, as in 30min or 24h.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = humantime::parse_duration)]
    pub(crate) expires: Duration,
    /// Make a long-lived secret for a CONNECT-IP client other than tandem, instead of a token.
    #[arg(long, conflicts_with = "expires")]
    pub(crate) bearer: bool,
    /// Show the token as a QR code as well, on standard error.
    #[arg(long)]
    pub(crate) qr: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// Token from `tandem invite`; '-' reads it from standard input, where other users cannot see it.
    #[arg(allow_hyphen_values = true)]
    pub(crate) token: String,
    #[command(flatten)]
    pub(crate) files: Files,
    /// Prefix that enters the tunnel; repeat for more [default: 0.0.0.0/0 and ::/0].
    #[arg(long = "route", value_name = "PREFIX")]
    pub(crate) routes: Vec<String>,
    /// Interface that may carry a path, by name or pattern; repeat for more [default: any].
    #[arg(long = "link-allow", value_name = "GLOB")]
    pub(crate) link_allow: Vec<String>,
}

/// What `join` and `gateway init` write.
#[derive(Debug, Args)]
pub(crate) struct Files {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Directory for the key and what must survive a restart [default: /var/lib/tandem].
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Name of the tunnel's device [default: tandem0].
    #[arg(long, value_name = "NAME")]
    pub(crate) tun: Option<String>,
    /// Only write the files: do not start the service.
    #[arg(long)]
    pub(crate) no_start: bool,
    /// Overwrite what exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// Configuration file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// Set up this host as a gateway, and print an invitation.
    ///
    /// Writes key and configuration. With the default paths, which are those of the host's service, it then opens what
    /// the host's firewall keeps shut (ufw, firewalld, or nftables that nobody manages), starts the service, and invites
    /// a first client.
    Init(GatewayInit),
}

#[derive(Debug, Args)]
pub(crate) struct GatewayInit {
    #[command(flatten)]
    pub(crate) files: Files,
    /// UDP address and port to listen on; repeat for more [default: 0.0.0.0:443 and [::]:443].
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Vec<String>,
    /// Name or address with port at which clients reach this gateway; repeat for more [default: its public addresses].
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) endpoint: Vec<String>,
    /// Prefix from which peers get their addresses, one for each family [default: such that collide with no network of
    /// this host].
    #[arg(long, value_name = "PREFIX")]
    pub(crate) pool: Vec<String>,
    /// Invite a client of this name [default: laptop, with the default paths and where nobody has been invited].
    #[arg(long, value_name = "NAME", value_parser = peer_name)]
    pub(crate) invite: Option<String>,
    /// Leave the host's firewall as it is.
    #[arg(long)]
    pub(crate) no_firewall: bool,
    /// Do not translate the peers' addresses to the gateway's own.
    #[arg(long)]
    pub(crate) no_nat: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Report every error of a configuration file.
    Check(ConfigFile),
    /// Let the daemon read its configuration again, without dropping the tunnel.
    Reload,
}

#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// How many paths must be usable [default: 1, on a gateway 0].
    #[arg(long, value_name = "N")]
    pub(crate) paths: Option<u32>,
    /// Give up after this long, as in 10s [default: never].
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Show the pin of this node's key: what the other side checks.
    Show(ConfigFile),
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenerateCommand {
    /// Man pages.
    Man {
        /// Where to write them.
        directory: PathBuf,
    },
    /// Completions for bash, fish and zsh.
    Completions {
        /// Where to write them.
        directory: PathBuf,
    },
}

fn peer_name(name: &str) -> Result<String, String> {
    if tandem::api::is_valid_name(name) {
        return Ok(name.to_owned());
    }
    Err("use 1 to 63 letters, digits, '.', '_' and '-', and begin with a letter or a digit".to_owned())
}
