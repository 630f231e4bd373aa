//! Fragmentation of IPv4 packets that allow it (RFC 791, section 3.2).

#[cfg(test)]
mod tests;

use bytes::{BufMut, BytesMut};

use super::header::V4_HEADER;
use super::{Header, Version, checksum};

const MORE_FRAGMENTS: u16 = 0x2000;

/// Why a packet cannot be cut into fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are no IP packet.
    #[error(transparent)]
    Malformed(#[from] super::Error),
    /// IPv6 packets are fragmented by their sender alone; answer "packet too big".
    #[error("only IPv4 packets are fragmented on the way")]
    NotIpv4,
    /// The sender forbids it; answer "packet too big".
    #[error("the packet forbids fragmentation")]
    DontFragment,
    /// Not even a header and eight bytes fit.
    #[error("an MTU of {0} bytes leaves no room for a fragment")]
    MtuTooSmall(u16),
    /// The packet is itself a fragment, and reaches beyond the longest packet there is.
    #[error("the fragment ends beyond 65535 bytes")]
    BeyondEnd,
}

/// Cuts an IPv4 packet into fragments of at most `mtu` bytes; one that fits comes out whole.
///
/// # Errors
/// [`Error`], when the packet does not allow it or the `mtu` is too small for its header.
pub fn fragment_v4(packet: &[u8], mtu: u16) -> Result<Fragments<'_>, Error> {
    let header = Header::parse(packet)?;
    if header.version != Version::V4 {
        return Err(Error::NotIpv4);
    }
    let packet = &packet[..header.len];
    if packet.len() > usize::from(mtu) {
        if header.dont_fragment {
            return Err(Error::DontFragment);
        }
        if usize::from(mtu) < header.payload + 8 {
            return Err(Error::MtuTooSmall(mtu));
        }
    }
    let (head, payload) = packet.split_at(header.payload);
    let before = header.fragment.map_or(0, |fragment| usize::from(fragment.offset));
    if before + payload.len() > usize::from(u16::MAX) {
        return Err(Error::BeyondEnd);
    }
    Ok(Fragments { head, payload, mtu: usize::from(mtu), offset: 0, done: false })
}

/// The fragments of one packet, in order.
#[derive(Debug, Clone)]
pub struct Fragments<'a> {
    head: &'a [u8],
    payload: &'a [u8],
    mtu: usize,
    /// Bytes of `payload` already given out.
    offset: usize,
    done: bool,
}

impl Iterator for Fragments<'_> {
    type Item = BytesMut;

    fn next(&mut self) -> Option<BytesMut> {
        if self.done {
            return None;
        }
        let rest = &self.payload[self.offset..];
        // The room is that beside a whole header; what later fragments save on options hardly matters.
        let room = self.mtu.saturating_sub(self.head.len());
        self.done = rest.len() <= room;
        let taken = if self.done { rest.len() } else { room & !7 };

        let mut fragment = BytesMut::with_capacity(self.head.len() + taken);
        if self.offset == 0 {
            fragment.put_slice(self.head);
        } else {
            put_later_header(&mut fragment, self.head);
        }
        let header_len = fragment.len();
        fragment.put_slice(&rest[..taken]);
        if self.offset > 0 || !self.done {
            finish_header(&mut fragment, header_len, self.offset, !self.done);
        }
        self.offset += taken;
        Some(fragment)
    }
}

/// The header of fragments after the first: only options with the "copied" flag go into it.
fn put_later_header(to: &mut BytesMut, head: &[u8]) {
    let (fixed, mut options) = head.split_at(V4_HEADER);
    to.put_slice(fixed);
    while let &[kind, ref after @ ..] = options {
        let len = match (kind, after.first()) {
            // End of options, and "no operation".
            (0, _) => break,
            (1, _) => 1,
            (_, Some(&len)) if len >= 2 && usize::from(len) <= options.len() => usize::from(len),
            _ => break,
        };
        let (option, rest) = options.split_at(len);
        if kind & 0x80 != 0 {
            to.put_slice(option);
        }
        options = rest;
    }
    to.put_bytes(0, to.len().next_multiple_of(4) - to.len());
}

/// Writes lengths, offset and checksum; `offset` counts within the packet that is cut, maybe a fragment.
fn finish_header(fragment: &mut BytesMut, header_len: usize, offset: usize, more: bool) {
    let total = fragment.len() as u16;
    fragment[0] = 0x40 | (header_len / 4) as u8;
    fragment[2..4].copy_from_slice(&total.to_be_bytes());
    let mut word = u16::from_be_bytes([fragment[6], fragment[7]]);
    if more {
        word |= MORE_FRAGMENTS;
    }
    // The sum stays within 13 bits, because nothing that ends beyond 65535 bytes is cut.
    word += (offset / 8) as u16;
    fragment[6..8].copy_from_slice(&word.to_be_bytes());
    fragment[10..12].fill(0);
    let sum = checksum::of(&fragment[..header_len]);
    fragment[10..12].copy_from_slice(&sum.to_be_bytes());
}
