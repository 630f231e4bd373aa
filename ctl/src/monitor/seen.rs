//! What has been seen of the daemon so far.

use std::collections::{BTreeMap, VecDeque};

use tandem::api::{Event, FlowClass, FlowList, Path, Status};
use tandem::client::ClientError;

use crate::render;

/// Seconds that are kept of each rate: as many as the widest terminal has columns.
const SECONDS: usize = 400;
/// Events that are kept.
const EVENTS: usize = 100;

/// The daemon at one moment.
pub(super) struct Look {
    pub(super) status: Status,
    pub(super) paths: Vec<Path>,
    pub(super) flows: FlowList,
}

/// Rates of a path in bit/s, a second each, the latest first.
#[derive(Default)]
pub(super) struct Rates {
    pub(super) down: VecDeque<u64>,
    pub(super) up: VecDeque<u64>,
}

/// Flows of a class, and the sums of their rates in bit/s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OfClass {
    pub(super) flows: usize,
    pub(super) down: u64,
    pub(super) up: u64,
}

/// What the screen shows.
pub(super) struct Seen {
    pub(super) last: Look,
    /// Why there is nothing newer than the last look.
    pub(super) lost: Option<String>,
    pub(super) rates: BTreeMap<String, Rates>,
    /// As lines, the latest first.
    pub(super) events: VecDeque<String>,
}

impl Seen {
    pub(super) fn new(first: Look) -> Self {
        let mut seen = Self { last: first, lost: None, rates: BTreeMap::new(), events: VecDeque::new() };
        seen.keep_rates();
        seen
    }

    /// Takes another look into account, or that there was none to be had.
    pub(super) fn look(&mut self, look: Result<Look, ClientError>) {
        match look {
            Ok(look) => {
                self.last = look;
                self.lost = None;
                self.keep_rates();
            }
            Err(error) => self.lost = Some(error.to_string()),
        }
    }

    pub(super) fn note(&mut self, event: &Event) {
        self.events.push_front(render::event(event).trim_end().to_owned());
        self.events.truncate(EVENTS);
    }

    fn keep_rates(&mut self) {
        let open: BTreeMap<_, _> =
            self.last.paths.iter().filter_map(|path| Some((name(path)?, path))).collect();
        self.rates.retain(|name, _| open.contains_key(name));
        for (name, path) in open {
            let rates = self.rates.entry(name).or_default();
            for (rates, now) in [(&mut rates.down, path.rx_rate_bps), (&mut rates.up, path.tx_rate_bps)] {
                rates.push_front(now);
                rates.truncate(SECONDS);
            }
        }
    }

    /// Flows and rates by class, the most urgent first.
    pub(super) fn classes(&self) -> [(FlowClass, OfClass); 4] {
        [FlowClass::Realtime, FlowClass::Interactive, FlowClass::Bulk, FlowClass::Background].map(|class| {
            let mut sum = OfClass::default();
            for flow in self.last.flows.flows.iter().filter(|flow| flow.class == class) {
                sum.flows += 1;
                sum.down += flow.rx_rate_bps;
                sum.up += flow.tx_rate_bps;
            }
            (class, sum)
        })
    }
}

/// How an open path is called; none for a link without one.
fn name(path: &Path) -> Option<String> {
    let id = path.id?;
    path.interface.clone().or_else(|| Some(format!("{} path {id}", path.peer.as_ref()?)))
}
