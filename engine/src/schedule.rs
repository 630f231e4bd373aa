//! Earliest arrival: which path gets a packet to the other end first.
//!
//! For a packet of `len` bytes, path `i` delivers at `a_i = max(now, free_i) + len / R_i + D_i`: when it has
//! sent what is queued ahead, at its rate, plus its one-way delay. The path with the least `a_i` gets the
//! packet. It may be right to leave a slow path idle, and that is what makes the whole never worse than the
//! best path: packets arrive in about the order in which they left (OTIAS, Yang et al. 2014; STMS, Shi et
//! al. 2018). A fast path's queue may run ahead by as much as it is faster.

use std::time::Duration;

use crate::link::Tier;
use crate::path::pacer::duration_of;

/// Beyond the lead that its shorter delay gives it, a path's queue may hold this much.
const SLACK: Duration = Duration::from_millis(2);
/// A path of a lower rank is used once this much waits for those above it: CoDel's target, beyond which the
/// ingress queue starts to drop.
const OVERFLOW: Duration = Duration::from_millis(5);
/// An `auto` path that arrives this much later than the fastest is left out: no receiver waits so long.
const MAX_SKEW: Duration = Duration::from_millis(150);
/// A path so slow that one packet takes longer does not make the others queue for it.
const MAX_SERIALIZATION: Duration = Duration::from_millis(50);
/// An `auto` path that loses more than this is left out while another does not.
const MAX_LOSS: f64 = 0.10;

/// What the scheduler knows of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// Tier of its link, for both ends.
    pub(crate) tier: Tier,
    /// Whether it works.
    pub(crate) usable: bool,
    /// Rate, bytes/s.
    pub(crate) rate: u64,
    /// One-way delay; only differences count.
    pub(crate) delay: Duration,
    /// The same with all that is queued on the way, not only what counts when paths are compared.
    pub(crate) skew: Duration,
    /// Bytes queued on it ahead of the packet.
    pub(crate) queued: u64,
    /// Share of recent packets that were lost, 0 to 1.
    pub(crate) loss: f64,
}

impl Candidate {
    /// Whether packets may go on it at all.
    fn works(&self) -> bool {
        self.usable && self.tier != Tier::Never
    }

    fn backlog(&self) -> Duration {
        duration_of(self.queued, self.rate)
    }

    fn arrival(&self, len: usize) -> Duration {
        duration_of(self.queued + len as u64, self.rate) + self.delay
    }

    fn arrival_if_idle(&self, len: usize) -> Duration {
        duration_of(len as u64, self.rate).min(MAX_SERIALIZATION) + self.delay
    }
}

/// How the scheduler uses a path for what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Packets go on it whenever it is the first to deliver them.
    InUse,
    /// It works, and waits until the paths of a better tier do not, or cannot keep up.
    Standby,
    /// It is left out: it would deliver so late that no receiver waits so long.
    TooSlow,
    /// It is left out: it loses much, and another path does not.
    TooLossy,
    /// It does not work, or is not to be used; its state and its tier say why.
    Unusable,
}

impl Usage {
    const ALL: [Self; 5] = [Self::InUse, Self::Standby, Self::TooSlow, Self::TooLossy, Self::Unusable];

    /// The stable label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "in-use",
            Self::Standby => "standby",
            Self::TooSlow => "too-slow",
            Self::TooLossy => "too-lossy",
            Self::Unusable => "unusable",
        }
    }

    /// Its number on the wire.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::InUse => 0,
            Self::Standby => 1,
            Self::TooSlow => 2,
            Self::TooLossy => 3,
            Self::Unusable => 4,
        }
    }

    pub(crate) fn from_code(code: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| u64::from(usage.code()) == code)
    }
}

/// What to do with the packet at the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Queue it on this path.
    Path(usize),
    /// Leave it: a path that is busy now will still be the first to deliver it.
    Wait,
    /// There is no path at all.
    Nowhere,
}

/// The path for a packet of `len` bytes, with `waiting` bytes in the ingress queue, itself included.
pub(crate) fn choose(candidates: &[Candidate], len: usize, waiting: u64) -> Choice {
    let Some(rank) = wanted_rank(candidates, waiting) else { return Choice::Nowhere };
    let standard = Standard::of(candidates, rank);
    let slowest = eligible(candidates, rank, standard).map(|(_, path)| path.arrival_if_idle(len)).max();
    let best = eligible(candidates, rank, standard).min_by_key(|(_, path)| path.arrival(len));
    let (Some((index, path)), Some(slowest)) = (best, slowest) else { return Choice::Nowhere };
    // A longer queue than this would have sent the packet to another path, were there room.
    if path.queued > 0 && path.backlog() > slowest.saturating_sub(path.delay) + SLACK {
        return Choice::Wait;
    }
    Choice::Path(index)
}

/// How each path would be used now, with `waiting` bytes in the ingress queue, in the order of `candidates`.
pub(crate) fn usage(candidates: &[Candidate], waiting: u64) -> impl Iterator<Item = Usage> {
    let rank = wanted_rank(candidates, waiting).unwrap_or_default();
    let standard = Standard::of(candidates, rank);
    candidates.iter().map(move |path| {
        if !path.works() {
            Usage::Unusable
        } else if path.tier.rank() > rank {
            Usage::Standby
        } else {
            standard.judge(path)
        }
    })
}

/// Paths are used up to this rank; `None` if none works.
fn wanted_rank(candidates: &[Candidate], waiting: u64) -> Option<u8> {
    let best = candidates.iter().filter(|path| path.works()).map(|path| path.tier.rank()).min()?;
    // Backup paths never overflow: they work only where nothing else does.
    Some(if best == 0 && is_full(candidates, waiting) { 1 } else { best })
}

/// The path for a second copy of a call's packet of `len` bytes that goes on path `first`: of the others, the one that
/// delivers next, if that is soon enough for the copy to be of use. `is_affordable` is asked of one after the other.
///
/// Unlike the first choice, a path that loses much is welcome: a copy may get lost, and tells how the path is by now.
pub(crate) fn second(
    candidates: &[Candidate],
    first: usize,
    len: usize,
    with_secondary: bool,
    mut is_affordable: impl FnMut(usize) -> bool,
) -> Option<usize> {
    let best_rank = usable(candidates, Tier::Never.rank()).map(|(_, path)| path.tier.rank()).min()?;
    let secondary = Tier::Secondary.rank();
    // Backup paths never: they work only where nothing else does.
    let rank = if with_secondary { secondary } else { best_rank.min(secondary) };
    let latest = candidates.get(first)?.arrival(len) + MAX_SKEW;
    let mut refused = None;
    loop {
        let next = usable(candidates, rank)
            .filter(|(index, path)| *index != first && path.arrival(len) <= latest)
            .map(|(index, path)| (path.arrival(len), index))
            .filter(|next| refused.is_none_or(|refused| *next > refused))
            .min()?;
        if is_affordable(next.1) {
            return Some(next.1);
        }
        refused = Some(next);
    }
}

/// Working paths up to a rank.
fn usable(candidates: &[Candidate], rank: u8) -> impl Iterator<Item = (usize, &Candidate)> {
    let up_to = move |path: &Candidate| path.works() && path.tier.rank() <= rank;
    candidates.iter().enumerate().filter(move |(_, path)| up_to(path))
}

/// Of those, the ones whose quality does not hurt the others.
fn eligible(
    candidates: &[Candidate],
    rank: u8,
    standard: Standard,
) -> impl Iterator<Item = (usize, &Candidate)> {
    usable(candidates, rank).filter(move |(_, path)| standard.judge(path) == Usage::InUse)
}

/// What paths are measured by.
#[derive(Debug, Clone, Copy)]
struct Standard {
    /// Delay of the fastest, with all that is queued on the way.
    fastest: Duration,
    /// Whether one of them loses little.
    clean_exists: bool,
}

impl Standard {
    /// That of the working paths up to a rank.
    fn of(candidates: &[Candidate], rank: u8) -> Self {
        Self {
            fastest: usable(candidates, rank).map(|(_, path)| path.skew).min().unwrap_or_default(),
            clean_exists: usable(candidates, rank).any(|(_, path)| path.loss <= MAX_LOSS),
        }
    }

    /// Whether the quality of one of them hurts the others.
    fn judge(self, path: &Candidate) -> Usage {
        if path.tier == Tier::Always {
            Usage::InUse
        } else if path.skew > self.fastest + MAX_SKEW {
            Usage::TooSlow
        } else if path.loss > MAX_LOSS && self.clean_exists {
            Usage::TooLossy
        } else {
            Usage::InUse
        }
    }
}

/// Whether the paths of the first rank cannot keep up.
fn is_full(candidates: &[Candidate], waiting: u64) -> bool {
    let rate: u64 = usable(candidates, 0).map(|(_, path)| path.rate).sum();
    let queued: u64 = usable(candidates, 0).map(|(_, path)| path.queued).sum();
    duration_of(waiting + queued, rate) > OVERFLOW
}

#[cfg(test)]
mod tests;
