//! A connection to the kernel's routing netlink for requests, with errors that name the request.

use std::{io, net::IpAddr};

use futures_util::TryStreamExt;
use ipnet::IpNet;
use rtnetlink::{
    LinkUnspec,
    packet_route::{
        address::{AddressAttribute, AddressFlags, AddressMessage},
        link::LinkAttribute,
    },
};
use rustix::io::Errno;

/// A request that the kernel refused, or that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{action}: {source}")]
pub struct NetlinkError {
    action: String,
    source: io::Error,
}

impl NetlinkError {
    pub(super) fn new(action: impl Into<String>, error: rtnetlink::Error) -> Self {
        Self { action: action.into(), source: into_io(error) }
    }

    pub(super) fn from_io(action: impl Into<String>, source: io::Error) -> Self {
        Self { action: action.into(), source }
    }

    /// The kernel's error number, where it was the kernel that refused.
    pub fn errno(&self) -> Option<Errno> {
        Errno::from_io_error(&self.source)
    }
}

fn into_io(error: rtnetlink::Error) -> io::Error {
    if let rtnetlink::Error::NetlinkError(message) = error {
        return message.to_io();
    }
    io::Error::other(error.to_string())
}

/// A netlink socket for requests. Its driver runs as a task of the runtime that it was made in, and
/// ends when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Netlink {
    handle: rtnetlink::Handle,
}

impl Netlink {
    /// Opens the socket in the calling thread's network namespace. To be called within a tokio runtime.
    ///
    /// # Errors
    /// Where the kernel gives no netlink socket (a sandbox that forbids `AF_NETLINK`).
    pub fn connect() -> Result<Self, NetlinkError> {
        let (connection, handle, _unsolicited) = rtnetlink::new_connection()
            .map_err(|error| NetlinkError::from_io("cannot open a netlink socket", error))?;
        tokio::spawn(connection);
        Ok(Self { handle })
    }

    pub(super) fn handle(&self) -> &rtnetlink::Handle {
        &self.handle
    }

    /// The index of the interface `name`; none where there is no such interface.
    ///
    /// # Errors
    /// Those of `RTM_GETLINK`, other than that it does not exist.
    pub async fn interface_index(&self, name: &str) -> Result<Option<u32>, NetlinkError> {
        let found = self.handle.link().get().match_name(name).execute().try_next().await;
        match found.map_err(|error| NetlinkError::new(format!("cannot look up interface {name}"), error)) {
            Ok(link) => Ok(link.map(|link| link.header.index)),
            Err(error) if error.errno() == Some(Errno::NODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets the MTU (bytes) of an interface and brings it up.
    pub(super) async fn bring_up(&self, ifindex: u32, mtu: u32) -> Result<(), NetlinkError> {
        let message = LinkUnspec::new_with_index(ifindex).mtu(mtu).up().build();
        let action = || format!("cannot set up interface {ifindex} with MTU {mtu}");
        self.handle.link().set(message).execute().await.map_err(|error| NetlinkError::new(action(), error))
    }

    /// Has the kernel hand over no more than `most` packets of a flow in one piece.
    pub(super) async fn limit_segments(&self, ifindex: u32, most: u32) -> Result<(), NetlinkError> {
        let attribute = LinkAttribute::GsoMaxSegs(most);
        let message = LinkUnspec::new_with_index(ifindex).append_extra_attribute(attribute).build();
        let action = || format!("cannot limit the segments of interface {ifindex} to {most}");
        self.handle.link().set(message).execute().await.map_err(|error| NetlinkError::new(action(), error))
    }

    /// The addresses of an interface, of both families.
    pub(super) async fn addresses(&self, ifindex: u32) -> Result<Vec<AddressMessage>, NetlinkError> {
        // Filtered here: a socket without strict checks gets the addresses of all interfaces.
        let dump = self.handle.address().get().execute();
        let mut all: Vec<AddressMessage> =
            dump.try_collect().await.map_err(|error| NetlinkError::new("cannot list addresses", error))?;
        all.retain(|message| message.header.index == ifindex);
        Ok(all)
    }

    /// Gives an interface an address. IPv6 skips duplicate address detection: it would leave the
    /// address unusable for its first second, on a device that has no neighbours.
    pub(super) async fn add_address(&self, ifindex: u32, address: IpNet) -> Result<(), NetlinkError> {
        let mut request = self.handle.address().add(ifindex, address.addr(), address.prefix_len()).replace();
        if address.addr().is_ipv6() {
            request.message_mut().attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        let action = || format!("cannot add address {address} to interface {ifindex}");
        request.execute().await.map_err(|error| NetlinkError::new(action(), error))
    }

    pub(super) async fn remove_address(&self, address: AddressMessage) -> Result<(), NetlinkError> {
        let removed = self.handle.address().del(address).execute().await;
        removed.map_err(|error| NetlinkError::new("cannot remove an address", error))
    }
}

/// The address that a message is about: our own end where the link has two (on a point-to-point link
/// `IFA_ADDRESS` is the peer's).
pub(super) fn local_address(message: &AddressMessage) -> Option<IpAddr> {
    let (mut local, mut address) = (None, None);
    for attribute in &message.attributes {
        if let AddressAttribute::Local(ip) = attribute {
            local = Some(*ip);
        } else if let AddressAttribute::Address(ip) = attribute {
            address = Some(*ip);
        }
    }
    local.or(address)
}
