//! Rules: what a person wants of some flows, whatever they look like.

use std::ops::RangeInclusive;

use super::Class;
use super::flow::Ends;
use crate::masque::connect_ip::Prefix;

/// Flows, and the class that they get. What is `None` fits all. Local is always the client's end of a flow, so that
/// a rule means the same at a client and at a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The class.
    pub class: Class,
    /// Upper-layer protocol, by its number.
    pub protocol: Option<u8>,
    /// Port of the client's end. Fits only packets that have ports.
    pub local_port: Option<RangeInclusive<u16>>,
    /// Port of the other end.
    pub remote_port: Option<RangeInclusive<u16>>,
    /// Address of the client's end.
    pub local: Option<Prefix>,
    /// Address of the other end.
    pub remote: Option<Prefix>,
}

impl Rule {
    pub(super) fn fits(&self, ends: &Ends) -> bool {
        self.protocol.is_none_or(|protocol| protocol == ends.protocol)
            && self.local_port.as_ref().is_none_or(|ports| ports.contains(&ends.local_port))
            && self.remote_port.as_ref().is_none_or(|ports| ports.contains(&ends.remote_port))
            && self.local.is_none_or(|prefix| prefix.contains(ends.local))
            && self.remote.is_none_or(|prefix| prefix.contains(ends.remote))
    }
}

/// The first rule that fits.
pub(super) fn first_of(rules: &[Rule], ends: &Ends) -> Option<u16> {
    rules.iter().position(|rule| rule.fits(ends)).and_then(|index| u16::try_from(index).ok())
}
