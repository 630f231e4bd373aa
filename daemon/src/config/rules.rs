//! Rules: which traffic gets which class, whatever it looks like.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml_edit::Value;

use super::types::{Class, InvalidValue, Prefix};
use super::value::{Reader, Section, integer, parsed, wrong_type};

/// Rules of a file, at most: each new flow is held against all of them.
const MAX_RULES: usize = 256;
/// Protocols that go by a name here (IANA, "Protocol Numbers"), and whether they have ports.
const PROTOCOLS: [(&str, u8, bool); 8] = [
    ("tcp", 6, true),
    ("udp", 17, true),
    ("sctp", 132, true),
    ("dccp", 33, true),
    ("icmp", 1, false),
    ("icmpv6", 58, false),
    ("gre", 47, false),
    ("esp", 50, false),
];

/// `[[rule]]`: flows, and the class that they get. What is `None` fits all. Local is the client's end, in the files of
/// both roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The class.
    pub class: Class,
    /// Which flows.
    pub flows: Condition,
}

/// Which flows a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Upper-layer protocol, by its number.
    pub protocol: Option<u8>,
    /// Port of the client's end.
    pub local_port: Option<Ports>,
    /// Port of the other end.
    pub remote_port: Option<Ports>,
    /// Address of the client's end.
    pub local: Option<Prefix>,
    /// Address of the other end.
    pub remote: Option<Prefix>,
}

/// A port from 1 to 65535, or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports(RangeInclusive<u16>);

impl Ports {
    /// First to last.
    #[must_use]
    pub fn range(&self) -> RangeInclusive<u16> {
        self.0.clone()
    }
}

impl FromStr for Ports {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port != 0);
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => Ok(Self(first..=last)),
            (Some(first), Some(last)) => {
                Err(InvalidValue(format!("{text:?} ends before it begins; write \"{last}-{first}\"")))
            }
            _ => Err(InvalidValue(format!(
                "{text:?} is no port; write one from 1 to 65535, or a range such as \"5000-5010\""
            ))),
        }
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.start(), self.0.end())
    }
}

/// All rules of a file, in its order.
pub(super) fn rules(root: &Section<'_>, reader: &mut Reader<'_>) -> Vec<Rule> {
    // Each with its index in the file, where wrong ones count too.
    let mut rules: Vec<(usize, Rule)> = Vec::new();
    for (index, section) in root.repeated("rule").iter().enumerate() {
        if index == MAX_RULES {
            section.problem(
                reader,
                "class",
                format!("is the class of one rule too many; allowed: {MAX_RULES}"),
            );
            break;
        }
        let class = section.require(
            reader,
            "class",
            "write class = \"realtime\", \"interactive\", \"bulk\" or \"background\"",
            parsed,
        );
        let flows = condition(section, reader);
        if let (Some(class), Some(flows)) = (class, flows) {
            if let Some((same, _)) = rules.iter().find(|(_, rule)| rule.flows == flows) {
                let message = format!("is never applied: rule[{}] is about the same flows", same + 1);
                section.problem(reader, "class", message);
            }
            rules.push((index, Rule { class, flows }));
        }
    }
    rules.into_iter().map(|(_, rule)| rule).collect()
}

/// `None` where something is wrong, and reported.
fn condition(section: &Section<'_>, reader: &mut Reader<'_>) -> Option<Condition> {
    let before = reader.problems();
    let condition = Condition {
        protocol: section.get(reader, "protocol", protocol),
        local_port: section.get(reader, "local_port", ports),
        remote_port: section.get(reader, "remote_port", ports),
        local: section.get(reader, "local", parsed),
        remote: section.get(reader, "remote", parsed),
    };
    for (key, ports) in [("local_port", &condition.local_port), ("remote_port", &condition.remote_port)] {
        if ports.is_some() && condition.protocol.is_some_and(|protocol| !has_ports(protocol)) {
            section.problem(reader, key, "fits nothing: packets of this protocol have no ports".to_owned());
        }
    }
    if let (Some(local), Some(remote)) = (condition.local, condition.remote)
        && local.is_ipv4() != remote.is_ipv4()
    {
        let message = "fits nothing: one of local and remote is IPv4, and the other IPv6".to_owned();
        section.problem(reader, "remote", message);
    }
    (reader.problems() == before).then_some(condition)
}

fn protocol(value: &Value) -> Result<u8, InvalidValue> {
    let Some(name) = value.as_str() else {
        let number = integer(0..=255)(value)?;
        return u8::try_from(number).map_err(|error| InvalidValue(error.to_string()));
    };
    let known = PROTOCOLS.iter().find(|(label, ..)| *label == name);
    known.map(|(_, number, _)| *number).ok_or_else(|| {
        let names = PROTOCOLS.map(|(label, ..)| format!("\"{label}\"")).join(", ");
        InvalidValue(format!("{name:?} is not known; allowed: {names}, or a number from 0 to 255"))
    })
}

/// What a protocol is called in the configuration, which is its number if it has no name.
#[must_use]
pub fn protocol_name(protocol: u8) -> String {
    let known = PROTOCOLS.iter().find(|(_, number, _)| *number == protocol);
    known.map_or_else(|| protocol.to_string(), |(label, ..)| (*label).to_owned())
}

/// What is not known here may have some.
fn has_ports(protocol: u8) -> bool {
    PROTOCOLS.iter().find(|(_, number, _)| *number == protocol).is_none_or(|(.., has_ports)| *has_ports)
}

fn ports(value: &Value) -> Result<Ports, InvalidValue> {
    if value.is_str() {
        return parsed(value);
    }
    if !value.is_integer() {
        return Err(wrong_type("a port, or a range such as \"5000-5010\"", value));
    }
    let port = integer(1..=65_535)(value)?;
    port.to_string().parse()
}
