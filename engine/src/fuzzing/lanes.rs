//! Places in lanes, and the order of what arrives.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::class::Class;
use crate::lane::{Resequencer, Sequencer};

/// Both ends of a tunnel's lanes.
#[derive(Debug)]
pub struct Lanes {
    sequencer: Sequencer,
    resequencer: Resequencer,
    out: Vec<Bytes>,
}

impl Default for Lanes {
    fn default() -> Self {
        let resequencer = Resequencer::new(Duration::from_millis(100));
        Self { sequencer: Sequencer::default(), resequencer, out: Vec::new() }
    }
}

impl Lanes {
    /// Lets a packet of a flow through; how many come out.
    pub fn pass(&mut self, now: Instant, flow: u32, packet: Bytes) -> usize {
        let place = self.sequencer.place(flow, Class::default());
        self.resequencer.receive(now, place, packet, &mut self.out);
        self.out.drain(..).count()
    }

    /// Lets two packets of a flow through, the second before the first; how many come out.
    pub fn pass_swapped(&mut self, now: Instant, flow: u32, packets: [Bytes; 2]) -> usize {
        let [first, second] = packets.map(|packet| (self.sequencer.place(flow, Class::default()), packet));
        for (place, packet) in [second, first] {
            self.resequencer.receive(now, place, packet, &mut self.out);
        }
        self.out.drain(..).count()
    }
}
