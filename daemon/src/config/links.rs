//! Which interfaces are links, and how they are used.

use super::types::{Glob, Tier};

/// `[links]` and `[link.*]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Interfaces that may be used.
    pub allow: Vec<Glob>,
    /// Interfaces that may not, although they are allowed.
    pub deny: Vec<Glob>,
    /// Settings per interface, in the order of the file.
    pub rules: Vec<LinkRule>,
}

/// `[link.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRule {
    /// The interfaces meant.
    pub pattern: Glob,
    /// Their tier.
    pub tier: Tier,
    /// Whether their bytes are paid for.
    pub metered: bool,
}

impl Links {
    /// Whether the interface `name` may be used as a link.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        self.allow.iter().any(|glob| glob.matches(name)) && !self.deny.iter().any(|glob| glob.matches(name))
    }

    /// The tier of the interface `name`.
    #[must_use]
    pub fn tier(&self, name: &str) -> Tier {
        self.rule(name).map_or(Tier::Auto, |rule| rule.tier)
    }

    /// Whether the bytes of the interface `name` are paid for.
    #[must_use]
    pub fn is_metered(&self, name: &str) -> bool {
        self.rule(name).is_some_and(|rule| rule.metered)
    }

    /// The settings of the interface `name`: a rule with its very name wins, then the first pattern that fits.
    fn rule(&self, name: &str) -> Option<&LinkRule> {
        let exact = self.rules.iter().find(|rule| rule.pattern.is_exact() && rule.pattern.as_str() == name);
        exact.or_else(|| self.rules.iter().find(|rule| rule.pattern.matches(name)))
    }
}
