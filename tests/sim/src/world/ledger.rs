//! Which inner packets are under way: nothing may be delivered that was not sent, and nothing twice.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

use tandem_engine::ip::{Header, protocol};

/// Hash of a packet, without what a tunnel may change: the ECN codepoint and what depends on it.
pub(crate) fn fingerprint(packet: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    match packet.first().map(|first| first >> 4) {
        Some(4) if packet.len() >= 20 => {
            hasher.write(&[packet[0], packet[1] & 0xfc]);
            hasher.write(&packet[2..10]);
            hasher.write(&packet[12..]);
        }
        Some(6) if packet.len() >= 40 => {
            hasher.write(&[packet[0], packet[1] & 0xcf]);
            hasher.write(&packet[2..]);
        }
        _ => hasher.write(packet),
    }
    hasher.finish()
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
