//! What copies may take of a path.

use std::time::Instant;

use super::Duplication;
use crate::budget::Budget;
use crate::path::pacer::{Pacer, scale};

/// Bytes that a metered path carried for which no copies were sent yet, and still may: beyond that the past counts for
/// nothing. At a twentieth, 50 KiB of copies, or 5 s of a call.
const REMEMBERED: u64 = 1 << 20;

/// What copies may take of one path.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Of what the path could carry.
    capacity: Pacer,
    /// Of what it did carry, which counts where that is paid for.
    carried: Budget,
}

impl Allowance {
    pub(crate) fn new(now: Instant) -> Self {
        Self { capacity: Pacer::new(now), carried: Budget::empty(REMEMBERED) }
    }

    /// Notes that `bytes` left on the path, copies included.
    pub(crate) fn carried(&mut self, bytes: u64) {
        self.carried.earn(bytes);
    }

    /// Whether a copy of `bytes` may go out on the path, which could carry `rate` bytes/s in packets of `mtu` bytes. It
    /// counts from now on.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        bytes: u64,
        (rate, mtu): (u64, u64),
        is_metered: bool,
        duplication: &Duplication,
    ) -> bool {
        self.capacity.set_rate(now, scale(rate, duplication.share.into()), mtu);
        let affordable = self.capacity.credit(now) >= bytes
            && (!is_metered || self.carried.spend(bytes, duplication.metered_share.into()));
        if affordable {
            self.capacity.sent(bytes);
        }
        affordable
    }
}

#[cfg(test)]
mod tests;
