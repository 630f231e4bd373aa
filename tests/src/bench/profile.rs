//! The links over which systems are compared: the profiles of the simulated world, and plain cables.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Result;
use tandem_sim::profile::{self as library, Way};

use super::bed::Bed;
use super::player::Timeline;
use crate::link::LinkConfig;
use crate::traffic::Direction;
use crate::traffic::bulk::Bulk;
use crate::world::{LaptopSpec, LinkSpec, WorldSpec};

/// The names of profiles without emulation begin with that of the first.
const UNSHAPED: &str = "unshaped";
/// Laptops of the profile with many.
const CROWD: usize = 8;
/// What is measured unless told otherwise: the library would take many hours.
pub(super) const USUAL: [&str; 6] =
    ["two-equal", "fast-and-lte", "asymmetric-delay", "wifi-edge-lte", "bufferbloat-lte-wifi", UNSHAPED];
/// How soon a NAT forgets. What profiles want of one is that it is there, or that it rebinds.
const NAT_TIMEOUT: Duration = Duration::from_secs(60);
const METRIC: u32 = 100;
/// Of each download that tells which link is better.
const RANKING: Duration = Duration::from_secs(3);

/// A laptop's links.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) name: String,
    /// The links in a few words, for tables.
    pub(super) summary: String,
    /// In the order of the profile; metrics are set by [`ranked`].
    pub(super) links: Vec<LinkSpec>,
    /// What happens to the links while traffic flows.
    pub(super) timeline: Timeline,
    /// Whether the links are plain veth pairs, limited by nothing but the machine.
    pub(super) cable: bool,
    /// Laptops with these links each.
    pub(super) laptops: usize,
}

impl Profile {
    fn of(profile: &library::Profile) -> Self {
        let rebinds = |link: &str| profile.event.iter().any(|event| event.rebind && event.link == link);
        let links = profile.link.iter().zip(0..).map(|(link, number)| {
            let (up, down) = (link.shape(Way::Up), link.shape(Way::Down));
            let config = LinkConfig { up, down, ..LinkConfig::default() };
            // Two default routes may not have the same metric.
            let mut spec = LinkSpec::new(&link.name, &format!("wan{number}"), config, METRIC + number);
            if let Some(IpAddr::V4(addr)) = link.address {
                let [a, b, c, _] = addr.octets();
                spec.subnet = Some([a, b, c]);
            }
            if link.address.is_some() || rebinds(&link.name) { spec.behind_nat(NAT_TIMEOUT) } else { spec }
        });
        Self {
            name: profile.name.clone(),
            summary: profile.about.clone(),
            links: links.collect(),
            timeline: Timeline::of(profile),
            cable: false,
            laptops: 1,
        }
    }

    /// Plain veth pairs.
    fn cables(name: &str, summary: &str, cables: &[&str], laptops: usize) -> Self {
        let cable = |(name, number)| {
            LinkSpec::new(name, &format!("wan{number}"), LinkConfig::default(), METRIC + number).absent()
        };
        Self {
            name: name.to_owned(),
            summary: summary.to_owned(),
            links: cables.iter().copied().zip(0..).map(cable).collect(),
            timeline: Timeline::default(),
            cable: true,
            laptops,
        }
    }

    /// Links to which nothing happens.
    pub(super) fn steady(name: &str, links: Vec<LinkSpec>) -> Self {
        let (name, summary, timeline) = (name.to_owned(), String::new(), Timeline::default());
        Self { name, summary, links, timeline, cable: false, laptops: 1 }
    }

    /// The world of this profile.
    pub(super) fn world(&self, seed: u64) -> WorldSpec {
        let mut world = WorldSpec { seed, ..WorldSpec::with_links(self.links.clone()) };
        let others = (2..=self.laptops)
            .map(|number| LaptopSpec { name: format!("laptop{number}"), links: self.links.clone() });
        world.laptops.extend(others);
        world
    }

    /// The same with only the link of the least metric, and what happens to it.
    pub(super) fn better_link(&self) -> Self {
        let better = self.links.iter().min_by_key(|link| link.metric).cloned();
        let name = better.as_ref().map(|link| link.name.clone()).unwrap_or_default();
        let links = better.into_iter().collect();
        Self { links, timeline: self.timeline.of_link(&name), ..self.clone() }
    }

    /// The same without one of its links.
    pub(super) fn without(&self, link: &str) -> Self {
        let links = self.links.iter().filter(|one| one.name != link).cloned().collect();
        Self { links, ..self.clone() }
    }

    /// Sum of the links' rates in bits per second, where they have some that stay.
    pub(super) fn rate_bps(&self, way: Direction) -> Option<u64> {
        let rate = |link: &LinkSpec| match way {
            Direction::Upload => link.config.up.rate_bps,
            Direction::Download => link.config.down.rate_bps,
        };
        let rates = self.links.iter().map(rate).sum::<Option<u64>>();
        rates.filter(|_| self.is_steady())
    }

    /// Whether nothing happens to the links but what the benchmark does.
    pub(super) fn is_steady(&self) -> bool {
        self.timeline.is_empty()
    }

    /// Whether there is a second link to fail over to, and nothing but the benchmark takes links away.
    pub(super) fn may_fail_over(&self) -> bool {
        self.links.len() > 1 && self.is_steady()
    }
}

/// Whether the links of a profile have rates and delays of their own, rather than those of the machine.
pub(super) fn is_shaped(profile: &str) -> bool {
    !profile.starts_with(UNSHAPED)
}

/// All profiles that the lab can play.
pub(super) fn all() -> Vec<Profile> {
    let unshaped = [
        Profile::cables(UNSHAPED, "One plain veth pair, limited by the machine only", &["cable"], 1),
        Profile::cables("unshaped-two", "Two plain veth pairs", &["cable", "second"], 1),
        Profile::cables("unshaped-crowd", "Eight laptops with one plain veth pair each", &["cable"], CROWD),
    ];
    library::library().iter().filter(|one| is_playable(one)).map(Profile::of).chain(unshaped).collect()
}

/// The lab's links have no bottleneck in common, and tiers and readdressing are matters of tandem's own tests.
fn is_playable(profile: &library::Profile) -> bool {
    profile.shared.is_none()
        && profile.link.iter().all(|link| link.tier.is_none())
        && !profile.event.iter().any(|event| event.readdress)
}

/// Finds the better link of each profile by what four downloads get over it alone, and gives the better one the
/// lower metric: what has no multipath of its own then uses the better one, as on a well-configured laptop.
///
/// # Errors
/// When a world cannot be built or a download breaks.
pub(super) fn ranked(profiles: &[Profile]) -> Result<Vec<Profile>> {
    profiles.iter().cloned().map(rank).collect()
}

/// How long ranking a profile takes.
pub(super) fn ranking_length(profile: &Profile) -> Duration {
    let links = u32::try_from(profile.links.len()).unwrap_or(u32::MAX);
    if is_ranked(profile) { RANKING * links } else { Duration::ZERO }
}

/// Cables are as good as one another.
fn is_ranked(profile: &Profile) -> bool {
    profile.links.len() > 1 && !profile.cable
}

fn rank(mut profile: Profile) -> Result<Profile> {
    if !is_ranked(&profile) {
        return Ok(profile);
    }
    let bed = Bed::new(&profile, 1)?;
    let mut speeds = Vec::new();
    for link in &profile.links {
        let bulk = Bulk::download(4, RANKING).over(&link.interface);
        speeds.push(bulk.run(bed.laptop()?, bed.world.web_direct())?.mbps());
    }
    let told: Vec<String> = profile
        .links
        .iter()
        .zip(&speeds)
        .map(|(link, speed)| format!("{} {speed:.1} Mbit/s", link.name))
        .collect();
    eprintln!("{}: alone, {}", profile.name, told.join(", "));
    let best = better_of(&speeds);
    for (number, link) in (1_u32..).zip(&mut profile.links) {
        link.metric = METRIC + number;
    }
    if let Some(link) = profile.links.get_mut(best) {
        link.metric = METRIC;
    }
    Ok(profile)
}

/// The first of those that are as fast as the fastest, or nearly: which of two equal links is used must not change from
/// run to run.
fn better_of(speeds: &[f64]) -> usize {
    const NEARLY: f64 = 0.95;
    let fastest = speeds.iter().copied().fold(0.0, f64::max);
    speeds.iter().position(|speed| *speed >= NEARLY * fastest).unwrap_or_default()
}

#[cfg(test)]
mod tests;
