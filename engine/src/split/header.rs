//! The four bytes in front of every piece.

#[cfg(test)]
mod tests;

/// Length of the header in front of every piece, in bytes.
pub const HEADER_LEN: usize = 4;
/// Most pieces of one packet: 9000 bytes over the smallest datagrams that QUIC permits.
pub const MAX_PIECES: usize = 8;
/// Identifiers count modulo this.
pub(super) const ID_MODULUS: u32 = 1 << 24;

/// Which piece of which packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u32,
    /// Below [`MAX_PIECES`].
    pub(super) index: u8,
    pub(super) last: bool,
}

impl Header {
    pub(super) fn encode(self) -> [u8; HEADER_LEN] {
        (self.id << 8 | u32::from(self.index) << 1 | u32::from(self.last)).to_be_bytes()
    }

    /// Splits a payload into header and piece; `None` when it has no piece or an index that no sender uses.
    pub(super) fn decode(payload: &[u8]) -> Option<(Self, &[u8])> {
        let (word, piece) = payload.split_first_chunk()?;
        let word = u32::from_be_bytes(*word);
        let header = Self { id: word >> 8, index: (word >> 1 & 0x7f) as u8, last: word & 1 != 0 };
        (usize::from(header.index) < MAX_PIECES && !piece.is_empty()).then_some((header, piece))
    }
}
