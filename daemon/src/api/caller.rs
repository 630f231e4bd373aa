//! Who may control the daemon.
//!
//! The socket's mode (0660, owner and group) keeps strangers out already. Asking the kernel who connected makes
//! that hold even where the mode was loosened by hand or the socket was handed into a container.

use tokio::net::unix::UCred;

/// Whether a caller with these credentials may control a daemon that runs as `own_uid`, with `group` being the
/// group that may, if there is one.
pub(super) fn may_control(caller: &UCred, own_uid: u32, group: Option<u32>) -> bool {
    caller.uid() == 0 || caller.uid() == own_uid || group.is_some_and(|group| is_member(caller, group))
}

fn is_member(caller: &UCred, group: u32) -> bool {
    caller.gid() == group || caller.pid().is_some_and(|pid| supplementary_groups(pid).contains(&group))
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
