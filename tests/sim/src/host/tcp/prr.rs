//! Proportional rate reduction: how much may be sent while the window shrinks (RFC 6937, as in Linux).

#[cfg(test)]
mod tests;

/// One reduction of the window.
#[derive(Debug, Default)]
pub(super) struct Prr {
    /// The window before.
    prior: u32,
    delivered: u32,
    sent: u32,
}

impl Prr {
    /// Begins a reduction from a window of `prior` segments.
    pub(super) fn begin(prior: u32) -> Self {
        Self { prior, delivered: 0, sent: 0 }
    }

    /// A segment was sent, new or again.
    pub(super) fn on_sent(&mut self) {
        self.sent += 1;
    }

    /// The window after an acknowledgement that delivered `delivered` segments, with `in_flight` left.
    ///
    /// `good` says that it moved the left edge and told of no new loss.
    pub(super) fn window(
        &mut self,
        delivered: u32,
        in_flight: u32,
        threshold: u32,
        good: bool,
    ) -> Option<u32> {
        if delivered == 0 || self.prior == 0 {
            return None;
        }
        self.delivered += delivered;
        let may_send = if in_flight > threshold {
            let target = (u64::from(threshold) * u64::from(self.delivered)).div_ceil(u64::from(self.prior));
            (target as u32).saturating_sub(self.sent)
        } else {
            let conserved = self.delivered.saturating_sub(self.sent).max(delivered);
            (conserved + u32::from(good)).min(threshold - in_flight)
        };
        // The first repetition leaves at once.
        Some(in_flight + may_send.max(u32::from(self.sent == 0)))
    }
}
