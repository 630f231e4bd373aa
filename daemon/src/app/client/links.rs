//! The links: interfaces that carry the tunnel, their sockets, and those interfaces that do not.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use tandem_engine::client::Client;
use tandem_engine::link::{self, LinkId};

use super::Session;
use crate::app::data::EventLoop;
use crate::config;
use crate::host::links::{Link, LinkEvent, reason};
use crate::host::sysctl::Sysctl;
use crate::host::udp::{BindError, Family};

/// A link, and the sockets that it has.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: LinkId,
    pub(super) link: Link,
    v4: Option<u16>,
    v6: Option<u16>,
}

impl Known {
    /// Whether the link has a socket at all.
    pub(super) fn has_socket(&self) -> bool {
        self.v4.is_some() || self.v6.is_some()
    }

    /// Address and port on this side of a path to `remote`.
    pub(super) fn local(&self, remote: SocketAddr) -> Option<SocketAddr> {
        let (address, port) = match remote {
            SocketAddr::V4(_) => (self.link.v4.map(|v4| IpAddr::from(v4.address)), self.v4),
            SocketAddr::V6(_) => (self.link.v6.map(|v6| IpAddr::from(v6.address)), self.v6),
        };
        Some(SocketAddr::new(address?, port?))
    }
}

/// All interfaces, by their index.
#[derive(Debug, Default)]
pub(super) struct Links {
    known: BTreeMap<u32, Known>,
    /// Name, and why it is no link.
    ignored: BTreeMap<u32, (String, &'static str)>,
    last_id: u32,
}

impl Links {
    /// Whether no interface is a link.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The link with this identity.
    pub(super) fn get(&self, id: LinkId) -> Option<&Known> {
        self.known.values().find(|known| known.id == id)
    }

    /// All links.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.values()
    }

    /// Interfaces that are no links, and why.
    pub(super) fn ignored(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.ignored.values().map(|(name, reason)| (name.as_str(), *reason))
    }
}

/// Which sockets a link is to have, and which it has.
struct Wish {
    id: LinkId,
    link: Link,
    tier: link::Tier,
    metered: bool,
    mark: u32,
    v4: Option<u16>,
    v6: Option<u16>,
}

/// The sockets that a link got.
struct Opened {
    v4: Option<u16>,
    v6: Option<u16>,
    failure: Option<BindError>,
}

impl Wish {
    /// Opens and closes sockets, and tells the engine. Runs on the data thread.
    fn fulfil(self, data: &mut EventLoop<Client>, now: std::time::Instant) -> Opened {
        let Self { id, link, tier, metered, mark, .. } = self;
        let mut opened = Opened { v4: None, v6: None, failure: None };
        let families = [
            (Family::V4, link.v4.is_some(), self.v4, &mut opened.v4),
            (Family::V6, link.v6.is_some(), self.v6, &mut opened.v6),
        ];
        for (family, wanted, has, port) in families {
            match (wanted, has) {
                (true, None) => match data.ports.open(id, &link.name, family, mark, link.mtu) {
                    Ok(address) => *port = Some(address.port()),
                    Err(error) => opened.failure = Some(error),
                },
                (true, Some(_)) => *port = has,
                (false, Some(_)) => {
                    data.ports.close(id, family);
                    // What ran over this family has to end at once; the other family begins anew.
                    data.engine.link_down(now, id);
                }
                (false, None) => {}
            }
        }
        data.ports.set_mtu(id, link.mtu);
        if opened.v4.is_some() || opened.v6.is_some() {
            let (ipv4, ipv6) = (opened.v4.is_some(), opened.v6.is_some());
            let link = link::Link { id, name: link.name.into(), tier, metered, ipv4, ipv6 };
            data.engine.link_up(now, link);
        }
        opened
    }
}

impl Session<'_> {
    pub(super) async fn handle_link(&mut self, event: LinkEvent) -> anyhow::Result<()> {
        match event {
            LinkEvent::Up(link) => {
                self.links.ignored.remove(&link.ifindex);
                self.links.last_id += 1;
                let id = LinkId(self.links.last_id);
                tracing::info!(interface = link.name, "link up");
                // A name, not an address: the gateway may answer this network alone.
                self.resolver.hurry();
                self.use_link(Known { id, link, v4: None, v6: None }).await?;
            }
            LinkEvent::Changed(link) => {
                let Some(known) = self.links.known.remove(&link.ifindex) else { return Ok(()) };
                let id = known.id;
                let moved = known.link.v4 != link.v4 || known.link.v6 != link.v6;
                tracing::debug!(interface = link.name, moved, "link changed");
                self.use_link(Known { link, ..known }).await?;
                if moved {
                    self.data.tell(move |data, now| data.engine.link_moved(now, id));
                }
            }
            LinkEvent::Down { ifindex, name, reason } => {
                tracing::info!(interface = name, reason, "link down");
                if let Some(known) = self.links.known.remove(&ifindex) {
                    self.data.tell(move |data, now| {
                        data.engine.link_down(now, known.id);
                        data.ports.close_link(known.id);
                    });
                }
                self.ignore(ifindex, name, reason);
            }
            LinkEvent::Ignored { ifindex, name, reason } => self.ignore(ifindex, name, reason),
        }
        self.explain();
        self.changes.tick();
        Ok(())
    }

    fn ignore(&mut self, ifindex: u32, name: String, why: &'static str) {
        tracing::debug!(interface = name, reason = why, "not a link");
        if why == reason::GONE {
            self.links.ignored.remove(&ifindex);
        } else {
            self.links.ignored.insert(ifindex, (name, why));
        }
    }

    /// Gives a link the sockets that it needs, and the engine the link.
    async fn use_link(&mut self, known: Known) -> anyhow::Result<()> {
        let Known { id, link, v4, v6 } = known;
        if link.v4.is_some()
            && let Err(error) = Sysctl::default().loosen_rp_filter(&mut self.context.journal, &link.name)
        {
            tracing::warn!(interface = link.name, "answers over this link may be dropped: {error}");
        }
        let tier = tier(self.settings.links.tier(&link.name));
        let metered = self.settings.links.is_metered(&link.name);
        let wish = Wish { id, link: link.clone(), tier, metered, mark: self.settings.fwmark, v4, v6 };
        let opened = self.data.ask(move |data, now| wish.fulfil(data, now)).await?;
        if let Some(error) = opened.failure {
            tracing::info!(interface = link.name, "link without a socket: {error}");
        }
        self.links.known.insert(link.ifindex, Known { id, link, v4: opened.v4, v6: opened.v6 });
        Ok(())
    }

    /// Tells the engine every link once more: their settings may have changed, or the engine.
    pub(super) fn tell_links(&self) {
        for Known { id, link, v4, v6 } in self.links.iter() {
            let (ipv4, ipv6) = (v4.is_some(), v6.is_some());
            let tier = tier(self.settings.links.tier(&link.name));
            let metered = self.settings.links.is_metered(&link.name);
            let link = link::Link { id: *id, name: link.name.as_str().into(), tier, metered, ipv4, ipv6 };
            if ipv4 || ipv6 {
                self.data.tell(move |data, now| data.engine.link_up(now, link));
            }
        }
    }
}

fn tier(tier: config::Tier) -> link::Tier {
    match tier {
        config::Tier::Auto => link::Tier::Auto,
        config::Tier::Always => link::Tier::Always,
        config::Tier::Secondary => link::Tier::Secondary,
        config::Tier::Backup => link::Tier::Backup,
        config::Tier::Never => link::Tier::Never,
    }
}
