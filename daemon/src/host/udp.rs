//! UDP sockets: one bound to each link on the client, wildcard listeners on the gateway.
//!
//! Both send and receive in batches through noq-udp: GSO, GRO, ECN, no fragmentation, and the local
//! address of each datagram, so that a gateway with several addresses answers from the one that was
//! asked.

mod batch;
mod error;
mod steering;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    num::{NonZeroU8, NonZeroUsize},
    task::{Context, Poll},
};

use noq_udp::UdpSocketState;
use rustix::net::sockopt;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{io::Interest, net::UdpSocket};

pub use batch::{Datagram, RecvBatch};
pub use error::{BindError, SendError};
pub use noq_udp::{EcnCodepoint, Transmit};

/// Kernel buffer per socket and direction, in bytes: a burst of 100 ms at 500 Mbit/s. Wireguard-go,
/// quic-go and others have settled near it.
const KERNEL_BUFFER: usize = 7 << 20;

/// IP and UDP headers, in bytes.
const V4_OVERHEAD: usize = 28;
const V6_OVERHEAD: usize = 48;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: SocketAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    fn wildcard(self) -> SocketAddr {
        match self {
            Self::V4 => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            Self::V6 => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        }
    }
}

/// A nonblocking socket with noq-udp's state beside it.
#[derive(Debug)]
struct BatchSocket {
    socket: UdpSocket,
    state: UdpSocketState,
}

impl BatchSocket {
    fn new(socket: Socket) -> io::Result<Self> {
        enlarge_buffers(&socket);
        let state = UdpSocketState::new((&socket).into())?;
        Ok(Self { socket: UdpSocket::from_std(socket.into())?, state })
    }

    fn try_recv(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        self.socket.try_io(Interest::READABLE, || {
            batch.fill(|buffers, meta| self.state.recv((&self.socket).into(), buffers, meta))
        })
    }

    fn poll_recv(&self, context: &mut Context<'_>, batch: &mut RecvBatch) -> Poll<io::Result<usize>> {
        loop {
            std::task::ready!(self.socket.poll_recv_ready(context))?;
            match self.try_recv(batch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => return Poll::Ready(received),
            }
        }
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> Result<(), SendError> {
        let sent = self.send_once(transmit);
        match (&sent, transmit.segment_size) {
            // The device turned out to have no GSO. noq-udp will not use it again; this batch goes
            // out one by one.
            (Err(SendError::Other(_)), Some(size)) if self.state.max_gso_segments().get() == 1 => {
                let mut segments = transmit.contents.chunks(size.max(1));
                segments.try_for_each(|contents| {
                    self.send_once(&Transmit { contents, segment_size: None, ..transmit.clone() })
                })
            }
            _ => sent,
        }
    }

    fn send_once(&self, transmit: &Transmit<'_>) -> Result<(), SendError> {
        let send = || self.state.try_send((&self.socket).into(), transmit);
        // The runtime takes a new socket for not writable until it has looked, which would hold up
        // the first packet; only a refusal by the kernel has to pass through it, to arm `writable`.
        let sent = match send() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.socket.try_io(Interest::WRITABLE, send)
            }
            sent => sent,
        };
        sent.map_err(SendError::from)
    }
}

/// The forced variants pass the sysctl limits and need `CAP_NET_ADMIN`; without it, as much as the
/// limits permit. Small buffers cost throughput only, so that a refusal is no error.
fn enlarge_buffers(socket: &Socket) {
    if sockopt::set_socket_recv_buffer_size_force(socket, KERNEL_BUFFER).is_err()
        && let Err(error) = socket.set_recv_buffer_size(KERNEL_BUFFER)
    {
        tracing::debug!(%error, "receive buffer stays small");
    }
    if sockopt::set_socket_send_buffer_size_force(socket, KERNEL_BUFFER).is_err()
        && let Err(error) = socket.set_send_buffer_size(KERNEL_BUFFER)
    {
        tracing::debug!(%error, "send buffer stays small");
    }
}

fn udp_socket(family: Family) -> io::Result<Socket> {
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    if family == Family::V6 {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

/// The client's socket on one link, for one address family.
///
/// Bound to the device (`SO_BINDTODEVICE`), it uses that link's route whatever its metric; marked
/// (`SO_MARK`), it escapes the tunnel's own routing rules.
#[derive(Debug)]
pub struct LinkSocket {
    inner: BatchSocket,
    device: String,
    mtu: usize,
}

impl LinkSocket {
    /// Binds to `device`, on a port that the kernel chooses. `mtu` is the device's, in bytes;
    /// `mark` the firewall mark. To be called within a tokio runtime.
    ///
    /// # Errors
    /// [`BindError`]: no such device, or no permission for the mark.
    pub fn bind(device: &str, family: Family, mark: u32, mtu: u32) -> Result<Self, BindError> {
        let name = || format!("interface {device}");
        let socket = udp_socket(family).map_err(|error| BindError::new(name(), error))?;
        let prepared = socket
            .bind_device(Some(device.as_bytes()))
            .and_then(|()| socket.set_mark(mark))
            .and_then(|()| socket.bind(&family.wildcard().into()))
            .and_then(|()| BatchSocket::new(socket));
        let inner = prepared.map_err(|error| BindError::new(name(), error))?;
        Ok(Self { inner, device: device.to_owned(), mtu: to_usize(mtu) })
    }

    /// The name of the device at the time of binding.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Tells the socket that the link's MTU (bytes) has changed.
    pub fn set_mtu(&mut self, mtu: u32) {
        self.mtu = to_usize(mtu);
    }

    /// The address that the socket is bound to: wildcard, with the port chosen by the kernel.
    ///
    /// # Errors
    /// Those of `getsockname(2)`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.socket.local_addr()
    }

    /// How many segments one [`Transmit`] may hold; 1 where the link has no GSO.
    pub fn max_segments(&self) -> NonZeroUsize {
        self.inner.state.max_gso_segments()
    }

    /// Completes when a receive may succeed.
    ///
    /// # Errors
    /// Where the runtime is shutting down.
    pub async fn readable(&self) -> io::Result<()> {
        self.inner.socket.readable().await
    }

    /// Completes when a send may succeed.
    ///
    /// # Errors
    /// Where the runtime is shutting down.
    pub async fn writable(&self) -> io::Result<()> {
        self.inner.socket.writable().await
    }

    /// Receives what is there into `batch` and gives the number of datagrams.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there.
    pub fn try_recv(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        self.inner.try_recv(batch)
    }

    /// Like [`try_recv`](Self::try_recv), and wakes the task when something arrives.
    pub fn poll_recv(&self, context: &mut Context<'_>, batch: &mut RecvBatch) -> Poll<io::Result<usize>> {
        self.inner.poll_recv(context, batch)
    }

    /// Sends one datagram, or one batch of equally long ones.
    ///
    /// # Errors
    /// [`SendError`]; none of them is a reason to close the socket.
    pub fn try_send(&self, transmit: &Transmit<'_>) -> Result<(), SendError> {
        let overhead = if transmit.destination.is_ipv4() { V4_OVERHEAD } else { V6_OVERHEAD };
        let largest = transmit.segment_size.unwrap_or(usize::MAX).min(transmit.contents.len());
        // The kernel answers a GSO batch of too large segments with EINVAL, as a device without GSO
        // does, and noq-udp would turn GSO and ECN off for good.
        if largest + overhead > self.mtu {
            return Err(SendError::TooBig);
        }
        self.inner.try_send(transmit)
    }
}

fn to_usize(mtu: u32) -> usize {
    usize::try_from(mtu).unwrap_or(usize::MAX)
}

/// The gateway's socket on one of its listen addresses.
#[derive(Debug)]
pub struct ListenSocket {
    inner: BatchSocket,
    address: SocketAddr,
}

impl ListenSocket {
    /// Listens on `address`; IPv4 and IPv6 wildcards may share a port. To be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// [`BindError`]: the port is in use or privileged, or the address is not of this host.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        Self::prepare(address, |socket| socket.bind(&address.into()))
    }

    /// Listens on `address` as number `index` of `count` workers, which are to bind in that order: the kernel numbers them
    /// so. Each datagram then comes to the worker whose connection it belongs to. Where the kernel does not take the
    /// program that decides this, datagrams come to any worker, and workers pass them on. To be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// As [`ListenSocket::bind`].
    pub fn bind_shared(address: SocketAddr, index: u8, count: NonZeroU8) -> Result<Self, BindError> {
        let is_first = index == 0;
        if is_first && address.port() != 0 {
            // A port that another program shares would be joined silently.
            Self::prepare(address, |socket| socket.bind(&address.into()))?;
        }
        let shared = Self::prepare(address, |socket| {
            socket.set_reuse_port(true)?;
            socket.bind(&address.into())
        })?;
        if is_first && let Err(error) = steering::attach(&shared.inner.socket, count) {
            tracing::info!(%error, "the kernel does not tell workers' datagrams apart: they pass them on");
        }
        Ok(shared)
    }

    fn prepare(address: SocketAddr, bind: impl FnOnce(&Socket) -> io::Result<()>) -> Result<Self, BindError> {
        let name = || format!("udp {address}");
        let socket = udp_socket(Family::of(address)).map_err(|error| BindError::new(name(), error))?;
        let prepared = bind(&socket).and_then(|()| BatchSocket::new(socket));
        let inner = prepared.map_err(|error| BindError::new(name(), error))?;
        let address = inner.socket.local_addr().map_err(|error| BindError::new(name(), error))?;
        Ok(Self { inner, address })
    }

    /// The address that the socket listens on, with the port that it got where 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How many segments one [`Transmit`] may hold; 1 where the host has no GSO.
    pub fn max_segments(&self) -> NonZeroUsize {
        self.inner.state.max_gso_segments()
    }

    /// Completes when a receive may succeed.
    ///
    /// # Errors
    /// Where the runtime is shutting down.
    pub async fn readable(&self) -> io::Result<()> {
        self.inner.socket.readable().await
    }

    /// Completes when a send may succeed.
    ///
    /// # Errors
    /// Where the runtime is shutting down.
    pub async fn writable(&self) -> io::Result<()> {
        self.inner.socket.writable().await
    }

    /// Receives what is there into `batch` and gives the number of datagrams. [`Datagram::local`] is
    /// the address that the client used: put it into [`Transmit::src_ip`] of the answer.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is there.
    pub fn try_recv(&self, batch: &mut RecvBatch) -> io::Result<usize> {
        self.inner.try_recv(batch)
    }

    /// Like [`try_recv`](Self::try_recv), and wakes the task when something arrives.
    pub fn poll_recv(&self, context: &mut Context<'_>, batch: &mut RecvBatch) -> Poll<io::Result<usize>> {
        self.inner.poll_recv(context, batch)
    }

    /// Sends one datagram, or one batch of equally long ones.
    ///
    /// # Errors
    /// [`SendError`]; none of them is a reason to close the socket.
    pub fn try_send(&self, transmit: &Transmit<'_>) -> Result<(), SendError> {
        self.inner.try_send(transmit)
    }
}

#[cfg(test)]
mod tests;
