//! A laptop: its namespace, its links, its tandem.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::node::{Node, Outcome};
use super::spec::{LaptopSpec, LinkSpec, WorldSpec};
use super::wiring;
use crate::link::Link;
use crate::netns::Namespace;

/// A laptop of the world.
#[derive(Debug)]
pub struct Laptop {
    node: Node,
    /// By the number of the spec, so in its order.
    links: BTreeMap<u8, Link>,
    specs: Vec<(u8, LinkSpec)>,
    namespace: Arc<Namespace>,
    name: String,
    seed: u64,
}

impl Laptop {
    /// Creates the namespace and all links that are present; `number` counts links over all laptops.
    pub(super) fn new(
        spec: &LaptopSpec,
        internet: &Namespace,
        node: Node,
        number: &mut u8,
        world: &WorldSpec,
    ) -> Result<Self> {
        let namespace = Arc::new(Namespace::new(&spec.name)?);
        for scope in ["all", "default"] {
            namespace.sysctl(&format!("net/ipv4/conf/{scope}/rp_filter"), &world.rp_filter.to_string())?;
        }
        let mut specs = Vec::new();
        for link in &spec.links {
            *number += 1;
            specs.push((*number, link.clone()));
        }
        let mut laptop = Self {
            node,
            links: BTreeMap::new(),
            specs,
            namespace,
            name: spec.name.clone(),
            seed: world.seed,
        };
        for link in spec.links.iter().filter(|link| link.present) {
            laptop.attach(internet, &link.name)?;
        }
        Ok(laptop)
    }

    /// The laptop's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Its namespace, for traffic that runs while the laptop changes.
    #[must_use]
    pub fn shared_namespace(&self) -> Arc<Namespace> {
        self.namespace.clone()
    }

    /// Its daemon and files.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Its daemon and files, to be changed.
    #[must_use]
    pub fn node_mut(&mut self) -> &mut Node {
        &mut self.node
    }

    /// A link by name.
    ///
    /// # Errors
    /// When there is none of that name at the moment; the message lists those that are.
    pub fn link(&self, name: &str) -> Result<&Link> {
        self.links.values().find(|link| link.name() == name).with_context(|| {
            let names: Vec<&str> = self.links.values().map(Link::name).collect();
            format!("{} has no link `{name}`; there are {}", self.name, names.join(", "))
        })
    }

    /// All links that exist at the moment.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// How many links have a carrier.
    #[must_use]
    pub fn plugged_links(&self) -> usize {
        self.links.values().filter(|link| link.config().carrier).count()
    }

    /// Name of the interface of a link.
    ///
    /// # Errors
    /// When the laptop never has a link of that name.
    pub fn interface(&self, link: &str) -> Result<&str> {
        Ok(&self.spec(link)?.1.interface)
    }

    /// Name of the interface at the link's far end, in the internet's namespace.
    ///
    /// # Errors
    /// When the laptop never has a link of that name.
    pub fn router_interface(&self, link: &str) -> Result<String> {
        Ok(wiring::router_interface(self.spec(link)?.0))
    }

    fn spec(&self, link: &str) -> Result<&(u8, LinkSpec)> {
        self.specs
            .iter()
            .find(|(_, spec)| spec.name == link)
            .with_context(|| format!("{} has no link `{link}`", self.name))
    }

    pub(super) fn attach(&mut self, internet: &Namespace, link: &str) -> Result<()> {
        let (number, spec) = self.spec(link)?;
        ensure!(!self.links.contains_key(number), "link `{link}` is attached already");
        let running = wiring::connect_link(spec, *number, &self.namespace, internet, self.seed)?;
        self.links.insert(*number, running);
        Ok(())
    }

    pub(super) fn attach_cables(&self, internet: &Namespace) -> Result<()> {
        for (number, spec) in self.specs.iter().filter(|(_, spec)| !spec.present) {
            ensure!(
                spec.nat_timeout.is_none(),
                "link `{}` has a NAT, which a plain cable has not",
                spec.name
            );
            wiring::connect_cable(spec, *number, &self.namespace, internet)?;
        }
        Ok(())
    }

    pub(super) fn detach(&mut self, link: &str) -> Result<()> {
        let number = self.spec(link)?.0;
        self.links.remove(&number).map(drop).with_context(|| format!("link `{link}` is not attached"))
    }

    /// Joins a gateway by token.
    ///
    /// # Errors
    /// When the command refuses.
    pub fn join(&self, token: &str) -> Result<()> {
        self.try_join(token)?.expect_success("tandem join").map(drop)
    }

    /// Joins a gateway by token, whatever comes of it. The laptop's interfaces are named as links, because the lab's are
    /// TAP devices, which a daemon must not take for links by itself: virtual machines use the same.
    ///
    /// # Errors
    /// When the command cannot be run.
    pub fn try_join(&self, token: &str) -> Result<Outcome> {
        let interfaces = self.specs.iter().map(|(_, spec)| spec.interface.as_str());
        let options: Vec<&str> = interfaces.flat_map(|interface| ["--link-allow", interface]).collect();
        self.node.join(&self.namespace, token, &options)
    }

    /// Starts the daemon, after ending one that runs.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&mut self) -> Result<()> {
        self.node.start(&self.namespace)
    }

    /// Waits until that many paths are up.
    ///
    /// # Errors
    /// When they are not in time; the message has what `tandem wait` said.
    pub fn wait_for_paths(&self, paths: usize, patience: Duration) -> Result<()> {
        let timeout = format!("{}ms", patience.as_millis());
        self.node
            .tandem(&self.namespace, &["wait", "--paths", &paths.to_string(), "--timeout", &timeout])?
            .expect_success("tandem wait")
            .map(drop)
    }

    /// `tandem status --json`.
    ///
    /// # Errors
    /// When the daemon does not answer or not in JSON.
    pub fn status(&self) -> Result<serde_json::Value> {
        self.node.status(&self.namespace)
    }
}
