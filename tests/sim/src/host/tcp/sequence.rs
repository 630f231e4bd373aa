//! Positions in the stream: 64 bits inside, 32 on the wire (RFC 9293, section 3.4).

#[cfg(test)]
mod tests;

/// The sequence space of one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sequence {
    /// The SYN's own number.
    initial: u32,
}

impl Sequence {
    pub(super) fn new(initial: u32) -> Self {
        Self { initial }
    }

    /// The number of the SYN.
    pub(super) fn syn(self) -> u32 {
        self.initial
    }

    /// The number on the wire of the byte at `offset`; the SYN takes one before the first.
    pub(super) fn wire(self, offset: u64) -> u32 {
        self.initial.wrapping_add(1).wrapping_add(offset as u32)
    }

    /// The offset within 2 GiB of `near` that `wire` stands for; nothing if that is before the first byte.
    pub(super) fn offset(self, wire: u32, near: u64) -> Option<u64> {
        let distance = wire.wrapping_sub(self.wire(near)) as i32;
        near.checked_add_signed(i64::from(distance))
    }
}
