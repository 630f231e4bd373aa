//! Policy routing into the tunnel, in a routing table of its own.
//!
//! The main table is never touched. Two kinds of rule lead into the tunnel's table, as wg-quick has
//! it: first the main table is asked, but only for routes more specific than the tunnelled prefix (the
//! local network stays reachable); then everything without our mark goes to the tunnel's table. The
//! tunnel's own packets bear the mark and so cannot loop.

use std::net::IpAddr;

use ipnet::IpNet;
use rtnetlink::{
    RouteMessageBuilder,
    packet_route::{
        AddressFamily,
        route::{RouteHeader, RouteMessage, RouteProtocol},
        rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage},
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

/// What is routed into the tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteConfig {
    /// The tunnel's routing table; used by nobody else.
    pub table: u32,
    /// The firewall mark of the tunnel's own packets.
    pub mark: u32,
    /// The priority of the first rule; the second has the next number.
    pub priority: u32,
    /// The TUN device's interface index.
    pub tun: u32,
    /// The prefixes that enter the tunnel.
    pub prefixes: Vec<IpNet>,
}

/// The routes could not be set or removed.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
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
    remove(netlink, journal).await?;
    let routes: Vec<Route> = config
        .prefixes
        .iter()
        .map(|prefix| Route { table: config.table, prefix: prefix.trunc(), tun: config.tun })
        .collect();
    let rules = rules(config);
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

fn rules(config: &RouteConfig) -> Vec<Rule> {
    let mut rules: Vec<Rule> =
        config.prefixes.iter().map(|prefix| Rule::more_specific_first(config.priority, prefix.trunc())).collect();
    for v6 in [false, true] {
        if config.prefixes.iter().any(|prefix| prefix.addr().is_ipv6() == v6) {
            rules.push(Rule::into_tunnel(config, v6));
        }
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
        added.map_err(|error| NetlinkError::new(format!("cannot route {} into the tunnel", self.prefix), error))
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
    table: u32,
    /// Applies to packets without this mark.
    unless_mark: Option<u32>,
    /// Applies to destinations in this prefix, and only with routes that are more specific.
    within: Option<IpNet>,
}

impl Rule {
    fn more_specific_first(priority: u32, prefix: IpNet) -> Self {
        let table = RouteHeader::RT_TABLE_MAIN.into();
        Self { v6: prefix.addr().is_ipv6(), priority, table, unless_mark: None, within: Some(prefix) }
    }

    fn into_tunnel(config: &RouteConfig, v6: bool) -> Self {
        let RouteConfig { priority, table, mark, .. } = *config;
        Self { v6, priority: priority.saturating_add(1), table, unless_mark: Some(mark), within: None }
    }

    async fn add(&self, netlink: &Netlink) -> Result<(), NetlinkError> {
        let rules = netlink.handle().rule();
        let mut request = rules.add();
        *request.message_mut() = self.message();
        let added = request.execute().await.map_err(|error| NetlinkError::new("cannot add a routing rule", error));
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
        message.header.action = RuleAction::ToTable;
        message.attributes = vec![
            RuleAttribute::Priority(self.priority),
            RuleAttribute::Table(self.table),
            RuleAttribute::Protocol(RouteProtocol::from(PROTOCOL)),
        ];
        if let Some(mark) = self.unless_mark {
            message.header.flags = RuleFlags::Invert;
            message.attributes.push(RuleAttribute::FwMark(mark));
        }
        if let Some(prefix) = self.within {
            let length = prefix.prefix_len();
            message.attributes.push(RuleAttribute::SuppressPrefixLen(length.into()));
            if length > 0 {
                message.header.dst_len = length;
                message.attributes.push(RuleAttribute::Destination(prefix.network()));
            }
        }
        message
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
