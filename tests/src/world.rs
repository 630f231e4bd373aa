//! A small internet: laptops with several links, a gateway, and a web server behind it.
//!
//! ```text
//! laptop ══ wifi ═════╗                        ┌── gateway ── web (10.98.0.2, 2001:db8:98::2)
//!        ══ cellular ═╩══ internet (a router) ─┤   10.99.0.1, 2001:db8:99::1
//!                                              └── web (10.97.0.2, 2001:db8:97::2), past the gateway
//! ```
//! Double lines are emulated links ([`crate::link`]), single ones plain veth pairs. The web server knows the way back
//! to the tunnel's addresses, so the gateway needs no NAT unless the [`WorldSpec`] asks for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::exclusive::Exclusive;
use crate::netns::Namespace;
use crate::traffic::Place;

mod binaries;
mod laptop;
mod node;
mod process;
mod scratch;
mod spec;
mod wiring;

pub use binaries::Binaries;
pub use laptop::Laptop;
pub use node::{Node, Outcome};
pub use process::Process;
pub use spec::{LaptopSpec, LinkSpec, WorldSpec};

use scratch::Scratch;

pub(crate) use scratch::remove_all as remove_files;

/// Where the gateway is reached.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);
/// Where the gateway is reached over IPv6.
pub const GATEWAY_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x99, 0, 0, 0, 0, 1);
/// The web server behind the gateway.
pub const WEB: Ipv4Addr = Ipv4Addr::new(10, 98, 0, 2);
/// The web server behind the gateway over IPv6.
pub const WEB_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x98, 0, 0, 0, 0, 2);
/// The web server as the internet reaches it, past the gateway.
pub const WEB_DIRECT: Ipv4Addr = Ipv4Addr::new(10, 97, 0, 2);
/// The same over IPv6.
pub const WEB_DIRECT_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x97, 0, 0, 0, 0, 2);
/// The pools from which the gateway leases addresses inside the tunnel.
pub const POOLS: [&str; 2] = ["10.77.0.0/24", "fd77::/64"];
/// The gateway's own address inside the tunnel.
pub const GATEWAY_INSIDE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// How long starting a daemon may take on a busy machine.
const START: Duration = Duration::from_secs(20);

/// The whole world. Dropping it ends its processes and removes everything.
#[derive(Debug)]
pub struct World {
    gateway_node: Node,
    laptops: Vec<Laptop>,
    gateway: Namespace,
    web: Arc<Namespace>,
    internet: Namespace,
    spec: WorldSpec,
    scratch: Scratch,
    _lab: Exclusive,
}

impl World {
    /// Builds namespaces, links and routes, and finds the binaries (building them first when run by cargo). Nothing of
    /// tandem runs yet. Waits while another process uses the lab.
    ///
    /// # Errors
    /// When privileges, `/dev/net/tun` or the binaries are missing; the message says what to do.
    pub fn new(spec: WorldSpec) -> Result<Self> {
        Self::with_lock(spec, Exclusive::acquire()?)
    }

    /// The world for a namespace test, or `None` if such tests are to be skipped on this machine.
    ///
    /// # Errors
    /// As [`World::new`].
    ///
    /// # Panics
    /// As [`Exclusive::for_test`].
    pub fn for_test(spec: WorldSpec) -> Result<Option<Self>> {
        Exclusive::for_test().map(|lock| Self::with_lock(spec, lock)).transpose()
    }

    fn with_lock(spec: WorldSpec, lab: Exclusive) -> Result<Self> {
        let binaries = Binaries::find()?;
        let scratch = Scratch::new()?;
        let (internet, gateway) = (Namespace::new("internet")?, Namespace::new("gateway")?);
        let web = Arc::new(Namespace::new("web")?);
        wiring::connect_backbone(&internet, &gateway, &web, spec.gateway_nat)?;
        let mut laptops = Vec::new();
        let mut number = 0;
        for laptop in &spec.laptops {
            let node = Node::new(&laptop.name, scratch.path(), &binaries);
            laptops.push(Laptop::new(laptop, &internet, node, &mut number, &spec)?);
        }
        let gateway_node = Node::new("gateway", scratch.path(), &binaries);
        Ok(Self { gateway_node, laptops, gateway, web, internet, spec, scratch, _lab: lab })
    }

    /// The first laptop.
    ///
    /// # Errors
    /// In a world without.
    pub fn laptop(&self) -> Result<&Laptop> {
        self.laptops.first().context("this world has no laptop")
    }

    /// The first laptop, to be changed.
    ///
    /// # Errors
    /// In a world without.
    pub fn laptop_mut(&mut self) -> Result<&mut Laptop> {
        self.laptops.first_mut().context("this world has no laptop")
    }

    /// All laptops, in the order of the spec.
    #[must_use]
    pub fn laptops(&self) -> &[Laptop] {
        &self.laptops
    }

    /// The internet's namespace, where the far ends of all links are.
    #[must_use]
    pub fn internet(&self) -> &Namespace {
        &self.internet
    }

    /// The gateway's namespace.
    #[must_use]
    pub fn gateway(&self) -> &Namespace {
        &self.gateway
    }

    /// The gateway's daemon and files.
    #[must_use]
    pub fn gateway_node(&self) -> &Node {
        &self.gateway_node
    }

    /// The gateway's daemon and files, to be changed.
    #[must_use]
    pub fn gateway_node_mut(&mut self) -> &mut Node {
        &mut self.gateway_node
    }

    /// The directory of this world's files, removed at the end.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// A path for a file in the world's directory.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The web server as it is reached through the tunnel.
    #[must_use]
    pub fn web(&self) -> Place<'_> {
        Place { namespace: &self.web, addr: IpAddr::from(WEB) }
    }

    /// The web server as it is reached through the tunnel, over IPv6.
    #[must_use]
    pub fn web_v6(&self) -> Place<'_> {
        Place { namespace: &self.web, addr: IpAddr::from(WEB_V6) }
    }

    /// The web server past the gateway.
    #[must_use]
    pub fn web_direct(&self) -> Place<'_> {
        Place { namespace: &self.web, addr: IpAddr::from(WEB_DIRECT) }
    }

    /// The web server's namespace, for traffic that runs while the world changes.
    #[must_use]
    pub fn web_namespace(&self) -> Arc<Namespace> {
        self.web.clone()
    }

    /// Lets an interface of the first laptop appear, with address and routes.
    ///
    /// # Errors
    /// When it is there already, or the laptop has no link of that name.
    pub fn attach(&mut self, link: &str) -> Result<()> {
        self.laptops.first_mut().context("this world has no laptop")?.attach(&self.internet, link)
    }

    /// Lets all absent interfaces of all laptops appear at the ends of plain veth pairs, without any emulation: what then
    /// limits traffic is the machine. They are not among [`Laptop::links`], since nothing about them can be changed.
    ///
    /// # Errors
    /// When they are there already, or have a NAT.
    pub fn attach_cables(&self) -> Result<()> {
        self.laptops.iter().try_for_each(|laptop| laptop.attach_cables(&self.internet))
    }

    /// Lets an interface of the first laptop disappear, as when a dongle is pulled.
    ///
    /// # Errors
    /// When it is not there.
    pub fn detach(&mut self, link: &str) -> Result<()> {
        self.laptop_mut()?.detach(link)
    }

    /// Initialises the gateway and starts its daemon.
    ///
    /// # Errors
    /// When a command refuses or the daemon does not answer.
    pub fn start_gateway(&mut self) -> Result<()> {
        let mut options = vec!["--listen", "0.0.0.0:443", "--listen", "[::]:443"];
        for endpoint in &self.spec.endpoints {
            options.extend(["--endpoint", endpoint]);
        }
        for pool in POOLS {
            options.extend(["--pool", pool]);
        }
        if !self.spec.gateway_nat {
            options.push("--no-nat");
        }
        self.gateway_node.init_gateway(&self.gateway, &options)?;
        self.restart_gateway()
    }

    /// Starts the gateway's daemon on its present files, after ending one that runs.
    ///
    /// # Errors
    /// As [`World::start_gateway`].
    pub fn restart_gateway(&mut self) -> Result<()> {
        self.gateway_node.start(&self.gateway)?;
        self.gateway_node.wait_for_api(&self.gateway, START)
    }

    /// A token with which a laptop of that name may join.
    ///
    /// # Errors
    /// When the gateway refuses.
    pub fn invite(&self, name: &str) -> Result<String> {
        let outcome = self.gateway_node.tandem(&self.gateway, &["invite", name])?;
        let token = outcome.expect_success("tandem invite")?.trim().to_owned();
        if token.is_empty() { Err(anyhow!("`tandem invite` printed no token")) } else { Ok(token) }
    }

    /// Invites a laptop and lets it join; its daemon does not run yet.
    ///
    /// # Errors
    /// When either command refuses.
    pub fn enroll(&self, laptop: usize) -> Result<()> {
        let name = self.laptops.get(laptop).context("no such laptop")?.name().to_owned();
        let token = self.invite(&name)?;
        self.laptops[laptop].join(&token)
    }

    /// Starts the first laptop's daemon.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_laptop(&mut self) -> Result<()> {
        self.laptop_mut()?.start()
    }

    /// Starts everything: gateway, enrolment and daemon of every laptop, and waits until as many paths are up as the
    /// laptop has links plugged in.
    ///
    /// # Errors
    /// When any step fails, with the ends of the logs.
    pub fn start_tandem(&mut self) -> Result<()> {
        let started = self.try_start_tandem();
        self.with_logs(started)
    }

    fn try_start_tandem(&mut self) -> Result<()> {
        self.start_gateway()?;
        (0..self.laptops.len())
            .try_for_each(|number| self.connect(number, self.laptops[number].plugged_links()))
    }

    /// Enrols a laptop, starts its daemon, and waits until so many paths are up.
    ///
    /// # Errors
    /// When a command refuses, or the paths do not come.
    pub fn connect(&mut self, laptop: usize, paths: usize) -> Result<()> {
        self.enroll(laptop)?;
        let laptop = self.laptops.get_mut(laptop).context("no such laptop")?;
        laptop.start()?;
        laptop.wait_for_paths(paths, START)
    }

    /// Adds the ends of all daemons' logs to an error.
    ///
    /// # Errors
    /// The one given.
    pub fn with_logs<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| {
            let mut text = format!("{error:#}");
            for node in std::iter::once(&self.gateway_node).chain(self.laptops.iter().map(Laptop::node)) {
                text.push_str(&node.log_tail());
            }
            anyhow!(text)
        })
    }
}
