//! TCP options: MSS (RFC 9293), window scale and timestamps (RFC 7323), SACK (RFC 2018).

#[cfg(test)]
mod tests;

use bytes::BufMut;

const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;

/// Most SACK blocks that fit beside timestamps in 40 bytes of options.
pub(super) const MAX_SACK_BLOCKS: usize = 3;
/// Bytes that timestamps take from each segment, padding included.
pub(super) const TIMESTAMPS_LEN: usize = 12;

/// A sender's clock and the echo of the peer's (RFC 7323, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamps {
    pub(super) value: u32,
    pub(super) echo: u32,
}

/// What only a SYN carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SynOptions {
    /// Largest segment the sender of this can take, in bytes.
    pub(super) mss: u16,
    /// Left shift of the windows that will follow.
    pub(super) window_scale: u8,
    pub(super) sack_permitted: bool,
}

/// Up to three ranges of sequence numbers, ends exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SackBlocks {
    blocks: [(u32, u32); MAX_SACK_BLOCKS],
    len: usize,
}

impl SackBlocks {
    /// Adds a block, unless there is no room.
    pub(super) fn push(&mut self, block: (u32, u32)) {
        if let Some(free) = self.blocks.get_mut(self.len) {
            *free = block;
            self.len += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[(u32, u32)] {
        &self.blocks[..self.len]
    }
}

/// The options of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Options {
    pub(super) syn: Option<SynOptions>,
    pub(super) timestamps: Option<Timestamps>,
    pub(super) sack: SackBlocks,
}

impl Options {
    /// Bytes that they take in the header, a multiple of four.
    pub(super) fn encoded_len(&self) -> usize {
        let syn = self.syn.map_or(0, |syn| 8 + if syn.sack_permitted { 4 } else { 0 });
        let timestamps = self.timestamps.map_or(0, |_| TIMESTAMPS_LEN);
        let blocks = self.sack.as_slice().len();
        syn + timestamps + if blocks > 0 { 4 + 8 * blocks } else { 0 }
    }

    /// Writes them, each padded in front to a multiple of four bytes.
    pub(super) fn encode(&self, out: &mut impl BufMut) {
        if let Some(syn) = self.syn {
            out.put_slice(&[MSS, 4]);
            out.put_u16(syn.mss);
            out.put_slice(&[NO_OPERATION, WINDOW_SCALE, 3, syn.window_scale]);
            if syn.sack_permitted {
                out.put_slice(&[NO_OPERATION, NO_OPERATION, SACK_PERMITTED, 2]);
            }
        }
        if let Some(timestamps) = self.timestamps {
            out.put_slice(&[NO_OPERATION, NO_OPERATION, TIMESTAMPS, 10]);
            out.put_u32(timestamps.value);
            out.put_u32(timestamps.echo);
        }
        let blocks = self.sack.as_slice();
        if !blocks.is_empty() {
            out.put_slice(&[NO_OPERATION, NO_OPERATION, SACK, 2 + 8 * blocks.len() as u8]);
            for &(start, end) in blocks {
                out.put_u32(start);
                out.put_u32(end);
            }
        }
    }

    /// Reads what it knows and passes over the rest; nothing if a length is impossible.
    pub(super) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut options = Self::default();
        let mut syn = SynOptions { mss: 536, window_scale: 0, sack_permitted: false };
        while let [kind, rest @ ..] = bytes {
            match *kind {
                END => break,
                NO_OPERATION => bytes = rest,
                kind => {
                    let len = usize::from(*rest.first()?);
                    let value = bytes.get(2..len)?;
                    bytes = &bytes[len..];
                    options.read(kind, value, &mut syn);
                }
            }
        }
        Some(options)
    }

    fn read(&mut self, kind: u8, value: &[u8], syn: &mut SynOptions) {
        match (kind, value) {
            (MSS, &[high, low]) => syn.mss = u16::from_be_bytes([high, low]),
            // RFC 7323, section 2.3: more is to be taken for 14.
            (WINDOW_SCALE, &[shift]) => syn.window_scale = shift.min(14),
            (SACK_PERMITTED, []) => syn.sack_permitted = true,
            (TIMESTAMPS, &[a, b, c, d, e, f, g, h]) => {
                let (value, echo) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                self.timestamps = Some(Timestamps { value, echo });
            }
            (SACK, blocks) => {
                for block in blocks.chunks_exact(8) {
                    let edge =
                        |at| u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
                    self.sack.push((edge(0), edge(4)));
                }
            }
            _ => return,
        }
        if matches!(kind, MSS | WINDOW_SCALE | SACK_PERMITTED) {
            self.syn = Some(*syn);
        }
    }
}
