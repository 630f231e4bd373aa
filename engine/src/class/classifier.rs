//! The classifier of one tunnel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Class;
use super::flow::{Ends, Flow, FlowReport};
use super::habit::Sample;
use super::rule::Rule;
use super::table::Table;
use crate::ip::{FlowSeed, Header};

/// A flow that was silent for so long is not shown any more, and if all were, the table's memory is given back.
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Which end of the tunnel a classifier is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    /// Here the client's word binds.
    Gateway,
}

/// Knows the flows of one tunnel.
#[derive(Debug)]
pub(crate) struct Classifier {
    side: Side,
    seed: FlowSeed,
    rules: Arc<[Rule]>,
    table: Table,
    /// When the last packet came.
    seen: Option<Instant>,
}

impl Classifier {
    pub(crate) fn new(side: Side, seed: FlowSeed, rules: Arc<[Rule]>) -> Self {
        Self { side, seed, rules, table: Table::default(), seen: None }
    }

    /// Replaces the rules, for flows that are there already, too.
    pub(crate) fn set_rules(&mut self, rules: Arc<[Rule]>) {
        self.table.iter_mut().for_each(|flow| flow.apply(&rules));
        self.rules = rules;
    }

    /// Notes a packet on its way into the tunnel, and gives its flow.
    pub(crate) fn outbound(&mut self, now: Instant, sample: &Sample) -> &mut Flow {
        let flow = self.flow(now, &sample.header, self.side == Side::Client);
        flow.note_out(now, sample);
        flow
    }

    /// Notes a packet that came out of the tunnel, and the class in which it was sent, where its sender said that.
    pub(crate) fn inbound(&mut self, now: Instant, sample: &Sample, told: Option<Class>) {
        let binding = told.filter(|_| self.side == Side::Gateway);
        self.flow(now, &sample.header, self.side == Side::Gateway).note_in(now, sample, binding);
    }

    fn flow(&mut self, now: Instant, header: &Header, from_local: bool) -> &mut Flow {
        self.seen = Some(now);
        let ends = Ends::of(header, from_local);
        let hash = ends.hash(&self.seed);
        self.table.entry(hash, &ends, || Flow::new(now, hash, ends, &self.rules))
    }

    /// The flows of the last minute, in no order.
    pub(crate) fn report(&self, now: Instant) -> Vec<FlowReport> {
        let reports = self.table.iter().map(|flow| flow.report(now));
        reports.filter(|report| report.idle < FORGOTTEN).collect()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.seen.map(|seen| seen + FORGOTTEN)
    }

    /// Gives memory back where all flows are forgotten.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.table = Table::default();
            self.seen = None;
        }
    }
}

#[cfg(test)]
mod tests;
