//! Memory for packets that go into the engine.

use bytes::BytesMut;

/// Bytes per block: some forty packets. A packet that waits in a queue keeps its whole block.
const BLOCK: usize = 64 << 10;

/// Cuts packets out of blocks, so that there is one allocation for many of them, and none while the engine
/// keeps pace: a block whose packets are all gone is used again.
#[derive(Debug, Default)]
pub(super) struct Blocks(BytesMut);

impl Blocks {
    /// A copy of `packet`.
    pub(super) fn copy(&mut self, packet: &[u8]) -> BytesMut {
        if self.0.capacity() < packet.len() {
            self.0.reserve(packet.len().max(BLOCK));
        }
        self.0.extend_from_slice(packet);
        self.0.split()
    }
}
