//! Answers of the daemon as a person reads them.

mod events;
mod flows;
mod paths;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod units;

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, SystemTime};

use tandem::api::{Credential, InviteResponse, Peer, PeerState, ReloadReport, State, Status, WaitReport};

pub(crate) use events::event;
pub(crate) use flows::{ClassRow, classes, flows};
pub(crate) use paths::{paths, paths_wide};
use table::{Align, Cell, Colour, Table};
pub(crate) use units::rate;
use units::{bytes, moment, span};

/// How to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Whether a person watches.
    pub(crate) terminal: bool,
    /// Whether to colour states.
    pub(crate) colour: bool,
}

impl Style {
    /// As standard output is: colour only on a terminal, and not with `NO_COLOR` set (no-color.org).
    pub(crate) fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { terminal, colour: terminal && !refused }
    }
}

/// Neither in colour nor in place.
pub(crate) const PLAIN: Style = Style { terminal: false, colour: false };

/// The daemon as a whole, in a line.
pub(crate) fn headline(status: &Status) -> String {
    format!("{}, {}", state(status), daemon(status))
}

/// The daemon as a whole, and its paths.
pub(crate) fn status(status: &Status, style: Style) -> String {
    let mut head = Table::headless();
    head.row([Cell::text("state"), Cell::text(state(status)).coloured(state_colour(status.state))]);
    if let Some(gateway) = &status.gateway {
        head.row([Cell::text("gateway"), Cell::text(gateway.endpoints.join(", "))]);
    }
    if let Some(tunnel) = &status.tunnel {
        let text = format!("{}, {}, MTU {}", tunnel.name, tunnel.addresses.join(", "), tunnel.mtu_bytes);
        head.row([Cell::text("tunnel"), Cell::text(text)]);
    }
    if let Some(peers) = status.peers {
        let text = format!("{} connected of {} enrolled", peers.connected, peers.enrolled);
        head.row([Cell::text("peers"), Cell::text(text)]);
    }
    head.row([Cell::text("daemon"), Cell::text(daemon(status))]);
    let mut text = head.render(style.colour);
    if !status.paths.is_empty() {
        text.push('\n');
        text.push_str(&paths(&status.paths, style));
    }
    text
}

/// State, reason, and since when.
fn state(status: &Status) -> String {
    let label = status.state.label();
    let reason = &status.reason;
    let since =
        status.since_unix_us.map(|since| format!(" for {}", span(elapsed(since)))).unwrap_or_default();
    format!("{label} ({reason}){since}")
}

/// What `up` and `down` led to.
pub(crate) fn new_state(status: &Status) -> String {
    format!("{} ({})\n", status.state.label(), status.reason)
}

fn daemon(status: &Status) -> String {
    let mut text =
        format!("tandemd {}, up {}", status.version, span(Duration::from_micros(status.uptime_us)));
    if let Some(resident) = status.resident_bytes {
        // Writing to a string does not fail.
        let _ = write!(text, ", {} resident", bytes(resident));
    }
    if let Some(peer_state) = status.peer_state_bytes {
        let _ = write!(text, ", {} per idle peer", bytes(peer_state));
    }
    text
}

/// Peers, one a row.
pub(crate) fn peers(peers: &[Peer], style: Style) -> String {
    if peers.is_empty() {
        return "no peers; `tandem invite NAME` makes a token for one\n".to_owned();
    }
    let left = ["NAME", "STATE", "ADDRESSES", "CREDENTIAL"].map(|name| (name, Align::Left));
    let right = ["PATHS", "SENT", "RECEIVED"].map(|name| (name, Align::Right));
    let mut table = Table::with_columns(left.into_iter().chain(right).chain([("LAST SEEN", Align::Left)]));
    for peer in peers {
        let credential = match (&peer.pin, peer.credential) {
            (Some(pin), _) => pin.clone(),
            (None, Credential::Bearer) => "bearer".to_owned(),
            (None, Credential::Key) => "key".to_owned(),
        };
        table.row([
            Cell::text(&peer.name),
            Cell::text(peer.state.label()).coloured(peer_colour(peer.state)),
            Cell::text(peer.addresses.join(", ")),
            Cell::text(credential),
            Cell::text(peer.paths.iter().filter(|path| path.state.is_usable()).count().to_string()),
            Cell::text(bytes(peer.tx_bytes)),
            Cell::text(bytes(peer.rx_bytes)),
            Cell::known(peer.last_seen_unix_us.map(|seen| format!("{} ago", span(elapsed(seen))))),
        ]);
    }
    table.render(style.colour)
}

/// What to know about a token beside the token.
pub(crate) fn invitation(response: &InviteResponse) -> String {
    let name = &response.name;
    match (response.credential, response.expires_unix_us) {
        (Credential::Key, Some(expires)) => {
            format!("token for {name}, good for one `tandem join` until {}\n", moment(expires))
        }
        (Credential::Key, None) => format!("token for {name}, good for one `tandem join`\n"),
        (Credential::Bearer, _) => {
            format!(
                "bearer secret for {name}, good until `tandem peer remove {name}`; it is not shown again\n"
            )
        }
    }
}

/// What a reload changed.
pub(crate) fn reload(report: &ReloadReport) -> String {
    let mut text = String::new();
    for key in &report.applied {
        let _ = writeln!(text, "applied: {key}");
    }
    for key in &report.needs_restart {
        let _ = writeln!(text, "needs a restart of tandemd: {key}");
    }
    if text.is_empty() { "nothing has changed\n".to_owned() } else { text }
}

/// What a wait that was worth it ended with.
pub(crate) fn ready(report: &WaitReport) -> String {
    format!("{}, usable paths: {}\n", report.state.label(), report.usable_paths)
}

/// What a wait that was over still lacked, as part of a sentence.
pub(crate) fn missing(report: &WaitReport) -> String {
    let mut text = format!(
        "{} ({}), {} of {} paths usable",
        report.state.label(),
        report.reason,
        report.usable_paths,
        report.wanted_paths
    );
    for path in &report.unusable {
        let name = path.interface.as_deref().or(path.peer.as_deref()).unwrap_or("a path");
        let _ = write!(text, "; {name} is {} ({})", path.state.label(), path.reason);
    }
    text
}

/// Time since a moment; none if the clock says that it is still to come.
fn elapsed(unix_us: u64) -> Duration {
    let moment = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(unix_us));
    moment.and_then(|moment| SystemTime::now().duration_since(moment).ok()).unwrap_or_default()
}

fn state_colour(state: State) -> Colour {
    match state {
        State::Connected | State::Serving => Colour::Green,
        State::Connecting | State::Stopping => Colour::Yellow,
        State::Disconnected => Colour::Red,
        State::Unknown => Colour::None,
    }
}

fn peer_colour(state: PeerState) -> Colour {
    match state {
        PeerState::Connected => Colour::Green,
        PeerState::Disconnected | PeerState::Unknown => Colour::None,
    }
}
