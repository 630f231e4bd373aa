//! Who may control the daemon.
//!
//! The socket's mode (0660, owner and group) keeps strangers out already. Asking the kernel who connected makes
//! that hold even where the mode was loosened by hand or the socket was handed into a container.

use tokio::net::unix::UCred;

/// The process at the other end of a connection, as it was when it connected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// None if the process is in a PID namespace that is not seen from here.
    pub(super) pid: Option<i32>,
}

impl From<UCred> for Caller {
    fn from(credentials: UCred) -> Self {
        Self { uid: credentials.uid(), gid: credentials.gid(), pid: credentials.pid() }
    }
}

impl Caller {
    /// Whether the caller may control a daemon that runs as `own_uid`, with `group` being the group that may, if
    /// there is one.
    pub(super) fn may_control(self, own_uid: u32, group: Option<u32>) -> bool {
        self.uid == 0 || self.uid == own_uid || group.is_some_and(|group| self.is_member(group))
    }

    fn is_member(self, group: u32) -> bool {
        self.gid == group || self.pid.is_some_and(|pid| supplementary_groups(pid).contains(&group))
    }
}

/// Supplementary groups of a running process: `SO_PEERCRED` gives only the primary one. A process that ended in
/// the meantime has none.
fn supplementary_groups(pid: i32) -> Vec<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    groups_in(&status)
}

/// The `Groups:` line of proc_pid_status(5).
pub(super) fn groups_in(status: &str) -> Vec<u32> {
    status
        .lines()
        .find_map(|line| line.strip_prefix("Groups:"))
        .map(|groups| groups.split_ascii_whitespace().filter_map(|gid| gid.parse().ok()).collect())
        .unwrap_or_default()
}
