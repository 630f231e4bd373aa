//! A share of what is sent, saved up to a limit: what may be sent twice of it.

/// Shares are in parts of this.
pub(crate) const WHOLE: u64 = 1000;

/// What was sent and has not been charged for something that is sent in addition.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Bytes that were sent and are not charged yet.
    credit: u64,
    /// Most of them that are remembered.
    most: u64,
}

impl Budget {
    /// Remembers at most so many bytes.
    pub(crate) fn empty(most: u64) -> Self {
        Self { credit: 0, most }
    }

    /// The same, as if so many bytes had been sent.
    pub(crate) fn full(most: u64) -> Self {
        Self { credit: most, most }
    }

    /// Notes that `bytes` left.
    pub(crate) fn earn(&mut self, bytes: u64) {
        self.credit = (self.credit + bytes).min(self.most);
    }

    /// Whether `bytes` may be sent in addition, if that is to be `share` thousandths of what is sent; they count from
    /// now on.
    pub(crate) fn spend(&mut self, bytes: u64, share: u64) -> bool {
        let price = (bytes * WHOLE).checked_div(share).filter(|price| *price <= self.credit);
        self.credit -= price.unwrap_or(0);
        price.is_some()
    }
}

#[cfg(test)]
mod tests;
