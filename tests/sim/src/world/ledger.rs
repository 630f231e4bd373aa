//! Which inner packets are under way: nothing may be delivered that was not sent, and nothing twice.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use tandem_engine::ip::{Header, protocol};

/// Hash of a packet, without what a tunnel may change: the ECN codepoint and what depends on it.
pub(crate) fn fingerprint(packet: &[u8]) -> u64 {
    match packet.first().map(|first| first >> 4) {
        Some(4) if packet.len() >= 20 => {
            let start = mix(u64::from(packet[1] & 0xfc), &packet[2..10]);
            mix(start, &packet[12..])
        }
        Some(6) if packet.len() >= 40 => mix(u64::from(packet[1] & 0xcf), &packet[2..]),
        _ => mix(0, packet),
    }
}

/// Folds `bytes` into `hash`, a word at a time: every byte of every packet passes here twice, and nobody attacks it.
fn mix(hash: u64, bytes: &[u8]) -> u64 {
    let fold = |hash: u64, word| {
        let product = u128::from(hash ^ u64::from_le_bytes(word)) * 0x9e37_79b9_7f4a_7c15;
        (product >> 64) as u64 ^ product as u64
    };
    let (words, tail) = bytes.as_chunks();
    let mut last = [0; 8];
    last[..tail.len()].copy_from_slice(tail);
    let hash = words.iter().fold(hash ^ bytes.len() as u64, |hash, word| fold(hash, *word));
    fold(hash, last)
}

/// Counts of packets that were sent and not delivered, by fingerprint.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    under_way: HashMap<u64, u32, BuildHasherDefault<DefaultHasher>>,
}

impl Ledger {
    pub(crate) fn sent(&mut self, fingerprint: u64) {
        *self.under_way.entry(fingerprint).or_default() += 1;
    }

    /// Takes note of a delivery. False if there was nothing to deliver.
    pub(crate) fn delivered(&mut self, fingerprint: u64, packet: &[u8]) -> bool {
        if let Some(count) = self.under_way.get_mut(&fingerprint) {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(&fingerprint);
            }
            return true;
        }
        is_made_on_the_way(packet)
    }
}

/// Whether a router on the way may have made the packet: an ICMP error, or a fragment.
fn is_made_on_the_way(packet: &[u8]) -> bool {
    Header::parse(packet).is_ok_and(|header| {
        header.fragment.is_some() || matches!(header.protocol, protocol::ICMP | protocol::ICMPV6)
    })
}

#[cfg(test)]
mod tests;
