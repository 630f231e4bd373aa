//! The configuration file: TOML in, a checked [`Config`] or a report of everything that is wrong with it out.
//!
//! Reading goes in two passes over the parsed document. The first (`schema`) looks at the keys alone and
//! reports those that do not belong; the second (`read`) turns values into types. Both add to one
//! [`Report`], so that a person sees every mistake of a file at once, each with its line.

use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod diff;
pub mod edit;
mod error;
mod links;
mod read;
mod rules;
mod schema;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use diff::{Change, Effect};
pub use error::{ConfigError, Problem, Report};
pub use links::{LinkRule, Links};
pub use rules::{Condition, Ports, Rule, protocol_name};
pub use types::{Class, Congestion, Endpoint, Glob, InvalidValue, Prefix, Tier, TunName};

use crate::keys::{KEY_FILE, Pin};

/// Where the configuration is unless told otherwise.
pub const DEFAULT_FILE: &str = "/etc/tandem/tandem.toml";
/// Where keys and peers are kept unless told otherwise.
pub const DEFAULT_STATE: &str = "/var/lib/tandem";
/// Where the control socket is unless told otherwise.
pub const DEFAULT_SOCKET: &str = "/run/tandem/ctl.sock";
/// Mark of the tunnel's own packets, and number of the routing table, unless told otherwise: "ta" in ASCII.
pub const DEFAULT_MARK: u32 = 0x7461;
/// The inner MTU unless told otherwise, in bytes.
pub const DEFAULT_MTU: u16 = 1420;

/// A configuration file, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file it was read from, absolute.
    pub file: PathBuf,
    /// Folder of keys and peers, absolute.
    pub state: PathBuf,
    /// The control socket, absolute.
    pub socket: PathBuf,
    /// Filter for log messages, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log_level: String,
    /// The TUN device.
    pub tun: Tun,
    /// Where Prometheus may fetch figures, besides the control socket.
    pub metrics: Option<SocketAddr>,
    /// How paths behave.
    pub path: PathSettings,
    /// Which traffic gets which class; the first that fits.
    pub rules: Vec<Rule>,
    /// What this node is.
    pub role: Role,
}

/// `[tun]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tun {
    /// Interface name.
    pub name: TunName,
    /// Inner MTU in bytes, 1280 to 9000.
    pub mtu: u16,
}

/// `[path]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathSettings {
    /// Congestion control of every path.
    pub congestion: Congestion,
    /// An idle path sends a packet this often, so that NATs keep its mapping.
    pub keepalive: Duration,
}

/// What a node is, with the settings that only this role has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Sends its traffic into the tunnel.
    Client(Client),
    /// Serves many clients.
    Gateway(Gateway),
}

impl Role {
    /// `client` or `gateway`.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Gateway(_) => "gateway",
        }
    }
}

/// `[client]`, `[links]`, `[link.*]` and `[duplicate]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Where the gateway answers; never empty, all are tried.
    pub gateway: Vec<Endpoint>,
    /// The gateway's key.
    pub pin: Pin,
    /// What enters the tunnel.
    pub routes: Vec<Prefix>,
    /// Mark of the tunnel's own packets.
    pub fwmark: u32,
    /// Routing table of the tunnel.
    pub table: u32,
    /// Which interfaces are used, and how.
    pub links: Links,
    /// What is sent twice.
    pub duplicate: Duplicate,
}

/// `[duplicate]`: second copies of packets, on the second-best link, and what was lost, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Whether packets of the class realtime get one.
    pub realtime: bool,
    /// Whether links of the tier `secondary` carry copies.
    pub secondary: bool,
    /// Of what any link could carry, copies take at most so many thousandths.
    pub share: u16,
    /// Of the bytes that a metered link carries, copies are at most so many thousandths.
    pub metered_share: u16,
    /// Of what is sent, what was lost and goes again is at most so many thousandths.
    pub lost_share: u16,
}

impl Default for Duplicate {
    fn default() -> Self {
        Self { realtime: true, secondary: false, share: 250, metered_share: 50, lost_share: 100 }
    }
}

/// `[gateway]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// UDP addresses to listen on; never empty.
    pub listen: Vec<SocketAddr>,
    /// What invitations name as the gateway's address; never empty.
    pub endpoint: Vec<Endpoint>,
    /// Inner addresses: one IPv4 prefix, one IPv6 prefix, or one of each.
    pub pool: Vec<Prefix>,
    /// Whether what leaves towards the world is masqueraded.
    pub nat: bool,
    /// Whether IP forwarding is enabled while the gateway runs.
    pub forward: bool,
    /// Whether peers may reach one another.
    pub peer_to_peer: bool,
    /// Threads that carry packets; `None` for one per processor.
    pub workers: Option<NonZeroU8>,
}

impl Config {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// [`ConfigError`]: the file cannot be read, or everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read_error = |source| ConfigError::Read { file: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(read_error)?;
        let file = std::path::absolute(path).map_err(read_error)?;
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(&text, &file),
            Err(error) => {
                let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + before.iter().filter(|&&b| b == b'\n').count();
                let problem = Problem { line, key: String::new(), message: "not UTF-8 text".to_owned() };
                Err(ConfigError::Invalid(Report { file, problems: vec![problem] }))
            }
        }
    }

    /// Checks `text` as the content of `file`; relative paths in it are relative to that file's folder.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with everything that is wrong.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        read::config(text, file)
            .map_err(|problems| ConfigError::Invalid(Report { file: file.to_owned(), problems }))
    }

    /// What differs in `new`, and what applying it takes.
    #[must_use]
    pub fn diff(&self, new: &Self) -> Vec<Change> {
        diff::diff(self, new)
    }

    /// Where this node's key is.
    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        self.state.join(KEY_FILE)
    }
}
