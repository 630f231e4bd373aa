//! What can go wrong with a socket, by what is to be done about it.

use std::io;

use rustix::io::Errno;

/// A socket could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program has the port.
    #[error(
        "{what} is already in use: stop the program that has it (`ss -lunp` names it), or choose another port"
    )]
    InUse {
        /// The address.
        what: String,
    },
    /// A privileged port, or a firewall mark, without the capability for it.
    #[error(
        "no permission to use {what}: run as root, or grant CAP_NET_ADMIN, CAP_NET_RAW and, for ports below 1024, \
         CAP_NET_BIND_SERVICE"
    )]
    Denied {
        /// The address or interface.
        what: String,
    },
    /// The address belongs to no interface.
    #[error("{what} is not an address of this host: choose one of its own, or 0.0.0.0 or [::] for all")]
    NoSuchAddress {
        /// The address.
        what: String,
    },
    /// The interface has gone.
    #[error("{what} does not exist")]
    NoSuchDevice {
        /// The interface.
        what: String,
    },
    /// IPv6 is switched off in the kernel.
    #[error("cannot use {what}: the kernel has this address family switched off")]
    NoSuchFamily {
        /// The address or interface.
        what: String,
    },
    /// Anything else.
    #[error("cannot bind to {what}: {source}")]
    Other {
        /// The address or interface.
        what: String,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl BindError {
    pub(super) fn new(what: String, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            Some(Errno::ADDRINUSE) => Self::InUse { what },
            Some(Errno::ACCESS | Errno::PERM) => Self::Denied { what },
            Some(Errno::ADDRNOTAVAIL) => Self::NoSuchAddress { what },
            Some(Errno::NODEV) => Self::NoSuchDevice { what },
            Some(Errno::AFNOSUPPORT) => Self::NoSuchFamily { what },
            _ => Self::Other { what, source },
        }
    }
}

/// A datagram could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The kernel's buffer is full: wait until the socket is writable.
    #[error("the socket's buffer is full")]
    WouldBlock,
    /// Larger than the link's MTU: a probe failed, or the MTU has shrunk.
    #[error("the datagram is larger than the link's MTU")]
    TooBig,
    /// The device, its address or its route has gone.
    #[error("the link has no way to the destination")]
    LinkGone,
    /// A local firewall forbids it.
    #[error("a local firewall rule forbids sending to the destination")]
    Denied,
    /// Anything else: the datagram is lost, the socket goes on.
    #[error(transparent)]
    Other(io::Error),
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::MSGSIZE) => Self::TooBig,
            Some(
                Errno::NODEV
                | Errno::NXIO
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::HOSTUNREACH
                | Errno::ADDRNOTAVAIL,
            ) => Self::LinkGone,
            Some(Errno::PERM | Errno::ACCESS) => Self::Denied,
            // The kind covers both EAGAIN and the runtime's own answer, which has no errno.
            _ if error.kind() == io::ErrorKind::WouldBlock => Self::WouldBlock,
            _ => Self::Other(error),
        }
    }
}
