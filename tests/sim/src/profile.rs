//! Link profiles as data: what the links of a laptop do, from the beginning and over time.
//!
//! A profile says nothing of traffic, of tandem, or of how a link is made: the simulated world and the lab's
//! benchmark both play it. Rates are in Mbit/s, times in milliseconds, one way.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use tandem_engine::link::Tier;

mod direction;
mod library;

pub use self::direction::Direction;
pub use self::library::{library, named};
use crate::link::Shape;
use crate::world::Side;

/// Links, and what happens to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name: that of its file.
    pub name: String,
    /// What it stands for, in a line.
    pub about: String,
    /// How long it has to run for all of it to show, in seconds.
    #[serde(default = "ten")]
    pub seconds: u64,
    /// The links, at least one.
    pub link: Vec<Link>,
    /// A bottleneck that all links lead through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<Shared>,
    /// What happens to links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event: Vec<Event>,
}

/// A link of the laptop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its name, such as `wifi`.
    pub name: String,
    /// Both directions.
    #[serde(default)]
    pub both: Direction,
    /// What is different from the laptop to the internet.
    #[serde(default, skip_serializing_if = "Direction::is_empty")]
    pub up: Direction,
    /// What is different from the internet to the laptop.
    #[serde(default, skip_serializing_if = "Direction::is_empty")]
    pub down: Direction,
    /// Rates over time, instead of constant ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// The laptop's own address on the link, where two links shall have the same. There is a NAT then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How willingly it is used: `auto` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
}

/// Rates that change in steps and begin anew at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// How long each rate holds.
    pub step_ms: u64,
    /// From the laptop to the internet. 0 is an outage: everything waits.
    pub up_mbit: Vec<f64>,
    /// From the internet to the laptop.
    pub down_mbit: Vec<f64>,
}

/// A bottleneck behind all links, which adds no delay.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// From the laptop to the internet.
    #[serde(default)]
    pub up: Direction,
    /// From the internet to the laptop.
    #[serde(default)]
    pub down: Direction,
}

/// Something that happens to a link.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, since traffic began.
    pub at_ms: u64,
    /// How often it happens again, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_ms: Option<u64>,
    /// To which link.
    pub link: String,
    /// What changes in both directions.
    #[serde(default, skip_serializing_if = "Direction::is_empty")]
    pub both: Direction,
    /// What changes from the laptop to the internet.
    #[serde(default, skip_serializing_if = "Direction::is_empty")]
    pub up: Direction,
    /// What changes from the internet to the laptop.
    #[serde(default, skip_serializing_if = "Direction::is_empty")]
    pub down: Direction,
    /// Whether the cable is in. The laptop sees that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<bool>,
    /// The NAT forgets the laptop and gives it another address. Nobody is told.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rebind: bool,
    /// The laptop gets another address on the link, and is told so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub readdress: bool,
}

/// Which direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the laptop to the internet.
    Up,
    /// From the internet to the laptop.
    Down,
}

impl Way {
    /// The direction in which a host sends.
    pub fn of(side: Side) -> Self {
        match side {
            Side::Laptop => Self::Up,
            Side::Server => Self::Down,
        }
    }
}

/// Why a text is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, an unknown key, or a value of another type.
    #[error("not a profile: {0}")]
    Syntax(#[from] toml::de::Error),
    /// What it says makes no sense.
    #[error("profile `{profile}`: {what}")]
    Sense {
        /// Its name.
        profile: String,
        /// What is wrong.
        what: String,
    },
}

impl Profile {
    /// Reads a profile. Unknown keys are mistakes.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text)?;
        match profile.nonsense() {
            Some(what) => Err(ProfileError::Sense { profile: profile.name, what }),
            None => Ok(profile),
        }
    }

    /// The profile as a file.
    ///
    /// # Errors
    /// None in practice: every profile can be written.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    fn nonsense(&self) -> Option<String> {
        if self.link.is_empty() {
            return Some("it has no link".to_owned());
        }
        let mut names = BTreeSet::new();
        for link in &self.link {
            if !names.insert(link.name.as_str()) {
                return Some(format!("two links are named `{}`", link.name));
            }
            if let Some(what) = link.nonsense() {
                return Some(format!("link `{}`: {what}", link.name));
            }
        }
        for event in &self.event {
            if !names.contains(event.link.as_str()) {
                return Some(format!("an event is about the unknown link `{}`", event.link));
            }
            let mut changes = [&event.both, &event.up, &event.down].into_iter();
            if let Some(what) = changes.find_map(Direction::nonsense) {
                return Some(format!("the event at {} ms: {what}", event.at_ms));
            }
            if event.every_ms == Some(0) {
                return Some(format!("the event at {} ms happens again without a pause", event.at_ms));
            }
        }
        let shared =
            self.shared.iter().flat_map(|shared| [&shared.up, &shared.down]).find_map(Direction::nonsense);
        shared.map(|what| format!("the shared bottleneck: {what}"))
    }
}

impl Link {
    /// What the link does at first in one direction.
    pub fn shape(&self, way: Way) -> Shape {
        let mut shape = Shape::default();
        self.both.apply(&mut shape);
        match way {
            Way::Up => self.up.apply(&mut shape),
            Way::Down => self.down.apply(&mut shape),
        }
        shape
    }

    /// How willingly it is used.
    pub fn tier(&self) -> Tier {
        self.tier.as_deref().and_then(|tier| tier.parse().ok()).unwrap_or_default()
    }

    fn nonsense(&self) -> Option<String> {
        if let Some(what) = [&self.both, &self.up, &self.down].into_iter().find_map(Direction::nonsense) {
            return Some(what);
        }
        if let Some(trace) = &self.trace
            && (trace.step_ms == 0 || trace.up_mbit.is_empty() || trace.down_mbit.is_empty())
        {
            return Some("a trace has steps that last, and a rate for each direction".to_owned());
        }
        self.tier.as_ref()?.parse::<Tier>().err().map(|error| error.to_string())
    }
}

fn ten() -> u64 {
    10
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
