//! The door for benchmarks.

use std::sync::Arc;
use std::time::Instant;

use noq_proto::congestion::{Controller, ControllerFactory};

use super::{Congestion, Fate, Gate, Gated, GatedFactory, Sent};

/// What a gate does for each packet, around a controller that does next to nothing.
#[derive(Debug)]
pub struct GateStep {
    controller: Box<dyn Controller>,
    gate: Gate,
    now: Instant,
    next_pn: u64,
    sent: Vec<Sent>,
    fates: Vec<Fate>,
}

impl GateStep {
    /// A gate that nothing went through.
    #[must_use]
    pub fn new(now: Instant) -> Option<Self> {
        let factory = GatedFactory::new(Congestion::Cubic, 0, Arc::default());
        let controller = Arc::new(factory).build(now, 1200);
        let gate = Gated::gate_of(&*controller)?;
        Some(Self { controller, gate, now, next_pn: 0, sent: Vec::new(), fates: Vec::new() })
    }

    /// Lets a packet through, learns its fate, and says how much room there was.
    pub fn pass(&mut self) -> u64 {
        self.gate.set_open(true, false);
        let room = self.gate.room().min(self.controller.window());
        self.controller.on_packet_sent(self.now, 1200, self.next_pn);
        self.controller.on_packet_lost(1200, self.next_pn, self.now);
        self.next_pn += 1;
        self.gate.set_open(false, false);
        self.sent.clear();
        self.fates.clear();
        self.gate.take_sent(&mut self.sent);
        self.gate.take_fates(&mut self.fates);
        room
    }
}
