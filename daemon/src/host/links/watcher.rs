//! The netlink side: subscribe, dump, follow; start over when the kernel had to drop messages.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use rtnetlink::{
    Handle, MulticastGroup, RouteMessageBuilder,
    packet_core::{NetlinkMessage, NetlinkPayload},
    packet_route::RouteNetlinkMessage,
};
use tokio::sync::{mpsc, watch};

use super::{
    super::netlink::NetlinkError,
    LinkEvent, LinkFilter, decode,
    table::{Fact, LinkTable},
};

const GROUPS: [MulticastGroup; 5] = [
    MulticastGroup::Link,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Route,
];

/// Events that may wait for their reader. A reader that falls behind stops the watcher, whose socket
/// then overruns, which ends in a new dump: nothing is lost but intermediate states.
const EVENTS_WAITING: usize = 64;

/// Pause before another try where the netlink socket broke for another reason than an overrun.
const RETRY: Duration = Duration::from_secs(1);

/// Watches the interfaces of a network namespace.
#[derive(Debug)]
pub struct LinkWatcher {
    filter: watch::Receiver<LinkFilter>,
    events: mpsc::Sender<LinkEvent>,
    table: LinkTable,
}

enum Ending {
    /// Nobody listens any more.
    Finished,
    /// The kernel dropped messages.
    Overrun,
    /// The socket broke.
    Broken,
}

impl LinkWatcher {
    /// A watcher and the receiver of its events. A new value of `filter` (allow and deny globs after
    /// a reload, the gateway's addresses once they are resolved) is applied at once.
    pub fn new(filter: watch::Receiver<LinkFilter>) -> (Self, mpsc::Receiver<LinkEvent>) {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        (Self { filter, events, table: LinkTable::default() }, receiver)
    }

    /// Reports every interface, then every change, until the receiver is dropped. To be run within
    /// the network namespace that it is to watch.
    ///
    /// # Errors
    /// Where the kernel refuses the netlink socket or a dump.
    pub async fn run(mut self) -> Result<(), NetlinkError> {
        loop {
            match self.one_life().await? {
                Ending::Finished => return Ok(()),
                Ending::Overrun => tracing::debug!("the kernel dropped link messages: reading all anew"),
                Ending::Broken => {
                    tracing::debug!("the link watcher's socket broke: opening another");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// One life of a netlink socket. What was read from an older socket could be older than the dump,
    /// so that an overrun ends its life instead of dumping on the same socket.
    async fn one_life(&mut self) -> Result<Ending, NetlinkError> {
        let (connection, handle, mut messages) = rtnetlink::new_multicast_connection(&GROUPS)
            .map_err(|error| NetlinkError::from_io("cannot watch the interfaces", error))?;
        tokio::spawn(connection);
        self.table.forget_facts();
        self.dump(&handle).await?;
        let mut filter = self.filter.clone();
        loop {
            if !self.report().await {
                return Ok(Ending::Finished);
            }
            let first = tokio::select! {
                message = messages.next() => message,
                () = self.events.closed() => return Ok(Ending::Finished),
                Ok(()) = filter.changed() => continue,
            };
            let Some(first) = first else { return Ok(Ending::Broken) };
            // A burst of messages is one turn: a roaming interface is reported once, in its final state.
            let mut next = Some(first);
            while let Some((message, _)) = next {
                if let Some(end) = self.follow(message) {
                    return Ok(end);
                }
                next = messages.try_recv().ok();
            }
        }
    }

    fn follow(&mut self, message: NetlinkMessage<RouteNetlinkMessage>) -> Option<Ending> {
        if matches!(message.payload, NetlinkPayload::Overrun(_)) {
            return Some(Ending::Overrun);
        }
        if let Some(fact) = decode::notification(message) {
            tracing::trace!(?fact, "netlink");
            self.table.apply(fact);
        }
        None
    }

    /// False where nobody listens any more.
    async fn report(&mut self) -> bool {
        let events = self.table.settle(&self.filter.borrow());
        for event in events {
            if self.events.send(event).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Reads everything, one dump after the other: the kernel answers a second dump on a socket that
    /// has one under way with `EBUSY`.
    async fn dump(&mut self, handle: &Handle) -> Result<(), NetlinkError> {
        let links = handle.link().get().execute().map_ok(|link| decode::interface(&link));
        self.read(links.boxed()).await?;
        let addresses =
            handle.address().get().execute().map_ok(|message| decode::address(&message).map(Fact::Address));
        self.read(addresses.boxed()).await?;
        let v4 = RouteMessageBuilder::<Ipv4Addr>::new().build();
        let v6 = RouteMessageBuilder::<Ipv6Addr>::new().build();
        for family in [v4, v6] {
            let routes =
                handle.route().get(family).execute().map_ok(|route| {
                    decode::routes(&route).map(|routes| Fact::Routes { routes, replace: false })
                });
            self.read(routes.boxed()).await?;
        }
        Ok(())
    }

    async fn read(
        &mut self,
        mut dump: BoxStream<'_, Result<Option<Fact>, rtnetlink::Error>>,
    ) -> Result<(), NetlinkError> {
        let failed = |error| NetlinkError::new("cannot list interfaces, addresses and routes", error);
        while let Some(fact) = dump.try_next().await.map_err(failed)? {
            if let Some(fact) = fact {
                self.table.apply(fact);
            }
        }
        Ok(())
    }
}
