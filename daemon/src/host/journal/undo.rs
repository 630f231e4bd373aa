//! Undoing what the journal names.

use super::{Change, Journal};
use crate::host::{
    firewall::{self, FirewallError},
    netlink::{Netlink, NetlinkError},
    sysctl::{Sysctl, SysctlError},
};

/// A change could not be undone. It stays in the journal, for the next try.
#[derive(Debug, thiserror::Error)]
#[error("cannot undo a change on the host: {0}")]
pub enum UndoError {
    /// A rule or route.
    Netlink(#[from] NetlinkError),
    /// A sysctl.
    Sysctl(#[from] SysctlError),
    /// The nftables table.
    Firewall(#[from] FirewallError),
}

impl Journal {
    /// Undoes every change, the last first. What is already gone counts as undone; what cannot be
    /// undone does not keep the rest from being undone.
    ///
    /// # Errors
    /// The first [`UndoError`].
    pub async fn undo_all(&mut self, netlink: &Netlink) -> Result<(), UndoError> {
        self.undo(netlink, |_| true).await
    }

    /// Undoes the changes that `selected` names, the last first.
    ///
    /// # Errors
    /// The first [`UndoError`].
    pub async fn undo(
        &mut self,
        netlink: &Netlink,
        selected: impl Fn(&Change) -> bool,
    ) -> Result<(), UndoError> {
        let chosen: Vec<_> = self.live.iter().rev().filter(|(_, change)| selected(change)).cloned().collect();
        let mut result = Ok(());
        for (number, change) in chosen {
            match undo_one(netlink, &change).await {
                Ok(()) => self.forget(number),
                Err(error) => {
                    tracing::debug!(%error, ?change, "cannot undo");
                    result = result.and(Err(error));
                }
            }
        }
        result
    }
}

async fn undo_one(netlink: &Netlink, change: &Change) -> Result<(), UndoError> {
    match change {
        Change::Sysctl { setting, after } => Sysctl::default().restore(setting, Some(after))?,
        Change::SysctlKept(setting) => Sysctl::default().restore(setting, None)?,
        Change::Rule(rule) => rule.remove(netlink).await?,
        Change::Route(route) => route.remove(netlink).await?,
        Change::Firewall { table } => firewall::delete(table)?,
    }
    Ok(())
}
