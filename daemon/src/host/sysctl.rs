//! Kernel settings under `/proc/sys/net`: reverse path filters and forwarding.
//!
//! Every setting is journalled with its former value. It is put back only if it still has our value:
//! what somebody else has set since is theirs.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::journal::{Change, Journal, JournalError};

/// `rp_filter`: the source of a packet must be routable through the interface that it came in on.
const STRICT: &str = "1";
/// `rp_filter`: the source of a packet must be routable through any interface.
const LOOSE: &str = "2";
/// `accept_ra`: accept router advertisements although forwarding.
const ACCEPT_RA_ALWAYS: &str = "2";

/// A setting and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The path under `/proc/sys`: an interface's name may contain dots.
    pub key: String,
    /// The value.
    pub value: String,
}

/// A setting could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SysctlError {
    /// Read-only `/proc/sys`, as in most containers, or no `CAP_NET_ADMIN`.
    #[error("no permission to set sysctl {key}: run as root, or set it on the host to {value}")]
    Denied {
        /// The setting.
        key: String,
        /// The value that is wanted.
        value: String,
    },
    /// Anything else.
    #[error("cannot read or set sysctl {key}: {source}")]
    Io {
        /// The setting.
        key: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The change could not be journalled, and so was not made.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The kernel's settings.
#[derive(Clone, Debug)]
pub struct Sysctl {
    root: PathBuf,
}

impl Default for Sysctl {
    fn default() -> Self {
        Self { root: PathBuf::from("/proc/sys") }
    }
}

impl Sysctl {
    #[cfg(test)]
    fn at(root: &std::path::Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the reverse path filter of a link loose if it is strict (RFC 3704). The strict one drops
    /// what comes in on any link but that of the best route to the gateway; with a tunnelled default
    /// route that is none of the links. The kernel applies the larger of the interface's value and
    /// `all`, so that raising the interface's is enough.
    ///
    /// # Errors
    /// [`SysctlError`]; an interface that has gone is none.
    pub fn loosen_rp_filter(&self, journal: &mut Journal, interface: &str) -> Result<(), SysctlError> {
        let key = format!("net/ipv4/conf/{interface}/rp_filter");
        let (Some(own), Some(all)) = (self.read(&key)?, self.read("net/ipv4/conf/all/rp_filter")?) else {
            return Ok(());
        };
        if own.as_str().max(all.as_str()) == STRICT {
            self.change(journal, vec![(Setting { key, value: own }, LOOSE)])?;
        }
        Ok(())
    }

    /// Enables forwarding for IPv4 and IPv6, where the kernel has them. Interfaces that learn their
    /// IPv6 routes from router advertisements are told to go on doing so.
    ///
    /// # Errors
    /// [`SysctlError`]
    pub fn enable_forwarding(&self, journal: &mut Journal) -> Result<(), SysctlError> {
        for (family, all) in [("ipv4", "net/ipv4/ip_forward"), ("ipv6", "net/ipv6/conf/all/forwarding")] {
            let Some(value) = self.read(all)? else { continue };
            if value == "1" {
                continue;
            }
            journal.record(&self.reset_by_forwarding(family)?)?;
            let mut changes = self.router_advertisements(family)?;
            changes.push((Setting { key: all.to_owned(), value }, "1"));
            self.change(journal, changes)?;
        }
        Ok(())
    }

    /// What the kernel resets when forwarding is switched off again: the per-interface switches, and
    /// whether IPv4 redirects are accepted.
    fn reset_by_forwarding(&self, family: &str) -> Result<Vec<Change>, SysctlError> {
        let mut kept = Vec::new();
        for interface in self.interfaces(family) {
            let key = format!("net/{family}/conf/{interface}/forwarding");
            if let Some(value) = self.read(&key)?
                && value == "1"
            {
                kept.push(Change::SysctlKept(Setting { key, value }));
            }
        }
        let key = "net/ipv4/conf/all/accept_redirects".to_owned();
        if family == "ipv4"
            && let Some(value) = self.read(&key)?
        {
            kept.push(Change::SysctlKept(Setting { key, value }));
        }
        Ok(kept)
    }

    fn router_advertisements(&self, family: &str) -> Result<Vec<(Setting, &'static str)>, SysctlError> {
        let mut changes = Vec::new();
        if family != "ipv6" {
            return Ok(changes);
        }
        for interface in self.interfaces(family) {
            let key = format!("net/ipv6/conf/{interface}/accept_ra");
            if let Some(value) = self.read(&key)?
                && value == "1"
            {
                changes.push((Setting { key, value }, ACCEPT_RA_ALWAYS));
            }
        }
        Ok(changes)
    }

    /// The interfaces and `default`, from which later interfaces inherit; not `all`.
    fn interfaces(&self, family: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.root.join(format!("net/{family}/conf"))) else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name != "all").collect();
        names.sort();
        names
    }

    /// Journals and sets; each setting comes with its former value.
    fn change(&self, journal: &mut Journal, changes: Vec<(Setting, &str)>) -> Result<(), SysctlError> {
        let journalled: Vec<Change> = changes
            .iter()
            .map(|(setting, after)| Change::Sysctl { setting: setting.clone(), after: (*after).to_owned() })
            .collect();
        journal.record(&journalled)?;
        changes.iter().try_for_each(|(setting, after)| self.write(&setting.key, after))
    }

    /// Puts a setting back; only if it has the value `after`, where that is given.
    pub(super) fn restore(&self, setting: &Setting, after: Option<&str>) -> Result<(), SysctlError> {
        let now = self.read(&setting.key)?;
        if now.is_none()
            || now.as_deref() == Some(&setting.value)
            || after.is_some_and(|a| now.as_deref() != Some(a))
        {
            return Ok(());
        }
        self.write(&setting.key, &setting.value)
    }

    /// None where there is no such setting: the interface has gone, or the kernel has no IPv6.
    fn read(&self, key: &str) -> Result<Option<String>, SysctlError> {
        match std::fs::read_to_string(self.root.join(key)) {
            Ok(value) => Ok(Some(value.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SysctlError::Io { key: key.to_owned(), source }),
        }
    }

    fn write(&self, key: &str, value: &str) -> Result<(), SysctlError> {
        match std::fs::write(self.root.join(key), value) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                Err(SysctlError::Denied { key: key.to_owned(), value: value.to_owned() })
            }
            Err(source) => Err(SysctlError::Io { key: key.to_owned(), source }),
        }
    }
}

#[cfg(test)]
mod tests;
