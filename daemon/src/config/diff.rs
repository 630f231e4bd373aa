//! What a changed configuration means for a running daemon.

use super::{Client, Config, Gateway, Role};

/// One key whose value differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Dotted path of the key, such as `links.allow`.
    pub key: &'static str,
    /// What applying it takes.
    pub effect: Effect,
}

/// What applying a change takes. Ordered: the later, the more it disturbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Applied at once; the tunnel stays.
    Live,
    /// Applied by connecting anew; the TUN device and its addresses stay.
    Reconnect,
    /// Applied when the daemon starts again.
    Restart,
}

/// Collects the keys that differ.
struct Changes(Vec<Change>);

impl Changes {
    fn compare<T: PartialEq>(&mut self, key: &'static str, effect: Effect, old: &T, new: &T) {
        if old != new {
            self.0.push(Change { key, effect });
        }
    }
}

pub(super) fn diff(old: &Config, new: &Config) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    // A client's paths are made anew with a connection; a gateway's settings are fixed when it starts to
    // listen.
    let path = match new.role {
        Role::Client(_) => Effect::Reconnect,
        Role::Gateway(_) => Effect::Restart,
    };
    changes.compare("state", Effect::Restart, &old.state, &new.state);
    changes.compare("socket", Effect::Restart, &old.socket, &new.socket);
    changes.compare("log.level", Effect::Live, &old.log_level, &new.log_level);
    changes.compare("tun.name", Effect::Restart, &old.tun.name, &new.tun.name);
    changes.compare("tun.mtu", Effect::Restart, &old.tun.mtu, &new.tun.mtu);
    changes.compare("metrics.listen", Effect::Restart, &old.metrics, &new.metrics);
    changes.compare("path.congestion", path, &old.path.congestion, &new.path.congestion);
    changes.compare("path.keepalive", path, &old.path.keepalive, &new.path.keepalive);
    changes.compare("rule", Effect::Live, &old.rules, &new.rules);
    match (&old.role, &new.role) {
        (Role::Client(old), Role::Client(new)) => client(&mut changes, old, new),
        (Role::Gateway(old), Role::Gateway(new)) => gateway(&mut changes, old, new),
        (Role::Client(_), Role::Gateway(_)) | (Role::Gateway(_), Role::Client(_)) => {
            changes.0.push(Change { key: "role", effect: Effect::Restart });
        }
    }
    changes.0
}

fn client(changes: &mut Changes, old: &Client, new: &Client) {
    changes.compare("client.gateway", Effect::Reconnect, &old.gateway, &new.gateway);
    changes.compare("client.pin", Effect::Reconnect, &old.pin, &new.pin);
    changes.compare("client.routes", Effect::Live, &old.routes, &new.routes);
    changes.compare("client.fwmark", Effect::Restart, &old.fwmark, &new.fwmark);
    changes.compare("client.table", Effect::Restart, &old.table, &new.table);
    changes.compare("links.allow", Effect::Live, &old.links.allow, &new.links.allow);
    changes.compare("links.deny", Effect::Live, &old.links.deny, &new.links.deny);
    changes.compare("link", Effect::Live, &old.links.rules, &new.links.rules);
    changes.compare("duplicate", Effect::Live, &old.duplicate, &new.duplicate);
}

fn gateway(changes: &mut Changes, old: &Gateway, new: &Gateway) {
    changes.compare("gateway.listen", Effect::Restart, &old.listen, &new.listen);
    changes.compare("gateway.endpoint", Effect::Live, &old.endpoint, &new.endpoint);
    changes.compare("gateway.pool", Effect::Restart, &old.pool, &new.pool);
    changes.compare("gateway.nat", Effect::Restart, &old.nat, &new.nat);
    changes.compare("gateway.forward", Effect::Restart, &old.forward, &new.forward);
    changes.compare("gateway.peer_to_peer", Effect::Live, &old.peer_to_peer, &new.peer_to_peer);
    changes.compare("gateway.workers", Effect::Restart, &old.workers, &new.workers);
}
