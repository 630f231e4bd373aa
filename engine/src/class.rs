//! Classes of traffic: which packets must not wait, which may, and how that is known.
//!
//! A flow's class is decided, in this order, by
//!
//! 1. the client's word: a gateway gives the answers to a flow the class in which the client sent it last, so that
//!    one side's rules govern both directions. A client takes no such word from the gateway: two mirrors would hold an
//!    old class between them for ever;
//! 2. the first [`Rule`] that fits;
//! 3. the packet's DSCP, where that says something ([`dscp`]);
//! 4. what the flow looks like ([`habit`]): a call, or bulk; else it is [`Class::Interactive`].
//!
//! What is known of flows stands in a table of fixed size ([`table`]), one entry for both directions, where those
//! that were silent for longest make room.

mod classifier;
mod dscp;
mod flow;
mod habit;
mod rule;
mod table;

pub(crate) use classifier::{Classifier, Side};
pub use flow::FlowReport;
pub(crate) use habit::Sample;
pub use rule::Rule;

/// How urgent traffic is. The order is that of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Class {
    /// Calls and games: late is as good as lost.
    Realtime,
    /// Somebody waits for it: pages, shells, queries.
    #[default]
    Interactive,
    /// Transfers that want rate.
    Bulk,
    /// Whatever is left will do.
    Background,
}

impl Class {
    /// Every class, most urgent first.
    pub const ALL: [Self; 4] = [Self::Realtime, Self::Interactive, Self::Bulk, Self::Background];

    /// Its place in [`ALL`](Self::ALL), which is also its number on the wire.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The class of which the lowest two bits of `code` are the number.
    pub(crate) fn from_code(code: u32) -> Self {
        Self::ALL[(code & 3) as usize]
    }
}

/// What a flow's class was decided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The rule with this index, counted from 0.
    Rule(u16),
    /// The DSCP of its packets.
    Dscp,
    /// It looks like a call.
    Call,
    /// It looks like a transfer.
    Bulk,
    /// Nothing speaks for another class.
    Default,
    /// The client's word.
    Peer,
}
