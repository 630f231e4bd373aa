//! Configuration files as a person would like to find them: every key that matters, each with a word of
//! explanation.

use std::path::Path;

use super::SetupError;
use super::cli::{GatewayInitArgs, JoinArgs};
use super::gateway::Reached;
use crate::config::{Config, ConfigError, DEFAULT_MARK, DEFAULT_MTU, TunName};
use crate::token::Token;

/// The places of a node, absolute.
pub(super) struct Places<'a> {
    pub(super) state: &'a Path,
    pub(super) socket: &'a Path,
}

pub(super) fn gateway(
    args: &GatewayInitArgs,
    reached: &Reached,
    places: &Places<'_>,
) -> Result<String, SetupError> {
    let common = common("gateway", places, &args.place.tun)?;
    let (listen, endpoint, pool) = (array(&args.listen), array(&reached.endpoint), array(&reached.pool));
    let nat = !args.no_nat;
    Ok(format!(
        r#"{common}
[gateway]
# UDP addresses to listen on.
listen = {listen}
# Under these names or addresses clients reach this gateway; they are written into invitations.
endpoint = {endpoint}
# Addresses for clients, one IPv4 prefix and one IPv6 prefix. The gateway takes the first of each.
pool = {pool}
# Masquerade what leaves towards the world.
nat = {nat}
# Enable IP forwarding while the gateway runs.
forward = true
# Let clients reach one another.
peer_to_peer = false
{PATH}"#
    ))
}

pub(super) fn client(args: &JoinArgs, token: &Token, places: &Places<'_>) -> Result<String, SetupError> {
    let common = common("client", places, &args.place.tun)?;
    let (gateway, pin) = (array(&token.endpoints), quote(&token.pin.to_string()));
    let (routes, allow) = (array(&args.route), array(&args.link_allow));
    Ok(format!(
        r#"{common}
[client]
# Where the gateway answers; all are tried.
gateway = {gateway}
# The gateway's key. A gateway with another key is refused.
pin = {pin}
# What enters the tunnel.
routes = {routes}
# Mark of the tunnel's own packets, and number of its routing table.
fwmark = {DEFAULT_MARK}
table = {DEFAULT_MARK}

[links]
# Interfaces to use, as names or patterns.
allow = {allow}
deny = []

# Settings of one interface, or of all that fit a pattern; tier is auto, always, secondary, backup or never, and metered
# says that bytes are paid for:
# [link.wwan0]
# tier = "backup"
# metered = true

[duplicate]
# Send packets of calls twice, over the two best links: when one of them dies, the call does not notice. Of the bytes
# that a metered link carries, copies are at most this share.
realtime = true
metered_share = 0.05
{PATH}"#
    ))
}

/// Checks a text made here as if it had been read.
pub(super) fn parse(text: &str, file: &Path) -> Result<Config, SetupError> {
    Config::parse(text, file).map_err(|error| match error {
        // The lines of a file that was never written would tell nobody anything.
        ConfigError::Invalid(report) => SetupError::Settings(
            report
                .problems
                .iter()
                .map(|p| format!("{}: {}", p.key, p.message))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
        other @ ConfigError::Read { .. } => SetupError::Config(other),
    })
}

const PATH: &str = r#"
[path]
# Congestion control: "bbr" keeps queues short, "cubic" fills them. "balia" is for links that meet at one bottleneck,
# where it takes with all of them about what one flow would.
congestion = "bbr"
# An idle path sends a packet this often, so that NATs keep its mapping.
keepalive = "20s"

# Traffic that is to have another class than tandem would give it: realtime, interactive, bulk or background.
# [[rule]]
# class = "background"
# protocol = "tcp"
# remote_port = 873
"#;

fn common(role: &str, places: &Places<'_>, tun: &TunName) -> Result<String, SetupError> {
    let state = quote(utf8(places.state)?);
    let socket = quote(utf8(places.socket)?);
    let tun = quote(tun.as_str());
    Ok(format!(
        r#"# Configuration of tandem. Relative paths are relative to this file's folder.
# After a change: `tandem config check`, then `tandem config reload`.

role = "{role}"
# The key and what must survive a restart are kept here.
state = {state}
# The command `tandem` talks to the daemon here.
socket = {socket}

[log]
# error, warn, info, debug or trace.
level = "info"

[tun]
# The device that packets enter and leave by.
name = {tun}
# Largest packet that enters the tunnel, in bytes.
mtu = {DEFAULT_MTU}
"#
    ))
}

fn utf8(path: &Path) -> Result<&str, SetupError> {
    path.to_str().ok_or_else(|| {
        SetupError::Settings(format!(
            "{}: the path is not UTF-8, which a TOML file cannot hold",
            path.display()
        ))
    })
}

fn quote(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn array<T: ToString>(values: &[T]) -> String {
    let quoted: Vec<_> = values.iter().map(|value| quote(&value.to_string())).collect();
    format!("[{}]", quoted.join(", "))
}
