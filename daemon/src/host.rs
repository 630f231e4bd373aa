//! The Linux host underneath the tunnel: interfaces, sockets, the TUN device, routes, sysctls and
//! the firewall.
//!
//! Nothing here knows the tunnel. Each room wraps one kernel interface and turns its errors into
//! text that says what failed, on what, and what to do. Everything that changes the host beyond the
//! life of a file descriptor is written to the [`journal`] before it is done, so that it can be
//! undone on stop, and at the next start if the daemon was killed.

pub mod firewall;
pub mod journal;
pub mod links;
pub mod netlink;
pub mod notify;
pub mod routes;
pub mod surroundings;
pub mod sysctl;
pub mod tun;
pub mod udp;

#[cfg(test)]
mod testing;
