//! Which class a packet has.

use std::sync::Arc;
use std::time::Instant;

use crate::class::{Class, Classifier, Sample, Side};
use crate::ip::{FlowSeed, Header};

/// A client's classifier.
#[derive(Debug)]
pub struct Classes(Classifier);

impl Default for Classes {
    fn default() -> Self {
        Self(Classifier::new(Side::Client, FlowSeed::new(&[7; 16]), Arc::default()))
    }
}

impl Classes {
    /// The class of a packet with this header on its way into the tunnel.
    pub fn of(&mut self, now: Instant, header: &Header, packet: &[u8]) -> Class {
        self.0.outbound(now, &Sample::of(header, packet)).class(now).0
    }
}
