//! Paths as a person reads them: in a line each, or a line for each direction with all that is known.

use tandem::api::{Path, PathDirection, PathState};

use super::Style;
use super::table::{Align, Cell, Colour, Table};
use super::units::{bytes, latency, percent, rate, ratio};

const NONE: &str = "no paths\n";

/// Paths, one a row; with columns for peer and address where a path names a peer.
pub(crate) fn paths(paths: &[Path], style: Style) -> String {
    if paths.is_empty() {
        return NONE.to_owned();
    }
    let of_peers = of_peers(paths);
    let columns = names(of_peers).iter().chain(&["STATE", "REASON"]).map(|name| (*name, Align::Left));
    let numbers = ["DOWN", "SHARE", "UP", "SHARE", "RTT", "LOSS"].map(|name| (name, Align::Right));
    let mut table = Table::with_columns(columns.chain(numbers));
    for path in paths {
        let share = |way: &Option<PathDirection>| way.as_ref().and_then(|way| way.share_ratio);
        let cells = [
            state(path.state),
            Cell::text(&path.reason),
            Cell::known(path.id.map(|_| rate(path.rx_rate_bps))),
            Cell::known(share(&path.rx).map(percent)),
            Cell::known(path.id.map(|_| rate(path.tx_rate_bps))),
            Cell::known(share(&path.tx).map(percent)),
            Cell::known(path.rtt_us.map(latency)),
            Cell::known(path.loss_ratio.map(ratio)),
        ];
        table.row(who(path, of_peers).into_iter().chain(cells));
    }
    table.render(style.colour)
}

/// Paths with all that is known: a row for each direction, and one for a link without a path.
pub(crate) fn paths_wide(paths: &[Path], style: Style) -> String {
    if paths.is_empty() {
        return NONE.to_owned();
    }
    let of_peers = of_peers(paths);
    let columns = names(of_peers).iter().chain(&["TIER", "WAY", "STATE", "REASON"]);
    let columns = columns.map(|name| (*name, Align::Left));
    let mut table = Table::with_columns(columns.chain(FIGURES.map(|name| (name, Align::Right))));
    for path in paths {
        let tier = || Cell::text(if of_peers { "-" } else { path.tier.label() });
        let start = || who(path, of_peers).into_iter().chain([tier()]);
        if path.tx.is_none() && path.rx.is_none() {
            let cells = [Cell::text("-"), state(path.state), Cell::text(&path.reason)];
            table.row(start().chain(cells).chain(FIGURES.map(|_| Cell::known(None))));
        }
        for (name, way, total) in [("down", &path.rx, path.rx_bytes), ("up", &path.tx, path.tx_bytes)] {
            if let Some(way) = way {
                table.row(start().chain([Cell::text(name)]).chain(direction(way, total)));
            }
        }
    }
    table.render(style.colour)
}

/// Columns of numbers about a direction.
const FIGURES: [&str; 14] = [
    "RATE",
    "CAPACITY",
    "SHARE",
    "TOTAL",
    "RTT",
    "MIN RTT",
    "DELAY",
    "LOSS",
    "LOST",
    "RESENT",
    "COPIED",
    "REORDERED",
    "HELD",
    "QUEUE",
];

/// State, reason, and [`FIGURES`].
fn direction(way: &PathDirection, total: u64) -> [Cell; 16] {
    let count = |number: Option<u64>| Cell::known(number.map(|number| number.to_string()));
    [
        way.state.map_or_else(|| Cell::known(None), state),
        Cell::known(way.reason.clone()),
        Cell::text(rate(way.rate_bps)),
        Cell::known(way.estimated_rate_bps.map(rate)),
        Cell::known(way.share_ratio.map(percent)),
        Cell::text(bytes(total)),
        Cell::known(way.rtt_us.map(latency)),
        Cell::known(way.rtt_min_us.map(latency)),
        Cell::known(way.delay_difference_us.map(|us| format!("+{}", latency(us)))),
        Cell::known(way.loss_ratio.map(ratio)),
        count(way.lost_packets),
        count(way.retransmitted_packets),
        count(way.duplicated_packets),
        count(way.reordered_packets),
        count(way.held_packets),
        Cell::known(way.queue_bytes.map(bytes)),
    ]
}

/// Whether these are a gateway's.
fn of_peers(paths: &[Path]) -> bool {
    paths.iter().any(|path| path.peer.is_some())
}

/// Columns that say which path a row is about.
fn names(of_peers: bool) -> &'static [&'static str] {
    if of_peers { &["PEER", "REMOTE"] } else { &["INTERFACE"] }
}

fn who(path: &Path, of_peers: bool) -> Vec<Cell> {
    let remote = path.remote.map(|remote| remote.to_string());
    let who = if of_peers { vec![path.peer.clone(), remote] } else { vec![path.interface.clone()] };
    who.into_iter().map(Cell::known).collect()
}

fn state(state: PathState) -> Cell {
    Cell::text(state.label()).coloured(match state {
        PathState::Up => Colour::Green,
        PathState::Probing | PathState::Suspect => Colour::Yellow,
        PathState::Down => Colour::Red,
        PathState::Standby | PathState::Unused | PathState::Unknown => Colour::None,
    })
}
