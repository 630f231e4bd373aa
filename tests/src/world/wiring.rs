//! Addresses and routes of the world.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Result;

use super::spec::{LinkSpec, external_addresses};
use super::{GATEWAY, GATEWAY_V6, WEB, WEB_DIRECT, WEB_DIRECT_V6, WEB_V6};
use crate::link::{End, Link, NatConfig};
use crate::netif::{self, Net, Route};
use crate::netns::Namespace;

/// The other host of a /24: the router's address where the host's is given, and so on.
fn neighbour(of: Ipv4Addr, last: u8) -> Ipv4Addr {
    let [a, b, c, _] = of.octets();
    Ipv4Addr::new(a, b, c, last)
}

fn neighbour_v6(of: Ipv6Addr, last: u16) -> Ipv6Addr {
    let mut segments = of.segments();
    segments[7] = last;
    Ipv6Addr::from(segments)
}

fn address(namespace: &Namespace, interface: &str, v4: Ipv4Addr, v6: Ipv6Addr) -> Result<()> {
    namespace.run(|| {
        netif::add_address(interface, Net::new(v4, 24))?;
        netif::add_address(interface, Net::new(v6, 64))
    })
}

fn default_routes(namespace: &Namespace, interface: &str, vias: [IpAddr; 2]) -> Result<()> {
    namespace.run(|| {
        for via in vias {
            netif::add_route(interface, Route { to: Net::default_of(via), via, metric: 0 })?;
        }
        Ok(())
    })
}

/// Connects gateway and web server with the internet and with each other. Without NAT at the gateway the web server
/// learns the way back to the tunnel's addresses.
pub(super) fn connect_backbone(
    internet: &Namespace,
    gateway: &Namespace,
    web: &Namespace,
    gateway_nat: bool,
) -> Result<()> {
    internet.sysctl("net/ipv4/ip_forward", "1")?;
    internet.sysctl("net/ipv6/conf/all/forwarding", "1")?;
    netif::add_veth((internet, "gateway0"), (gateway, "eth0"))?;
    netif::add_veth((internet, "web0"), (web, "eth0"))?;
    netif::add_veth((gateway, "eth1"), (web, "eth1"))?;
    address(internet, "gateway0", neighbour(GATEWAY, 254), neighbour_v6(GATEWAY_V6, 0xfe))?;
    address(gateway, "eth0", GATEWAY, GATEWAY_V6)?;
    address(internet, "web0", neighbour(WEB_DIRECT, 254), neighbour_v6(WEB_DIRECT_V6, 0xfe))?;
    address(web, "eth0", WEB_DIRECT, WEB_DIRECT_V6)?;
    address(gateway, "eth1", neighbour(WEB, 1), neighbour_v6(WEB_V6, 1))?;
    address(web, "eth1", WEB, WEB_V6)?;
    default_routes(gateway, "eth0", [neighbour(GATEWAY, 254).into(), neighbour_v6(GATEWAY_V6, 0xfe).into()])?;
    default_routes(
        web,
        "eth0",
        [neighbour(WEB_DIRECT, 254).into(), neighbour_v6(WEB_DIRECT_V6, 0xfe).into()],
    )?;
    if gateway_nat {
        return Ok(());
    }
    web.run(|| {
        let pools: [(Net, IpAddr); 2] = [
            (Net::new([10, 77, 0, 0], 24), neighbour(WEB, 1).into()),
            (Net::new([0xfd77, 0, 0, 0, 0, 0, 0, 0], 64), neighbour_v6(WEB_V6, 1).into()),
        ];
        for (to, via) in pools {
            netif::add_route("eth1", Route { to, via, metric: 0 })?;
        }
        Ok(())
    })
}

/// Creates a laptop's link and configures both ends as a network manager would: an address each, a default route with
/// the link's metric, and on the internet's side the way back.
pub(super) fn connect_link(
    spec: &LinkSpec,
    number: u8,
    laptop: &Namespace,
    internet: &Namespace,
    seed: u64,
) -> Result<Link> {
    let router_interface = router_interface(number);
    let nat = spec.nat_timeout.map(|timeout| NatConfig { external: external_addresses(number), timeout });
    let ends = [
        End { namespace: laptop, interface: &spec.interface },
        End { namespace: internet, interface: &router_interface },
    ];
    let link = Link::new(&spec.name, ends, spec.config.clone(), nat, seed.wrapping_add(u64::from(number)))?;
    configure_ends(spec, number, laptop, internet)?;
    Ok(link)
}

/// The same over a plain veth pair, which shapes nothing and is as fast as the kernel.
pub(super) fn connect_cable(
    spec: &LinkSpec,
    number: u8,
    laptop: &Namespace,
    internet: &Namespace,
) -> Result<()> {
    netif::add_veth((laptop, &spec.interface), (internet, &router_interface(number)))?;
    configure_ends(spec, number, laptop, internet)
}

pub(super) fn router_interface(number: u8) -> String {
    format!("link{number}")
}

fn configure_ends(spec: &LinkSpec, number: u8, laptop: &Namespace, internet: &Namespace) -> Result<()> {
    let router_interface = router_interface(number);
    let behind_nat = spec.nat_timeout.is_some();
    let [a, b, c] = spec.subnet.unwrap_or([10, 1, number]);
    let (host, router) = (Ipv4Addr::new(a, b, c, 2), Ipv4Addr::new(a, b, c, 1));
    let host_v6 = Ipv6Addr::new(0x2001, 0xdb8, 1, u16::from(number), 0, 0, 0, 2);
    let router_v6 = neighbour_v6(host_v6, 1);
    internet.run(|| {
        netif::set_mtu(&router_interface, spec.device_mtu)?;
        if spec.ipv4 {
            netif::add_address(&router_interface, Net::new(router, 24))?;
        }
        if spec.ipv6 {
            netif::add_address(&router_interface, Net::new(router_v6, 64))?;
        }
        if behind_nat {
            let to = Net::new([198, 18, number, 0], 24);
            netif::add_route(&router_interface, Route { to, via: host.into(), metric: 0 })?;
        }
        Ok(())
    })?;
    laptop.run(|| {
        netif::set_mtu(&spec.interface, spec.device_mtu)?;
        let families: [(bool, Net, IpAddr); 2] = [
            (spec.ipv4, Net::new(host, 24), router.into()),
            (spec.ipv6, Net::new(host_v6, 64), router_v6.into()),
        ];
        for (_, net, via) in families.into_iter().filter(|(wanted, ..)| *wanted) {
            netif::add_address(&spec.interface, net)?;
            let to = Net::default_of(via);
            netif::add_route(&spec.interface, Route { to, via, metric: spec.metric })?;
        }
        Ok(())
    })
}
