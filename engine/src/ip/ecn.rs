//! Explicit Congestion Notification (RFC 3168) of the inner packets.
//!
//! The inner field is never copied to the outer packet, nor the other way round (RFC 9484, "ECN
//! considerations"): the only one who writes it is the tunnel's own queue, when it is congested.

#[cfg(test)]
mod tests;

use super::checksum;

/// The two bits of the ECN field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ecn {
    /// The transport does not understand congestion marks.
    NotEct,
    /// ECN-capable transport, code point ECT(1) (RFC 9331 gives it to L4S).
    Ect1,
    /// ECN-capable transport, code point ECT(0).
    Ect0,
    /// Congestion was experienced on the way.
    Ce,
}

impl Ecn {
    /// The field in the two low bits of an IPv4 type of service or an IPv6 traffic class.
    #[must_use]
    pub fn from_bits(traffic_class: u8) -> Self {
        match traffic_class & 3 {
            0 => Self::NotEct,
            1 => Self::Ect1,
            2 => Self::Ect0,
            _ => Self::Ce,
        }
    }
}

/// Marks the packet "congestion experienced" where its transport understands that.
///
/// Returns whether the packet now carries the mark; when it does not, congestion has to be told by dropping
/// it. The IPv4 header checksum is updated, and bytes that are no IP header are left as they are.
pub fn mark_ce(packet: &mut [u8]) -> bool {
    match packet {
        [first, tos, rest @ ..] if *first >> 4 == 4 && rest.len() >= 18 => {
            let capable = *tos & 3 != 0;
            if capable {
                let old = u16::from_be_bytes([*first, *tos]);
                *tos |= 3;
                let new = u16::from_be_bytes([*first, *tos]);
                // Offset 10 of the header.
                let sum = checksum::updated(u16::from_be_bytes([rest[8], rest[9]]), old, new);
                rest[8..10].copy_from_slice(&sum.to_be_bytes());
            }
            capable
        }
        [first, second, rest @ ..] if *first >> 4 == 6 && rest.len() >= 38 => {
            let capable = *second & 0x30 != 0;
            if capable {
                *second |= 0x30;
            }
            capable
        }
        _ => false,
    }
}
