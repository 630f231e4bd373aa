//! Network namespaces for the tests of this folder.

use std::{
    fs::File,
    future::Future,
    net::IpAddr,
    os::fd::{AsFd, AsRawFd},
    time::Duration,
};

use futures_util::TryStreamExt;
use ipnet::IpNet;
use rtnetlink::{LinkUnspec, LinkVeth, RouteMessageBuilder, packet_route::link::LinkFlags};
use rustix::thread::{
    CapabilitySet, LinkNameSpaceType, capabilities, move_into_link_name_space, set_capabilities,
};

use super::netlink::Netlink;
use crate::sys;

/// Long enough for a loaded machine; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A network namespace that lives as long as this value.
#[derive(Debug)]
pub(crate) struct Namespace {
    handle: File,
}

impl Namespace {
    /// None where the machine forbids namespaces and `TANDEM_LAB=skip` is set; CI never skips.
    pub(crate) fn new() -> Option<Self> {
        let made = std::thread::spawn(|| {
            sys::unshare_network()?;
            File::open("/proc/thread-self/ns/net")
        });
        match made.join().unwrap() {
            Ok(handle) => Some(Self { handle }),
            Err(error) => {
                let skip = std::env::var_os("TANDEM_LAB").is_some_and(|value| value == "skip");
                let ci = std::env::var_os("CI").is_some_and(|value| value == "true");
                assert!(
                    skip && !ci,
                    "cannot make a network namespace ({error}); run as root, or set TANDEM_LAB=skip"
                );
                None
            }
        }
    }

    /// Runs `test` in a thread of the namespace, on a tokio runtime of its own.
    pub(crate) fn run<T, F>(&self, test: impl FnOnce() -> F + Send) -> T
    where
        T: Send,
        F: Future<Output = T>,
    {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                move_into_link_name_space(self.handle.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(test())
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Joins this namespace's interface `name` to `far_name` in `far` by a veth pair, each end up
    /// and with its addresses.
    pub(crate) fn join(
        &self,
        name: &str,
        addresses: &[&str],
        far: &Self,
        far_name: &str,
        far_addresses: &[&str],
    ) {
        let far_fd = far.handle.as_raw_fd();
        self.run(|| async move {
            let netlink = Netlink::connect().unwrap();
            let links = netlink.handle().link();
            links.add(LinkVeth::new(name, far_name).build()).execute().await.unwrap();
            links
                .set(LinkUnspec::new_with_name(far_name).setns_by_fd(far_fd).build())
                .execute()
                .await
                .unwrap();
        });
        self.run(|| configure(name, addresses));
        far.run(|| configure(far_name, far_addresses));
        self.run(|| async {
            let netlink = Netlink::connect().unwrap();
            let ifindex = index(&netlink, name).await;
            wait_for("carrier", async || has_carrier(&netlink, ifindex).await).await;
        });
    }
}

async fn configure(name: &str, addresses: &[&str]) {
    let netlink = Netlink::connect().unwrap();
    let ifindex = index(&netlink, name).await;
    for address in addresses {
        netlink.add_address(ifindex, address.parse().unwrap()).await.unwrap();
    }
    set_up(&netlink, "lo", true).await;
    set_up(&netlink, name, true).await;
}

async fn has_carrier(netlink: &Netlink, ifindex: u32) -> bool {
    let link =
        netlink.handle().link().get().match_index(ifindex).execute().try_next().await.unwrap().unwrap();
    link.header.flags.contains(LinkFlags::LowerUp)
}

pub(crate) async fn index(netlink: &Netlink, name: &str) -> u32 {
    netlink.interface_index(name).await.unwrap().unwrap()
}

pub(crate) async fn set_up(netlink: &Netlink, name: &str, up: bool) {
    let link = LinkUnspec::new_with_name(name);
    let link = if up { link.up() } else { link.down() };
    netlink.handle().link().set(link.build()).execute().await.unwrap();
}

/// Adds a route of the main table. `via` none is on-link.
pub(crate) async fn add_route(netlink: &Netlink, prefix: &str, via: Option<&str>, name: &str, metric: u32) {
    let prefix: IpNet = prefix.parse().unwrap();
    let mut route = RouteMessageBuilder::<IpAddr>::new()
        .destination_prefix(prefix.network(), prefix.prefix_len())
        .unwrap()
        .output_interface(index(netlink, name).await)
        .priority(metric);
    if let Some(via) = via {
        route = route.gateway(via.parse().unwrap()).unwrap();
    }
    netlink.handle().route().add(route.build()).execute().await.unwrap();
}

/// Waits until `done` says so, looking every few milliseconds.
pub(crate) async fn wait_for(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !done().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Awaits `future` for as long as a loaded machine may need.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Takes the rights to configure networks and to mark packets from the calling thread.
pub(crate) fn drop_network_rights() {
    let mut sets = capabilities(None).unwrap();
    sets.effective.remove(CapabilitySet::NET_ADMIN | CapabilitySet::NET_RAW);
    set_capabilities(None, sets).unwrap();
}
