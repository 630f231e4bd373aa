//! Policy routing into the tunnel, in a routing table of its own.
//!
//! The main table is never touched. The tunnel's own packets bear a mark, and a first rule leads them
//! past all others, so that they cannot loop. For each tunnelled prefix the main table is asked, but
//! only for routes that are more specific (the local network stays reachable, as with wg-quick's
//! `suppress_prefixlength`); then the tunnel's table.

use std::{cmp::Reverse, net::IpAddr};

use ipnet::IpNet;
use rtnetlink::{
    RouteMessageBuilder,
    packet_route::{
        AddressFamily,
        route::{RouteHeader, RouteMessage, RouteProtocol},
        rule::{RuleAction, RuleAttribute, RuleMessage},
    },
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{
    journal::{Change, Journal, JournalError, UndoError},
    netlink::{Netlink, NetlinkError},
};

/// Marks routes and rules as ours (`ip route` shows `proto 116`), so that removing them can never
/// remove anybody else's.
const PROTOCOL: u8 = 116;

/// The priority of the kernel's rule that leads into the main table.
const MAIN_PRIORITY: u32 = 32766;

/// What is routed into the tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteConfig {
    /// The tunnel's routing table; used by nobody else.
    pub table: u32,
    /// The firewall mark of the tunnel's own packets.
    pub mark: u32,
    /// The priority of the first rule; the others, two per prefix and one more, have the next numbers.
    pub priority: u32,
    /// The TUN device's interface index.
    pub tun: u32,
    /// The prefixes that enter the tunnel.
    pub prefixes: Vec<IpNet>,
}

/// The routes could not be set or removed.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// Too many prefixes, or too high a priority.
    #[error(
        "the tunnel's routing rules would come after the main table's (priority {MAIN_PRIORITY}): choose a lower \
         priority or fewer prefixes"
    )]
    NoRoom,
    /// Without `CAP_NET_ADMIN`.
    #[error("no permission to set routes: run as root or grant CAP_NET_ADMIN")]
    Denied,
    /// The kernel refused.
    #[error(transparent)]
    Netlink(NetlinkError),
    /// The changes could not be journalled, and so were not made.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The former routes could not be removed.
    #[error(transparent)]
    Undo(#[from] UndoError),
}

impl From<NetlinkError> for RouteError {
    fn from(error: NetlinkError) -> Self {
        match error.errno() {
            Some(Errno::PERM | Errno::ACCESS) => Self::Denied,
            _ => Self::Netlink(error),
        }
    }
}

/// Routes `config`'s prefixes into the tunnel in place of what was routed before. After an error,
/// undo the journal.
///
/// # Errors
/// [`RouteError`]
pub async fn install(
    netlink: &Netlink,
    journal: &mut Journal,
    config: &RouteConfig,
) -> Result<(), RouteError> {
    let rules = rules(config);
    if rules.iter().any(|rule| rule.priority >= MAIN_PRIORITY) {
        return Err(RouteError::NoRoom);
    }
    remove(netlink, journal).await?;
    let routes: Vec<Route> = config
        .prefixes
        .iter()
        .map(|prefix| Route { table: config.table, prefix: prefix.trunc(), tun: config.tun })
        .collect();
    let changes = routes.iter().cloned().map(Change::Route).chain(rules.iter().cloned().map(Change::Rule));
    journal.record(&changes.collect::<Vec<_>>())?;
    // Routes first: a rule must not lead into a table that is still empty.
    for route in &routes {
        route.add(netlink).await?;
    }
    for rule in &rules {
        rule.add(netlink).await?;
    }
    Ok(())
}

/// Removes the tunnel's routes and rules.
///
/// # Errors
/// [`UndoError`]
pub async fn remove(netlink: &Netlink, journal: &mut Journal) -> Result<(), UndoError> {
    journal.undo(netlink, |change| matches!(change, Change::Rule(_) | Change::Route(_))).await
}

/// In the order of adding: the target of a jump exists before the jump, and the jump before the rules
/// that it leads past. Undoing goes the other way.
///
/// The longest prefix comes first, as in any routing table: only so do prefixes that overlap each
/// other, and the main table's routes, take effect in the order of their lengths.
fn rules(config: &RouteConfig) -> Vec<Rule> {
    let mut rules = Vec::new();
    // Beyond the limit the numbers are of no use, and must not overflow.
    let start = config.priority.min(MAIN_PRIORITY);
    for v6 in [false, true] {
        let of_family =
            config.prefixes.iter().map(IpNet::trunc).filter(|prefix| prefix.addr().is_ipv6() == v6);
        let mut prefixes: Vec<IpNet> = of_family.collect();
        if prefixes.is_empty() {
            continue;
        }
        prefixes.sort_by_key(|prefix| (Reverse(prefix.prefix_len()), *prefix));
        prefixes.dedup();
        let table = config.table;
        let lookups = prefixes
            .into_iter()
            .flat_map(|prefix| [Action::MoreSpecific { prefix }, Action::Tunnel { prefix, table }]);
        let lookups: Vec<Rule> =
            (start + 1..).zip(lookups).map(|(priority, action)| Rule { v6, priority, action }).collect();
        let end = lookups.last().map_or(start, |last| last.priority) + 1;
        rules.push(Rule { v6, priority: end, action: Action::End });
        rules.push(Rule { v6, priority: start, action: Action::Skip { mark: config.mark, end } });
        rules.extend(lookups);
    }
    rules
}

/// A route in the tunnel's table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    table: u32,
    prefix: IpNet,
    tun: u32,
}

impl Route {
    async fn add(&self, netlink: &Netlink) -> Result<(), NetlinkError> {
        let added = netlink.handle().route().add(self.message()).replace().execute().await;
        added.map_err(|error| {
            NetlinkError::new(format!("cannot route {} into the tunnel", self.prefix), error)
        })
    }

    pub(super) async fn remove(&self, netlink: &Netlink) -> Result<(), NetlinkError> {
        let removed = netlink.handle().route().del(self.message()).execute().await;
        let action = || format!("cannot remove the route {} of table {}", self.prefix, self.table);
        unless_gone(removed.map_err(|error| NetlinkError::new(action(), error)))
    }

    fn message(&self) -> RouteMessage {
        let (address, length) = (self.prefix.network(), self.prefix.prefix_len());
        // `trunc` made the length fit the family, the one thing that the builder checks.
        let builder = RouteMessageBuilder::<IpAddr>::new();
        let builder = builder.destination_prefix(address, length).unwrap_or_default();
        builder
            .output_interface(self.tun)
            .table_id(self.table)
            .protocol(RouteProtocol::from(PROTOCOL))
            .build()
    }
}

/// A policy routing rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    v6: bool,
    priority: u32,
    action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Action {
    /// Packets with the mark go on at the rule `end`. (An inverted mark in each rule, as wg-quick has
    /// it, would invert the match of the prefix too.)
    Skip { mark: u32, end: u32 },
    /// Routes of the main table that are more specific than the prefix have precedence.
    MoreSpecific { prefix: IpNet },
    /// The prefix enters the tunnel.
    Tunnel { prefix: IpNet, table: u32 },
    /// Does nothing.
    End,
}

impl Rule {
    async fn add(&self, netlink: &Netlink) -> Result<(), NetlinkError> {
        let rules = netlink.handle().rule();
        let mut request = rules.add();
        *request.message_mut() = self.message();
        let added =
            request.execute().await.map_err(|error| NetlinkError::new("cannot add a routing rule", error));
        match added {
            // Ours by its protocol number: left over from a run whose journal was lost.
            Err(error) if error.errno() == Some(Errno::EXIST) => Ok(()),
            added => added,
        }
    }

    pub(super) async fn remove(&self, netlink: &Netlink) -> Result<(), NetlinkError> {
        let removed = netlink.handle().rule().del(self.message()).execute().await;
        unless_gone(removed.map_err(|error| NetlinkError::new("cannot remove a routing rule", error)))
    }

    fn message(&self) -> RuleMessage {
        let mut message = RuleMessage::default();
        message.header.family = if self.v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
        message.attributes = vec![
            RuleAttribute::Priority(self.priority),
            RuleAttribute::Protocol(RouteProtocol::from(PROTOCOL)),
        ];
        match self.action {
            Action::Skip { mark, end } => {
                message.header.action = RuleAction::Goto;
                message.attributes.extend([RuleAttribute::FwMark(mark), RuleAttribute::Goto(end)]);
            }
            Action::MoreSpecific { prefix } => {
                lookup(&mut message, prefix, RouteHeader::RT_TABLE_MAIN.into());
                message.attributes.push(RuleAttribute::SuppressPrefixLen(prefix.prefix_len().into()));
            }
            Action::Tunnel { prefix, table } => lookup(&mut message, prefix, table),
            Action::End => message.header.action = RuleAction::Nop,
        }
        message
    }
}

fn lookup(message: &mut RuleMessage, prefix: IpNet, table: u32) {
    message.header.action = RuleAction::ToTable;
    message.header.dst_len = prefix.prefix_len();
    message.attributes.push(RuleAttribute::Table(table));
    // The kernel takes no attribute for the default prefix.
    if prefix.prefix_len() > 0 {
        message.attributes.push(RuleAttribute::Destination(prefix.network()));
    }
}

fn unless_gone(removed: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    match removed {
        Err(error) if matches!(error.errno(), Some(Errno::SRCH | Errno::NOENT | Errno::NODEV)) => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests;
