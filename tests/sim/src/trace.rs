//! A hash of everything that happened in a world.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// What may happen to a packet, with the link's number where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    /// It entered a link.
    Sent(usize),
    /// The link swallowed it: no carrier, blackhole, too long, unknown to the NAT, or its queue was full.
    Dropped(usize),
    /// It came out of a link.
    Arrived(usize),
    /// A host sent it.
    Offered,
    /// A host received it.
    Delivered,
}

/// Times, lengths and fates of all packets, and the bytes of inner ones. Ciphertext is left out: TLS draws its
/// randomness where no seed reaches.
#[derive(Debug)]
pub(crate) struct Trace(DefaultHasher);

impl Trace {
    pub(crate) fn new() -> Self {
        // With its constant keys the hasher is the same in every process.
        Self(DefaultHasher::new())
    }

    pub(crate) fn note(&mut self, at: Duration, fate: Fate, len: usize, inner: u64) {
        (at, fate, len, inner).hash(&mut self.0);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.finish()
    }
}
