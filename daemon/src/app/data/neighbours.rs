//! The other workers of a gateway, each on a data thread of its own, and what goes to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Engine, Handle, WeakHandle};

/// Packets and datagrams that may be under way to a worker. One that is so far behind loses the rest, as from any full
/// queue.
const MAX_UNDER_WAY: usize = 8192;

/// The workers of a gateway, as one of them sees them. Where there is but one, there are none.
pub(in crate::app) struct Neighbours<E: Engine> {
    own: u8,
    all: Vec<Neighbour<E>>,
}

struct Neighbour<E: Engine> {
    thread: WeakHandle<E>,
    under_way: Arc<AtomicUsize>,
    /// What is to go there at the end of the turn: one job for all of it.
    batch: Vec<E::Handover>,
}

impl<E: Engine> Default for Neighbours<E> {
    fn default() -> Self {
        Self { own: 0, all: Vec::new() }
    }
}

impl<E: Engine> Neighbours<E> {
    /// All workers by their index, of which this one is `own`.
    pub(in crate::app) fn new(own: u8, all: &[Handle<E>]) -> Self {
        let neighbour = |thread: &Handle<E>| Neighbour {
            thread: thread.downgrade(),
            under_way: Arc::default(),
            batch: Vec::new(),
        };
        Self { own, all: all.iter().map(neighbour).collect() }
    }

    /// Takes from the engine what it has for others, and passes it on.
    pub(super) fn pass_on(&mut self, engine: &mut E) {
        let mut any = false;
        while let Some((to, handover)) = engine.poll_handover() {
            let Some(neighbour) = self.all.get_mut(usize::from(to)) else { continue };
            let waiting = neighbour.under_way.load(Ordering::Relaxed) + neighbour.batch.len();
            if waiting < MAX_UNDER_WAY || !E::may_be_lost(&handover) {
                neighbour.batch.push(handover);
                any = true;
            }
        }
        if any {
            self.all.iter_mut().for_each(|neighbour| neighbour.send(self.own));
        }
    }
}

impl<E: Engine> Neighbour<E> {
    fn send(&mut self, from: u8) {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return;
        }
        let (under_way, count) = (self.under_way.clone(), batch.len());
        under_way.fetch_add(count, Ordering::Relaxed);
        self.thread.tell(move |data, now| {
            for handover in batch {
                data.engine.take_over(now, from, handover);
            }
            under_way.fetch_sub(count, Ordering::Relaxed);
        });
    }
}
