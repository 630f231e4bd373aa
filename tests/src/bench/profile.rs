//! The links over which systems are compared.

use std::time::Duration;

use anyhow::Result;

use super::bed::Bed;
use crate::link::{Burst, LinkConfig, Shape};
use crate::traffic::bulk::Bulk;
use crate::world::{LinkSpec, WorldSpec};

/// A laptop's links.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) name: String,
    /// The links in a few words, for tables.
    pub(super) summary: String,
    /// In the order of the profile; metrics are set by [`ranked`].
    pub(super) links: Vec<LinkSpec>,
    /// Whether the links are plain veth pairs, limited by nothing but the machine.
    pub(super) cable: bool,
}

impl Profile {
    /// The world of this profile.
    pub(super) fn world(&self, seed: u64) -> WorldSpec {
        let links = self.links.iter().cloned();
        let links = if self.cable { links.map(LinkSpec::absent).collect() } else { links.collect() };
        WorldSpec { seed, ..WorldSpec::with_links(links) }
    }

    /// Whether there is a second link to fail over to.
    pub(super) fn has_several_links(&self) -> bool {
        self.links.len() > 1
    }
}

/// All profiles.
pub(super) fn all() -> Vec<Profile> {
    let plain =
        |rate: u64, one_way: u64| LinkConfig::symmetric(rate * 1_000_000, Duration::from_millis(one_way));
    let two = |name: &str, summary: &str, first: LinkConfig, second: LinkConfig| Profile {
        name: name.to_owned(),
        summary: summary.to_owned(),
        links: vec![
            LinkSpec::new("first", "wlan0", first, METRIC),
            LinkSpec::new("second", "wwan0", second, METRIC),
        ],
        cable: false,
    };
    vec![
        two("equal", "2 × 100 Mbit/s, 25 ms", plain(100, 12), plain(100, 13)),
        two("fast-slow", "300 Mbit/s, 10 ms + 80 Mbit/s, 30 ms", plain(300, 5), plain(80, 15)),
        two("wifi-lte", "50 Mbit/s, 16 ms, 0.5 % loss + 20/10 Mbit/s, 60 ms", wifi(), lte()),
        Profile {
            name: "unshaped".to_owned(),
            summary: "one plain veth pair, limited by the machine only".to_owned(),
            links: vec![LinkSpec::new("cable", "wlan0", LinkConfig::default(), METRIC)],
            cable: true,
        },
    ]
}

const METRIC: u32 = 100;

fn wifi() -> LinkConfig {
    let shape = Shape {
        rate_bps: Some(50_000_000),
        delay: Duration::from_millis(8),
        burst: Some(Burst { enter: 0.001, leave: 0.2, loss: 1.0 }),
        ..Shape::default()
    };
    LinkConfig { up: shape.clone(), down: shape, ..LinkConfig::default() }
}

fn lte() -> LinkConfig {
    let down = Shape {
        rate_bps: Some(20_000_000),
        delay: Duration::from_millis(28),
        jitter: Duration::from_millis(8),
        queue_bytes: Some(1_000_000),
        ..Shape::default()
    };
    let up = Shape { rate_bps: Some(10_000_000), queue_bytes: Some(500_000), ..down.clone() };
    LinkConfig { up, down, ..LinkConfig::default() }
}

/// Finds the better link of each profile by what four downloads get over it alone, and gives the better one the
/// lower metric: what has no multipath of its own then uses the better one, as on a well-configured laptop.
///
/// # Errors
/// When a world cannot be built or a download breaks.
pub(super) fn ranked(profiles: &[Profile]) -> Result<Vec<Profile>> {
    profiles.iter().cloned().map(rank).collect()
}

fn rank(mut profile: Profile) -> Result<Profile> {
    if !profile.has_several_links() {
        return Ok(profile);
    }
    let bed = Bed::new(&profile, 1)?;
    let mut speeds = Vec::new();
    for link in &profile.links {
        let bulk = Bulk::download(4, Duration::from_secs(3)).over(&link.interface);
        speeds.push(bulk.run(bed.laptop()?, bed.world.web_direct())?.mbps());
    }
    let told: Vec<String> = profile
        .links
        .iter()
        .zip(&speeds)
        .map(|(link, speed)| format!("{} {speed:.1} Mbit/s", link.name))
        .collect();
    eprintln!("{}: alone, {}", profile.name, told.join(", "));
    for (link, speed) in profile.links.iter_mut().zip(&speeds) {
        let better = speeds.iter().filter(|other| *other > speed).count();
        link.metric = METRIC + u32::try_from(better).unwrap_or(u32::MAX - METRIC);
    }
    Ok(profile)
}
