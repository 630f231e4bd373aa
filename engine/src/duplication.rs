//! Packets of calls in two copies, on the two paths that deliver first: what one of them loses, or takes with it when it
//! dies, has arrived on the other.
//!
//! The client decides, and tells the gateway, so that both directions are treated alike. The receiver drops the second
//! copy by its number, so nothing is duplicated for a peer that knows no lanes.
//!
//! A path of the tier `backup` never carries copies, one of `secondary` only if that is wanted. Copies that would come
//! much later than the first one are not sent: whoever plays a call has gone on by then.

mod allowance;
mod twins;

pub(crate) use self::allowance::Allowance;
pub(crate) use self::twins::{Twin, Twins};
use crate::budget::WHOLE;
use crate::h3::varint;

/// What is lost may go again up to this many thousandths of what is sent, unless something else is configured: a link that
/// loses much is not sent yet more.
const LOST_SHARE: u16 = 100;

/// Which packets are sent twice, and what that may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplication {
    /// Whether packets of the class realtime are.
    pub realtime: bool,
    /// Whether links of the tier `secondary` carry copies as well, although no link above is full.
    pub secondary: bool,
    /// Of what any link could carry, copies take at most so many thousandths.
    pub share: u16,
    /// Of the bytes that a metered link does carry, copies are at most so many thousandths.
    pub metered_share: u16,
    /// Of what is sent, of whatever class, what was lost and goes again is at most so many thousandths.
    pub lost_share: u16,
}

impl Duplication {
    /// No copies of anything, but what is lost: what a gateway does until its client speaks.
    pub const OFF: Self =
        Self { realtime: false, secondary: false, share: 0, metered_share: 0, lost_share: LOST_SHARE };

    /// The value of the capsule that tells a gateway: both shares of copies, the first one 0 if there are to be none; 1 if
    /// links of the tier `secondary` carry copies, else 0; and the share of what was lost.
    pub(crate) fn numbers(self) -> [u64; 4] {
        let share = if self.realtime { self.share } else { 0 };
        [share.into(), self.metered_share.into(), self.secondary.into(), self.lost_share.into()]
    }

    /// Reads such a value; `None` where there is too little. What follows it is from a later version.
    pub(crate) fn decode(mut value: &[u8]) -> Option<Self> {
        let mut number = || varint::decode(&mut value);
        let [share, metered_share, secondary, lost_share] = [number()?, number()?, number()?, number()?];
        let thousandths = |share: u64| u16::try_from(share.min(WHOLE)).unwrap_or_default();
        Some(Self {
            realtime: share > 0,
            secondary: secondary == 1,
            share: thousandths(share),
            metered_share: thousandths(metered_share),
            lost_share: thousandths(lost_share),
        })
    }
}

impl Default for Duplication {
    /// Of any link a quarter, of a metered one a twentieth, and nothing on links of the tier `secondary`; of what is lost, a
    /// tenth of what is sent.
    fn default() -> Self {
        Self { realtime: true, secondary: false, share: 250, metered_share: 50, lost_share: LOST_SHARE }
    }
}

#[cfg(test)]
mod tests;
