use tokio::sync::{mpsc, watch};

use super::*;
use crate::host::{
    netlink::Netlink,
    testing::{Namespace, add_route, index, patiently, set_up},
};

const IPV6_DEFAULT: &str = "::/0";

/// A laptop whose `wlan0` leads to a router.
struct World {
    laptop: Namespace,
    router: Namespace,
}

impl World {
    fn new() -> Option<Self> {
        let (laptop, router) = (Namespace::new()?, Namespace::new()?);
        laptop.join("wlan0", &["192.168.1.5/24"], &router, "lan0", &["192.168.1.1/24", "fd00::1/64"]);
        Some(Self { laptop, router })
    }
}

/// Starts a watcher that takes veth interfaces named wlan for links.
fn watch_links() -> (watch::Sender<LinkFilter>, mpsc::Receiver<LinkEvent>) {
    let (sender, receiver) = watch::channel(LinkFilter::new(&["*", "wlan*"], &[], "tandem0").unwrap());
    let (watcher, events) = LinkWatcher::new(receiver);
    tokio::spawn(async move { watcher.run().await.unwrap() });
    (sender, events)
}

/// The next event about `wlan0`.
async fn next(events: &mut mpsc::Receiver<LinkEvent>) -> LinkEvent {
    loop {
        let event = patiently("a link event", events.recv()).await.unwrap();
        let name = match &event {
            LinkEvent::Up(link) | LinkEvent::Changed(link) => &link.name,
            LinkEvent::Down { name, .. } | LinkEvent::Ignored { name, .. } => name,
        };
        if name == "wlan0" {
            return event;
        }
    }
}

fn label(event: &LinkEvent) -> &'static str {
    match event {
        LinkEvent::Up(_) => "up",
        LinkEvent::Changed(_) => "changed",
        LinkEvent::Down { reason, .. } | LinkEvent::Ignored { reason, .. } => reason,
    }
}

/// Awaits events until one has this label.
async fn until(events: &mut mpsc::Receiver<LinkEvent>, wanted: &str) -> LinkEvent {
    loop {
        let event = next(events).await;
        if label(&event) == wanted {
            return event;
        }
    }
}

#[test]
fn an_interface_becomes_a_link_when_it_gets_a_route_and_stops_when_it_loses_it() {
    let Some(world) = World::new() else { return };
    world.laptop.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let (_filter, mut events) = watch_links();
        assert_eq!(label(&next(&mut events).await), "no-route");
        add_route(&netlink, "0.0.0.0/0", Some("192.168.1.1"), "wlan0", 600).await;
        let LinkEvent::Up(link) = until(&mut events, "up").await else { panic!() };
        assert_eq!(link.mtu, 1500);
        let v4 = link.v4.unwrap();
        assert_eq!(v4.address, "192.168.1.5".parse::<Ipv4Addr>().unwrap());
        assert_eq!(v4.next_hop, Some("192.168.1.1".parse().unwrap()));
        let address = netlink.addresses(link.ifindex).await.unwrap().remove(0);
        netlink.remove_address(address).await.unwrap();
        until(&mut events, "no-address").await;
    });
}

#[test]
fn an_interface_that_goes_down_and_returns_without_its_routes_is_no_link() {
    let Some(world) = World::new() else { return };
    world.laptop.run(|| async {
        let netlink = Netlink::connect().unwrap();
        add_route(&netlink, "0.0.0.0/0", Some("192.168.1.1"), "wlan0", 600).await;
        let (_filter, mut events) = watch_links();
        until(&mut events, "up").await;
        set_up(&netlink, "wlan0", false).await;
        until(&mut events, "down").await;
        set_up(&netlink, "wlan0", true).await;
        until(&mut events, "no-route").await;
        add_route(&netlink, "0.0.0.0/0", Some("192.168.1.1"), "wlan0", 600).await;
        until(&mut events, "up").await;
    });
}

#[test]
fn carrier_loss_at_the_far_end_is_reported() {
    let Some(world) = World::new() else { return };
    world.laptop.run(|| async {
        let netlink = Netlink::connect().unwrap();
        add_route(&netlink, "0.0.0.0/0", Some("192.168.1.1"), "wlan0", 600).await;
        let (_filter, mut events) = watch_links();
        until(&mut events, "up").await;
        world.router.run(|| async { set_up(&Netlink::connect().unwrap(), "lan0", false).await });
        assert_eq!(label(&next(&mut events).await), "no-carrier");
    });
}

#[test]
fn an_interface_plugged_in_later_is_seen_and_unplugging_it_is_too() {
    let (Some(laptop), Some(router)) = (Namespace::new(), Namespace::new()) else { return };
    laptop.run(|| async {
        let netlink = Netlink::connect().unwrap();
        let (_filter, mut events) = watch_links();
        laptop.join("wlan0", &["fd00::5/64"], &router, "lan0", &["fd00::1/64"]);
        until(&mut events, "no-route").await;
        add_route(&netlink, IPV6_DEFAULT, Some("fd00::1"), "wlan0", 1024).await;
        let LinkEvent::Up(link) = until(&mut events, "up").await else { panic!() };
        assert_eq!((link.v4, link.v6.is_some()), (None, true));
        netlink.handle().link().del(index(&netlink, "wlan0").await).execute().await.unwrap();
        until(&mut events, "gone").await;
    });
}

#[test]
fn messages_that_the_kernel_had_to_drop_are_made_good_by_a_new_dump() {
    let Some(world) = World::new() else { return };
    world.laptop.run(|| async {
        let netlink = Netlink::connect().unwrap();
        add_route(&netlink, "0.0.0.0/0", Some("192.168.1.1"), "wlan0", 600).await;
        let (_filter, mut events) = watch_links();
        until(&mut events, "up").await;
        // The watcher shares this thread and does not read while the other fills its socket; the last
        // change is among those that no longer fit.
        world.laptop.run(|| async {
            let netlink = Netlink::connect().unwrap();
            for number in 0..2000 {
                add_route(&netlink, "203.0.113.0/24", None, "wlan0", number).await;
            }
            set_up(&netlink, "wlan0", false).await;
        });
        assert_eq!(label(&next(&mut events).await), "down");
        set_up(&netlink, "wlan0", true).await;
        until(&mut events, "no-route").await;
    });
}

#[test]
fn a_changed_filter_is_applied_at_once() {
    let Some(world) = World::new() else { return };
    world.laptop.run(|| async {
        let netlink = Netlink::connect().unwrap();
        add_route(&netlink, "0.0.0.0/0", Some("192.168.1.1"), "wlan0", 600).await;
        let (filter, mut events) = watch_links();
        until(&mut events, "up").await;
        filter.send(LinkFilter::new(&["*"], &["wlan*"], "tandem0").unwrap()).unwrap();
        assert_eq!(label(&next(&mut events).await), "denied");
    });
}

#[test]
fn the_watcher_ends_when_nobody_listens() {
    let Some(namespace) = Namespace::new() else { return };
    namespace.run(|| async {
        let (_filter, receiver) = watch::channel(LinkFilter::default());
        let (watcher, events) = LinkWatcher::new(receiver);
        drop(events);
        patiently("the watcher to end", watcher.run()).await.unwrap();
    });
}
