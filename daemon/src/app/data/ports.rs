//! The sockets of a daemon, each on behalf of one of the engine's links.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::task::{Context, Poll};
use std::time::Instant;

use tandem_engine::gateway::Worker;
use tandem_engine::link::{Arrival, Ecn, LinkId, Transmit};

use crate::host::udp::{
    self, BindError, Datagram, EcnCodepoint, Family, LinkSocket, ListenSocket, RecvBatch, SendError,
};

/// Batches taken from one socket before the others have their turn.
const ROUNDS: usize = 4;

enum Socket {
    /// Of a client: bound to an interface.
    Link(LinkSocket),
    /// Of a gateway, or of a client that is about to enrol.
    Listen(ListenSocket),
}

impl Socket {
    fn poll_recv(&self, context: &mut Context<'_>, batch: &mut RecvBatch) -> Poll<io::Result<usize>> {
        match self {
            Self::Link(socket) => socket.poll_recv(context, batch),
            Self::Listen(socket) => socket.poll_recv(context, batch),
        }
    }

    fn try_send(&self, transmit: &udp::Transmit<'_>) -> Result<(), SendError> {
        match self {
            Self::Link(socket) => socket.try_send(transmit),
            Self::Listen(socket) => socket.try_send(transmit),
        }
    }

    fn max_segments(&self) -> NonZeroUsize {
        match self {
            Self::Link(socket) => socket.max_segments(),
            Self::Listen(socket) => socket.max_segments(),
        }
    }
}

struct Port {
    link: LinkId,
    family: Family,
    socket: Socket,
}

impl Port {
    /// Where and how a datagram arrived. A client's link has one address, whatever that is at present, so that
    /// only a gateway tells the engine which one was used.
    fn arrival(&self, datagram: &Datagram<'_>) -> Arrival {
        let local = match self.socket {
            Socket::Link(_) => None,
            Socket::Listen(_) => datagram.local,
        };
        let ecn = datagram.ecn.and_then(|ecn| Ecn::from_bits(ecn as u8));
        Arrival { link: self.link, remote: datagram.source, local, ecn }
    }

    fn send(&self, transmit: &Transmit, bytes: &[u8]) {
        let most = self.socket.max_segments().get();
        // A link without segmentation offload gets the datagrams of a batch one by one.
        let chunk = transmit.segment_size.map_or(bytes.len(), |size| size * most).max(1);
        for contents in bytes.chunks(chunk) {
            let segment_size = transmit.segment_size.filter(|size| contents.len() > *size);
            let sent = self.socket.try_send(&udp::Transmit {
                destination: transmit.destination,
                ecn: transmit.ecn.and_then(|ecn| EcnCodepoint::from_bits(ecn as u8)),
                contents,
                segment_size,
                src_ip: transmit.source,
            });
            match sent {
                Ok(()) => {}
                // Probes for a larger MTU end so, as they should.
                Err(SendError::TooBig) => tracing::trace!("datagram larger than the link's MTU"),
                // The engine takes for lost what never left, and sends it again at its own pace: a full buffer
                // is a full queue like any other on the way.
                Err(error) => tracing::trace!(link = self.link.0, %error, "datagram not sent"),
            }
        }
    }
}

/// All sockets. There are few, so that looking through them is the fastest way to find one.
#[derive(Default)]
pub(in crate::app) struct Ports(Vec<Port>);

impl Ports {
    /// Opens the socket of a client's link for one address family, and gives the address that it has.
    ///
    /// # Errors
    /// [`BindError`]
    pub(in crate::app) fn open(
        &mut self,
        link: LinkId,
        device: &str,
        family: Family,
        mark: u32,
        mtu: u32,
    ) -> Result<SocketAddr, BindError> {
        let socket = LinkSocket::bind(device, family, mark, mtu)?;
        let address = socket.local_addr();
        self.0.push(Port { link, family, socket: Socket::Link(socket) });
        Ok(address.unwrap_or_else(|_| SocketAddr::from(([0; 4], 0))))
    }

    /// Listens on `address` as one worker of several, and gives the address with the port that it got. The workers are
    /// to do so in the order of their indices.
    ///
    /// # Errors
    /// [`BindError`]
    pub(in crate::app) fn listen(
        &mut self,
        link: LinkId,
        address: SocketAddr,
        worker: Worker,
    ) -> Result<SocketAddr, BindError> {
        let socket = if worker == Worker::ALONE {
            ListenSocket::bind(address)?
        } else {
            ListenSocket::bind_shared(address, worker.index(), worker.count())?
        };
        let address = socket.local_addr();
        self.0.push(Port { link, family: Family::of(address), socket: Socket::Listen(socket) });
        Ok(address)
    }

    /// Closes the socket of a link for one family.
    pub(in crate::app) fn close(&mut self, link: LinkId, family: Family) {
        self.0.retain(|port| (port.link, port.family) != (link, family));
    }

    /// Closes the sockets of a link.
    pub(in crate::app) fn close_link(&mut self, link: LinkId) {
        self.0.retain(|port| port.link != link);
    }

    /// Tells the sockets of a link that its MTU (bytes) has changed.
    pub(in crate::app) fn set_mtu(&mut self, link: LinkId, mtu: u32) {
        for port in self.0.iter_mut().filter(|port| port.link == link) {
            if let Socket::Link(socket) = &mut port.socket {
                socket.set_mtu(mtu);
            }
        }
    }

    /// Hands what has arrived to `each`, and wakes the task when there is more. Gives the number of datagrams.
    ///
    /// With each comes a moment after its arrival. Never one before: a turn takes milliseconds where the processor is
    /// shared, and what arrived within it would seem to have been under way for so much less.
    pub(in crate::app) fn poll_recv(
        &self,
        context: &mut Context<'_>,
        batch: &mut RecvBatch,
        mut each: impl FnMut(Instant, &Arrival, &[u8]),
    ) -> usize {
        let mut count = 0;
        for port in &self.0 {
            for _ in 0..ROUNDS {
                match port.socket.poll_recv(context, batch) {
                    Poll::Ready(Ok(received)) => {
                        count += received;
                        let now = Instant::now();
                        for datagram in batch.datagrams() {
                            each(now, &port.arrival(&datagram), datagram.payload);
                        }
                    }
                    Poll::Ready(Err(error)) => {
                        tracing::debug!(link = port.link.0, %error, "cannot receive");
                        break;
                    }
                    Poll::Pending => break,
                }
            }
        }
        count
    }

    /// Sends what the engine wants sent. What cannot be sent is lost, as on any other part of its way.
    pub(in crate::app) fn send(&self, transmit: &Transmit, bytes: &[u8]) {
        let family = Family::of(transmit.destination);
        let port = self.0.iter().find(|port| (port.link, port.family) == (transmit.link, family));
        if let Some(port) = port {
            port.send(transmit, bytes);
        }
    }
}
