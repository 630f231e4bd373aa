//! Clamping the TCP maximum segment size, so that bulk flows fit the tunnel without path MTU discovery.

#[cfg(test)]
mod tests;

use super::{Header, Version, checksum, protocol};

/// Length of a TCP header without options, in bytes.
const TCP_HEADER: usize = 20;
const SYN: u8 = 0x02;

/// Lowers the MSS option of a TCP SYN to what fits `mtu`, headers without options taken off (RFC 6691).
///
/// Returns the value that was put there; `None` leaves the packet as it is: it is no SYN, has no such option,
/// or asks for less already. The TCP checksum is updated, and therefore has to be complete: a packet that the
/// kernel hands over with checksum offload pending carries only its pseudo-header's sum there, and must be
/// finished first.
pub fn clamp(packet: &mut [u8], mtu: u16) -> Option<u16> {
    let header = Header::parse(packet).ok()?;
    if header.protocol != protocol::TCP || !header.has_payload_start() {
        return None;
    }
    let overhead = match header.version {
        Version::V4 => 40,
        Version::V6 => 60,
    };
    let most = mtu.checked_sub(overhead)?;

    let segment = &mut packet[header.payload..header.len];
    let fixed: &[u8; TCP_HEADER] = segment.first_chunk()?;
    let header_len = usize::from(fixed[12] >> 4) * 4;
    if fixed[13] & SYN == 0 || header_len > segment.len() {
        return None;
    }
    let at = find_mss(&segment[..header_len])?;
    let asked = u16::from_be_bytes([segment[at], segment[at + 1]]);
    if asked <= most {
        return None;
    }
    segment[at..at + 2].copy_from_slice(&most.to_be_bytes());
    // An option at an odd offset straddles two words of the sum, and weighs as if its bytes were swapped.
    let (old, new) = if at % 2 == 0 { (asked, most) } else { (asked.swap_bytes(), most.swap_bytes()) };
    let sum = checksum::updated(u16::from_be_bytes([segment[16], segment[17]]), old, new);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    Some(most)
}

/// Offset of the MSS value in a TCP header with its options.
fn find_mss(header: &[u8]) -> Option<usize> {
    let mut at = TCP_HEADER;
    loop {
        match header.get(at..)? {
            // End of options; "no operation"; MSS (RFC 9293, section 3.2); anything else by its length.
            [0, ..] => return None,
            [1, ..] => at += 1,
            [2, 4, _, _, ..] => return Some(at + 2),
            [_, len, ..] if *len >= 2 => at += usize::from(*len),
            _ => return None,
        }
    }
}
