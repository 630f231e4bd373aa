//! Cutting packets into pieces.

#[cfg(test)]
mod tests;

use bytes::BufMut;

use super::header::{HEADER_LEN, Header, ID_MODULUS, MAX_PIECES};

/// The room of a path is too small for even [`MAX_PIECES`] pieces of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes do not fit into {MAX_PIECES} pieces of {room} bytes each, headers included")]
pub struct Error {
    /// Length of what was to be split.
    pub len: usize,
    /// Room for one piece and its header.
    pub room: usize,
}

/// The sending side: numbers the packets that it cuts.
#[derive(Debug, Clone, Default)]
pub struct Splitter {
    next_id: u32,
}

impl Splitter {
    /// A splitter at its first identifier.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts `packet` into as few pieces as fit `room` bytes each, their headers included.
    ///
    /// The pieces are as equal as can be: a path whose datagrams shrink a little still carries them.
    ///
    /// # Errors
    /// [`Error`] when more than [`MAX_PIECES`] would be needed.
    pub fn split<'a>(&mut self, packet: &'a [u8], room: usize) -> Result<Pieces<'a>, Error> {
        let most = room.saturating_sub(HEADER_LEN);
        if packet.len() > most.saturating_mul(MAX_PIECES) {
            return Err(Error { len: packet.len(), room });
        }
        let id = self.next_id;
        self.next_id = (id + 1) % ID_MODULUS;
        let count = packet.len().div_ceil(most.max(1)).max(1);
        Ok(Pieces { rest: packet, id, index: 0, count: count as u8 })
    }
}

/// The pieces of one packet, in order.
#[derive(Debug, Clone)]
pub struct Pieces<'a> {
    rest: &'a [u8],
    id: u32,
    index: u8,
    count: u8,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let left = self.count - self.index;
        if left == 0 || self.rest.is_empty() {
            return None;
        }
        let (bytes, rest) = self.rest.split_at(self.rest.len().div_ceil(usize::from(left)));
        let header = Header { id: self.id, index: self.index, last: left == 1 };
        self.rest = rest;
        self.index += 1;
        Some(Piece { header: header.encode(), bytes })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.count - self.index).min(self.rest.len());
        (left, Some(left))
    }
}

impl ExactSizeIterator for Pieces<'_> {}

/// One piece, to be written behind the context identifier of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    header: [u8; HEADER_LEN],
    bytes: &'a [u8],
}

impl Piece<'_> {
    /// Bytes that [`Piece::write`] writes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a piece is never empty")]
    pub fn len(&self) -> usize {
        HEADER_LEN + self.bytes.len()
    }

    /// Appends header and piece.
    pub fn write(&self, to: &mut impl BufMut) {
        to.put_slice(&self.header);
        to.put_slice(self.bytes);
    }
}
