//! Flows as a person reads them.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use tandem::api::{Flow, FlowClass, FlowList};

use super::Style;
use super::table::{Align, Cell, Colour, Table};
use super::units::{bytes, rate, span};

/// Flows, one a row; with a column for the peer where a flow names one.
pub(crate) fn flows(list: &FlowList, style: Style) -> String {
    if list.flows.is_empty() {
        return "no flows in the last minute\n".to_owned();
    }
    let of_peers = list.flows.iter().any(|flow| flow.peer.is_some());
    let names = if of_peers { ["PEER"].as_slice() } else { &[] };
    let columns = names.iter().chain(&["PROTOCOL", "LOCAL", "REMOTE", "CLASS", "BY"]);
    let columns = columns.map(|name| (*name, Align::Left));
    let numbers = ["UP", "DOWN", "SENT", "RECEIVED", "AGE"].map(|name| (name, Align::Right));
    let mut table = Table::with_columns(columns.chain(numbers));
    for flow in &list.flows {
        let peer = of_peers.then(|| Cell::known(flow.peer.clone()));
        table.row(peer.into_iter().chain(cells(flow)));
    }
    let mut text = table.render(style.colour);
    let missing = list.total.saturating_sub(list.flows.len() as u64);
    if missing > 0 {
        // Writing to a string does not fail.
        let _ = writeln!(text, "and {missing} more; --limit shows them");
    }
    text
}

/// The flows of a class taken together.
pub(crate) struct ClassRow {
    pub(crate) class: FlowClass,
    pub(crate) flows: usize,
    pub(crate) down_bps: u64,
    pub(crate) up_bps: u64,
}

/// Classes, one a row.
pub(crate) fn classes(rows: &[ClassRow]) -> String {
    let numbers = ["FLOWS", "DOWN", "UP"].map(|name| (name, Align::Right));
    let mut table = Table::with_columns([("CLASS", Align::Left)].into_iter().chain(numbers));
    for row in rows {
        table.row([
            Cell::text(row.class.label()),
            Cell::text(row.flows.to_string()),
            Cell::text(rate(row.down_bps)),
            Cell::text(rate(row.up_bps)),
        ]);
    }
    table.render(false)
}

fn cells(flow: &Flow) -> [Cell; 10] {
    let by = flow.decided_by.label();
    [
        Cell::text(&flow.protocol),
        Cell::text(end(flow.local, flow.local_port)),
        Cell::text(end(flow.remote, flow.remote_port)),
        Cell::text(flow.class.label()).coloured(class_colour(flow.class)),
        Cell::text(flow.rule.map_or_else(|| by.to_owned(), |rule| format!("{by} {rule}"))),
        Cell::text(rate(flow.tx_rate_bps)),
        Cell::text(rate(flow.rx_rate_bps)),
        Cell::text(bytes(flow.tx_bytes)),
        Cell::text(bytes(flow.rx_bytes)),
        Cell::text(span(Duration::from_micros(flow.age_us))),
    ]
}

fn end(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
        (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
        (address, None) => address.to_string(),
    }
}

fn class_colour(class: FlowClass) -> Colour {
    match class {
        FlowClass::Realtime => Colour::Green,
        FlowClass::Background => Colour::Yellow,
        FlowClass::Interactive | FlowClass::Bulk | FlowClass::Unknown => Colour::None,
    }
}
