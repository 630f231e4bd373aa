//! Memory for packets and datagrams.

use bytes::BytesMut;

/// Cuts buffers out of blocks, so that there is one allocation for many of them, and none while they are gone soon: a
/// block is used again when nothing is left that was cut out of it.
///
/// A buffer keeps its whole block alive.
#[derive(Debug)]
pub struct Blocks {
    block: BytesMut,
    size: usize,
}

impl Blocks {
    /// Cuts out of blocks of `size` bytes, the first of which is made when it is needed.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { block: BytesMut::new(), size }
    }

    /// A copy of `packet`.
    pub fn copy(&mut self, packet: &[u8]) -> BytesMut {
        let buffer = self.room(packet.len());
        buffer.extend_from_slice(packet);
        buffer.split()
    }

    /// An empty buffer with room for `len` bytes at least. What is written into it is cut out with
    /// [`split`](BytesMut::split), or overwritten by the next.
    pub fn room(&mut self, len: usize) -> &mut BytesMut {
        self.block.clear();
        if self.block.capacity() < len {
            self.block.reserve(len.max(self.size));
        }
        &mut self.block
    }

    /// Gives back what is left of the block.
    pub fn release(&mut self) {
        self.block = BytesMut::new();
    }
}

#[cfg(test)]
mod tests;
