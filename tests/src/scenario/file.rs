//! The shape of a scenario file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Deserializer, Serialize};

use crate::link::{LinkConfig, parse_duration};
use crate::world::{LinkSpec, WorldSpec};

/// A scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, for the report.
    pub name: String,
    /// Whether traffic goes through tandem; otherwise it goes past it, over the links' own routes.
    #[serde(default = "yes")]
    pub tandem: bool,
    /// The laptops' rp_filter.
    #[serde(default)]
    pub rp_filter: u8,
    /// Decides loss and jitter.
    #[serde(default = "one")]
    pub seed: u64,
    /// The laptop's links, by name.
    pub link: BTreeMap<String, LinkTable>,
    /// What happens.
    #[serde(default)]
    pub event: Vec<Event>,
    /// What flows.
    pub traffic: Vec<Flow>,
    /// What is expected of it.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

/// A link: where it is, and under any other key a setting of [`LinkConfig::set`].
#[derive(Debug, Clone, Deserialize)]
pub struct LinkTable {
    interface: String,
    #[serde(default = "default_metric")]
    metric: u32,
    #[serde(default = "yes")]
    ipv4: bool,
    #[serde(default = "yes")]
    ipv6: bool,
    #[serde(default, deserialize_with = "optional_duration")]
    nat: Option<Duration>,
    #[serde(default = "default_mtu")]
    device_mtu: u32,
    #[serde(default = "yes")]
    present: bool,
    #[serde(flatten)]
    settings: BTreeMap<String, String>,
}

/// Something that happens to a link.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Time since traffic began.
    #[serde(deserialize_with = "duration")]
    pub at: Duration,
    /// The link.
    pub link: String,
    /// Settings that change, as in [`LinkConfig::set`].
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// What else happens.
    pub action: Option<Action>,
}

/// What can happen to a link besides its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The interface appears.
    Attach,
    /// The interface disappears.
    Detach,
    /// The NAT forgets.
    Rebind,
}

/// Traffic between laptop and web server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its name, for expectations.
    pub name: String,
    /// What it is.
    pub kind: FlowKind,
    /// When it begins.
    #[serde(default, deserialize_with = "duration")]
    pub start: Duration,
    /// How long it lasts.
    #[serde(deserialize_with = "duration")]
    pub duration: Duration,
    /// TCP: connections at once.
    #[serde(default = "one_flow")]
    pub flows: usize,
    /// TCP: congestion control.
    pub congestion: Option<String>,
    /// The laptop's interface, past the routing table and the tunnel.
    pub interface: Option<String>,
    /// UDP: payload in bytes.
    #[serde(default = "default_payload")]
    pub payload: usize,
    /// UDP: time between datagrams.
    #[serde(default = "default_interval", deserialize_with = "duration")]
    pub interval: Duration,
}

/// Kinds of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowKind {
    /// Bulk TCP towards the laptop.
    TcpDownload,
    /// Bulk TCP away from the laptop.
    TcpUpload,
    /// Datagrams at a constant rate towards the laptop.
    UdpDownload,
    /// Datagrams at a constant rate away from the laptop.
    UdpUpload,
}

/// A limit on something measured.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Name of the traffic.
    pub traffic: String,
    /// What of it, such as `goodput_bps` or `longest_pause_us`.
    pub metric: String,
    /// Lower limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Upper limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

impl Scenario {
    /// Reads a scenario and checks it as far as possible without running it.
    ///
    /// # Errors
    /// For anything unknown, contradictory or missing.
    pub fn parse(text: &str) -> Result<Self> {
        let scenario: Self = toml::from_str(text)?;
        scenario.world()?;
        let mut names = BTreeSet::new();
        for flow in &scenario.traffic {
            ensure!(names.insert(flow.name.as_str()), "two traffics are named `{}`", flow.name);
            ensure!(flow.flows > 0, "traffic `{}` has no flows", flow.name);
            ensure!(!flow.interval.is_zero(), "traffic `{}` needs an interval above zero", flow.name);
        }
        for event in &scenario.event {
            let Some(link) = scenario.link.get(&event.link) else {
                bail!("an event is about the unknown link `{}`", event.link);
            };
            let mut config = link.config()?;
            for (key, value) in &event.set {
                config.set(key, value).with_context(|| format!("event at {:?}", event.at))?;
            }
            ensure!(
                !event.set.is_empty() || event.action.is_some(),
                "the event at {:?} does nothing",
                event.at
            );
        }
        for expectation in &scenario.expect {
            ensure!(
                names.contains(expectation.traffic.as_str()),
                "an expectation is about the unknown traffic `{}`",
                expectation.traffic
            );
            ensure!(
                expectation.at_least.is_some() || expectation.at_most.is_some(),
                "an expectation about `{}` has neither at_least nor at_most",
                expectation.traffic
            );
        }
        Ok(scenario)
    }

    /// The world in which it plays.
    ///
    /// # Errors
    /// For settings of links that do not exist.
    pub fn world(&self) -> Result<WorldSpec> {
        let links = self.link.iter().map(|(name, table)| table.spec(name)).collect::<Result<Vec<_>>>()?;
        let mut spec = WorldSpec::with_links(links);
        (spec.rp_filter, spec.seed) = (self.rp_filter, self.seed);
        Ok(spec)
    }
}

impl LinkTable {
    fn config(&self) -> Result<LinkConfig> {
        let mut config = LinkConfig::default();
        for (key, value) in &self.settings {
            config.set(key, value)?;
        }
        Ok(config)
    }

    fn spec(&self, name: &str) -> Result<LinkSpec> {
        let config = self.config().with_context(|| format!("link `{name}`"))?;
        let mut spec = LinkSpec::new(name, &self.interface, config, self.metric);
        (spec.ipv4, spec.ipv6) = (self.ipv4, self.ipv6);
        (spec.nat_timeout, spec.device_mtu, spec.present) = (self.nat, self.device_mtu, self.present);
        Ok(spec)
    }
}

fn yes() -> bool {
    true
}

fn one() -> u64 {
    1
}

fn one_flow() -> usize {
    1
}

fn default_metric() -> u32 {
    600
}

fn default_mtu() -> u32 {
    1_500
}

fn default_payload() -> usize {
    200
}

fn default_interval() -> Duration {
    Duration::from_millis(20)
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

fn optional_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}
