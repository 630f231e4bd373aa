//! Which interfaces may be links, by name and kind.

use std::net::IpAddr;

use glob::Pattern;

use super::{reason, table::Interface};

/// Kinds of virtual interface that lead out of the host as a physical one does. Every other kind is a
/// tunnel, a bridge, or the host's end of a container.
const LINK_KINDS: [&str; 9] =
    ["vlan", "bond", "team", "macvlan", "ppp", "wwan", "rmnet", "ipoib", "virt_wifi"];

/// An allow or deny pattern that is not a glob.
#[derive(Debug, thiserror::Error)]
#[error("`{glob}` is not a glob over interface names: {source}")]
pub struct BadGlob {
    glob: String,
    source: glob::PatternError,
}

/// Decides which interfaces may become links. The default admits none.
#[derive(Clone, Debug, Default)]
pub struct LinkFilter {
    allow: Vec<Pattern>,
    deny: Vec<Pattern>,
    tun: String,
    gateways: Vec<IpAddr>,
}

impl LinkFilter {
    /// A filter from the configured globs (`*`, `?`, `[a-z]`) and the name of our own TUN device,
    /// which is never a link. An allow glob other than the bare `*` also admits interfaces of a kind
    /// that is otherwise no link, such as one end of a veth pair.
    ///
    /// # Errors
    /// [`BadGlob`] where a pattern cannot be parsed.
    pub fn new<S: AsRef<str>>(allow: &[S], deny: &[S], tun: &str) -> Result<Self, BadGlob> {
        let gateways = Vec::new();
        Ok(Self { allow: patterns(allow)?, deny: patterns(deny)?, tun: tun.to_owned(), gateways })
    }

    /// Names the gateway's addresses: a route that covers one of them is a route out, although it is
    /// no default route.
    #[must_use]
    pub fn with_gateways(mut self, gateways: Vec<IpAddr>) -> Self {
        self.gateways = gateways;
        self
    }

    pub(super) fn gateways(&self) -> &[IpAddr] {
        &self.gateways
    }

    /// The reason why the interface is never a link; none where it may be one. `controller` is the
    /// kind of the interface that it is a port of.
    pub(super) fn excludes(&self, interface: &Interface, controller: Option<&str>) -> Option<&'static str> {
        let name = interface.name.as_str();
        if interface.loopback || name == self.tun {
            return Some(reason::NOT_A_LINK);
        }
        if self.deny.iter().any(|glob| glob.matches(name)) {
            return Some(reason::DENIED);
        }
        let mut allowing = self.allow.iter().filter(|glob| glob.matches(name)).peekable();
        if allowing.peek().is_none() {
            return Some(reason::DENIED);
        }
        let named = allowing.any(|glob| glob.as_str() != "*");
        let odd_kind = interface.kind.as_deref().is_some_and(|kind| !LINK_KINDS.contains(&kind));
        // A port's packets belong to its bridge or bond; a VRF only groups routing tables.
        let port = controller.is_some_and(|kind| kind != "vrf");
        (!named && (odd_kind || port)).then_some(reason::NOT_A_LINK)
    }
}

fn patterns<S: AsRef<str>>(globs: &[S]) -> Result<Vec<Pattern>, BadGlob> {
    let parse = |glob: &S| {
        let glob = glob.as_ref();
        Pattern::new(glob).map_err(|source| BadGlob { glob: glob.to_owned(), source })
    };
    globs.iter().map(parse).collect()
}
