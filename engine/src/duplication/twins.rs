//! What became of the two copies of a packet.
//!
//! Each copy may be lost, or come back from a path that died. It is sent again only if the other one is lost, too:
//! if that was delivered, the packet is there, and if it is still under way, it will be there sooner than what is sent
//! now. Nothing is lost by waiting, since the fate of the other one is told as well.

use crate::path::Outgoing;

/// Pairs that are remembered: 0.3 s, after which nothing is sent again, at 3,400 packets/s. Of a pair that was forgotten
/// a lost copy is sent again, which costs a packet and no more.
const PAIRS: usize = 1024;

/// One of the two copies of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Twin {
    /// Number of the pair.
    pair: u32,
    /// Whether it is the one that was added.
    pub(crate) is_copy: bool,
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    number: u32,
    /// Copies that may still arrive, or have.
    alive: u8,
    delivered: bool,
}

/// The pairs of one tunnel.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    /// Each pair at its number modulo [`PAIRS`]. Empty until the first one.
    pairs: Vec<Pair>,
    next: u32,
}

impl Twins {
    /// A packet is sent in two copies: that which would be sent anyway, and that which is added.
    pub(crate) fn pair(&mut self) -> [Twin; 2] {
        if self.pairs.is_empty() {
            self.pairs.resize(PAIRS, Pair { number: u32::MAX, alive: 0, delivered: false });
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.pairs[number as usize % PAIRS] = Pair { number, alive: 2, delivered: false };
        [false, true].map(|is_copy| Twin { pair: number, is_copy })
    }

    /// A copy has arrived.
    pub(crate) fn delivered(&mut self, twin: Twin) {
        if let Some(pair) = self.get(twin) {
            pair.delivered = true;
        }
    }

    /// Whether either copy has arrived.
    pub(crate) fn is_delivered(&mut self, twin: Twin) -> bool {
        self.get(twin).is_some_and(|pair| pair.delivered)
    }

    /// A copy will not arrive. Whether that leaves none, so that the packet has to be sent again.
    pub(crate) fn lost(&mut self, twin: Twin) -> bool {
        self.get(twin).is_none_or(|pair| {
            pair.alive = pair.alive.saturating_sub(1);
            pair.alive == 0 && !pair.delivered
        })
    }

    /// What was lost, or came back unsent, if it has to be sent again; alone from now on.
    pub(crate) fn orphan(&mut self, mut item: Outgoing) -> Option<Outgoing> {
        let needed = item.take_twin().is_none_or(|twin| self.lost(twin));
        needed.then_some(item)
    }

    fn get(&mut self, twin: Twin) -> Option<&mut Pair> {
        self.pairs.get_mut(twin.pair as usize % PAIRS).filter(|pair| pair.number == twin.pair)
    }
}

#[cfg(test)]
mod tests;
