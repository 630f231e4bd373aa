//! The two streams of instructions (RFC 9204 §4.3 and §4.4). Without a dynamic table next to nothing may stand on
//! them, but what may is understood.

use crate::h3::error::{Code, Error};

/// What arrives on the peer's encoder stream.
#[derive(Debug, Default)]
pub(in crate::h3) struct EncoderStream;

impl EncoderStream {
    /// Checks instructions. The only one that makes sense to a decoder without a table is to set the capacity to 0
    /// (RFC 9204 §4.3.1).
    pub(in crate::h3) fn receive(&self, data: &[u8]) -> Result<(), Error> {
        const SET_CAPACITY_ZERO: u8 = 0b0010_0000;
        if data.iter().all(|byte| *byte == SET_CAPACITY_ZERO) {
            return Ok(());
        }
        Err(Error::new(Code::QpackEncoderStreamError, "instruction for a dynamic table that does not exist"))
    }
}

/// What arrives on the peer's decoder stream.
#[derive(Debug, Default)]
pub(in crate::h3) struct DecoderStream {
    /// Bytes read of the stream id of a Stream Cancellation that is not complete.
    pending: u8,
}

impl DecoderStream {
    /// Checks instructions. Nothing was inserted and nothing referred to a table, so there is nothing to acknowledge;
    /// a Stream Cancellation (RFC 9204 §4.4.2) is the one thing a peer may say.
    pub(in crate::h3) fn receive(&mut self, data: &[u8]) -> Result<(), Error> {
        const STREAM_CANCELLATION: u8 = 0b01;
        const ID_CONTINUES: u8 = 0b0011_1111;
        // A stream id has 62 bits, which fit a prefix of six bits and nine bytes more.
        const MAX_PENDING: u8 = 10;
        for byte in data {
            let is_last = if self.pending > 0 {
                byte & 0x80 == 0
            } else if byte >> 6 == STREAM_CANCELLATION {
                byte & ID_CONTINUES != ID_CONTINUES
            } else {
                return Err(failure("acknowledgement of insertions that were never made"));
            };
            self.pending = if is_last { 0 } else { self.pending + 1 };
            if self.pending == MAX_PENDING {
                return Err(failure("stream id of more than 62 bits"));
            }
        }
        Ok(())
    }
}

const fn failure(reason: &'static str) -> Error {
    Error::new(Code::QpackDecoderStreamError, reason)
}
