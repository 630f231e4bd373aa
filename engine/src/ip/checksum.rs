//! The Internet checksum (RFC 1071) and its incremental update (RFC 1624).

#[cfg(test)]
mod tests;

use std::net::Ipv6Addr;

use super::protocol;

/// A running one's complement sum of 16-bit words.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// The pseudo-header that ICMPv6 covers (RFC 8200, section 8.1), for a message of `len` bytes.
    pub(super) fn icmpv6_pseudo_header(src: Ipv6Addr, dst: Ipv6Addr, len: usize) -> Self {
        let mut sum = Self::default();
        sum.add(&src.octets());
        sum.add(&dst.octets());
        sum.0 += len as u64 + u64::from(protocol::ICMPV6);
        sum
    }

    /// Adds `bytes`, which start at an even offset of what is summed.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(2);
        for word in &mut words {
            self.0 += u64::from(u16::from_be_bytes([word[0], word[1]]));
        }
        if let [last] = words.remainder() {
            self.0 += u64::from(*last) << 8;
        }
    }

    /// The value for the checksum field.
    pub(super) fn checksum(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        !(sum as u16)
    }
}

/// The checksum of `bytes`, whose own checksum field must be zero.
pub(super) fn of(bytes: &[u8]) -> u16 {
    let mut sum = Sum::default();
    sum.add(bytes);
    sum.checksum()
}

/// The checksum after one 16-bit word of what it covers has changed (RFC 1624, equation 3).
pub(super) fn updated(checksum: u16, old: u16, new: u16) -> u16 {
    let sum = u32::from(!checksum) + u32::from(!old) + u32::from(new);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    !(sum as u16)
}
