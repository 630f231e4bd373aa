//! The TUN device: IP packets from and to the kernel, without Ethernet or packet information headers.

mod offload;

use std::{
    io,
    num::NonZeroU8,
    path::Path,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use ipnet::IpNet;
use rustix::io::Errno;
use tun_rs::{AsyncDevice, DeviceBuilder, Layer, SyncDevice};

use self::offload::{Inbound, MAX_SEGMENTS, Outbound};
use super::netlink::{Netlink, NetlinkError, local_address};

const NODE: &str = "/dev/net/tun";

/// The longest interface name, in bytes (`IFNAMSIZ` with its end mark is 16).
const LONGEST_NAME: usize = 15;

/// What the device is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunConfig {
    /// The interface's name.
    pub name: String,
    /// The inner MTU in bytes.
    pub mtu: u32,
    /// The tunnel's own addresses, each with the prefix that is on-link.
    pub addresses: Vec<IpNet>,
    /// For how many threads it is: more than one takes a device with several queues.
    pub queues: NonZeroU8,
}

/// The device could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TunError {
    /// No `/dev/net/tun`.
    #[error(
        "{NODE} does not exist: load the kernel module (`modprobe tun`); in a container, pass the device in \
         (`--device {NODE}`)"
    )]
    NoDriver,
    /// No `CAP_NET_ADMIN`.
    #[error("no permission to make the TUN device {name}: run as root or grant CAP_NET_ADMIN")]
    Denied {
        /// The interface's name.
        name: String,
    },
    /// The device's mode keeps this user out.
    #[error(
        "no permission to open {NODE}: `chmod 666 {NODE}`, which is the mode that udev gives it, or run as root"
    )]
    Closed,
    /// Somebody else's interface has that name.
    #[error(
        "an interface named {name} already exists: stop what made it, or choose another `name` under [tun]"
    )]
    NameTaken {
        /// The interface's name.
        name: String,
    },
    /// The kernel would not accept the name.
    #[error("`{name}` cannot name an interface: 1 to 15 bytes without spaces, slashes or colons")]
    BadName {
        /// The interface's name.
        name: String,
    },
    /// The MTU or an address was refused.
    #[error("cannot set up the TUN device: {0}")]
    Setup(#[from] NetlinkError),
    /// Anything else.
    #[error("cannot make the TUN device {name}: {source}")]
    Other {
        /// The interface's name.
        name: String,
        /// The system's answer.
        source: io::Error,
    },
}

/// A device that is set up. It can go to another thread, and there be [attached](Self::attach) to the
/// runtime that is to serve it. The kernel removes it when it is dropped.
pub struct TunDevice {
    device: SyncDevice,
    name: String,
    ifindex: u32,
    mtu: u32,
}

impl std::fmt::Debug for TunDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TunDevice").field("name", &self.name).field("ifindex", &self.ifindex).finish()
    }
}

impl TunDevice {
    /// Makes the device, gives it its MTU and addresses, and brings it up.
    ///
    /// # Errors
    /// [`TunError`]; no device is left behind.
    pub async fn create(netlink: &Netlink, config: &TunConfig) -> Result<Self, TunError> {
        let name = config.name.clone();
        let bad = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | ':');
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(bad) || matches!(&*name, "." | "..")
        {
            return Err(TunError::BadName { name });
        }
        // Opening would silently join a persistent TUN device of the same name.
        if netlink.interface_index(&name).await?.is_some() {
            return Err(TunError::NameTaken { name });
        }
        let device = open(NODE, &name, config.queues)?;
        let other = |source| TunError::Other { name: name.clone(), source };
        let ifindex = device.if_index().map_err(other)?;
        without_link_local(&name);
        for address in &config.addresses {
            netlink.add_address(ifindex, *address).await?;
        }
        netlink.limit_segments(ifindex, MAX_SEGMENTS).await?;
        netlink.bring_up(ifindex, config.mtu).await?;
        Ok(Self { device, name, ifindex, mtu: config.mtu })
    }

    /// Another queue of the same device, where it was made for several. The kernel hands a flow's packets to the queue
    /// that last sent packets of the same flow the other way.
    ///
    /// # Errors
    /// Where the kernel has no queue left.
    pub fn another_queue(&self) -> Result<Self, TunError> {
        let other = |source| TunError::Other { name: self.name.clone(), source };
        let device = self.device.try_clone().map_err(other)?;
        Ok(Self { device, name: self.name.clone(), ifindex: self.ifindex, mtu: self.mtu })
    }

    /// The interface's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The interface's index.
    pub fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// Hands the device to the calling runtime.
    ///
    /// # Errors
    /// Where the runtime cannot watch the descriptor.
    pub fn attach(self) -> io::Result<Tun> {
        let device = AsyncDevice::new(self.device)?;
        Ok(Tun { device, inbound: Inbound::new(self.mtu), outbound: Outbound::new() })
    }
}

/// Whether an interface can have IPv6 addresses: the kernel has IPv6, and it is not switched off there.
/// `default` stands for interfaces that are still to come.
pub fn takes_ipv6(interface: &str) -> bool {
    let key = format!("/proc/sys/net/ipv6/conf/{interface}/disable_ipv6");
    std::fs::read_to_string(key).is_ok_and(|value| value.trim() == "0")
}

/// Makes `wanted` the addresses of a TUN device: what is missing is added, what is too much removed.
///
/// # Errors
/// [`NetlinkError`]
pub async fn set_addresses(netlink: &Netlink, ifindex: u32, wanted: &[IpNet]) -> Result<(), NetlinkError> {
    for message in netlink.addresses(ifindex).await? {
        let present = local_address(&message).and_then(|ip| IpNet::new(ip, message.header.prefix_len).ok());
        if !present.is_some_and(|present| wanted.contains(&present)) {
            netlink.remove_address(message).await?;
        }
    }
    for address in wanted {
        netlink.add_address(ifindex, *address).await?;
    }
    Ok(())
}

fn open(node: &str, name: &str, queues: NonZeroU8) -> Result<SyncDevice, TunError> {
    // tun-rs would try to make the node, which helps nobody where there is no driver behind it.
    if !Path::new(node).exists() {
        return Err(TunError::NoDriver);
    }
    let build = |offload| {
        let builder = DeviceBuilder::new().name(name).layer(Layer::L3).enable(false).offload(offload);
        builder.multi_queue(queues > NonZeroU8::MIN).build_sync()
    };
    let refused = |source| {
        let name = name.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::NODEV | Errno::NXIO | Errno::NOENT) => TunError::NoDriver,
            Some(Errno::ACCESS) => TunError::Closed,
            Some(Errno::PERM) => TunError::Denied { name },
            Some(Errno::BUSY | Errno::EXIST) => TunError::NameTaken { name },
            _ => TunError::Other { name, source },
        }
    };
    match build(true).map_err(refused) {
        Ok(device) => Ok(device),
        Err(TunError::Other { source, .. }) => {
            tracing::info!(%source, "the kernel has no offloads for TUN devices: each packet is handed over by itself");
            build(false).map_err(refused)
        }
        Err(error) => Err(error),
    }
}

/// A link-local address would only make the kernel solicit routers through the tunnel. The setting
/// belongs to the device and vanishes with it; a kernel without IPv6 has none.
fn without_link_local(name: &str) {
    let key = format!("/proc/sys/net/ipv6/conf/{name}/addr_gen_mode");
    if let Err(error) = std::fs::write(key, "1") {
        tracing::debug!(%error, "the TUN device keeps its link-local address");
    }
}

/// A TUN device, served by a runtime.
pub struct Tun {
    device: AsyncDevice,
    inbound: Inbound,
    outbound: Outbound,
}

impl std::fmt::Debug for Tun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tun").finish_non_exhaustive()
    }
}

impl Tun {
    /// Hands waiting packets to `each`, and gives their number, until `limit` is reached or none is left; it may be passed
    /// by what the kernel handed over together. Wakes the task when there are some.
    ///
    /// # Errors
    /// Where the device has failed or was deleted. Packets handed over before the error are valid.
    pub fn poll_recv(
        &mut self,
        context: &mut Context<'_>,
        limit: usize,
        mut each: impl FnMut(&mut [u8]),
    ) -> Poll<io::Result<usize>> {
        let mut count = 0;
        while count < limit {
            match self.inbound.receive(&self.device, &mut each) {
                Ok(more) => count += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if count > 0 {
                        break;
                    }
                    ready!(self.device.poll_readable(context))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(count))
    }

    /// Hands packets to the kernel until there are no more. What it does not take is dropped, as a full queue would.
    pub fn send(&mut self, packets: impl FnMut() -> Option<Bytes>) {
        self.outbound.send(&self.device, packets);
    }
}

#[cfg(test)]
mod tests;
