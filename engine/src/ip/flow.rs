//! Which packets belong together.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use siphasher::sip::SipHasher13;

use super::Header;

/// Secret of [`FlowKey::hash`]: without it nobody outside can choose packets that share a bucket.
#[derive(Clone, Copy)]
pub struct FlowSeed(SipHasher13);

impl FlowSeed {
    /// A seed from 16 random bytes, drawn once per process.
    #[must_use]
    pub fn new(random: &[u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(random))
    }
}

impl std::fmt::Debug for FlowSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FlowSeed(..)")
    }
}

/// One direction of a flow. Equal keys are packets that must keep their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    src: IpAddr,
    dst: IpAddr,
    within: Within,
}

/// What tells flows between the same two addresses apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Within {
    /// Ports are 0 for protocols without them.
    Transport { protocol: u8, src_port: u16, dst_port: u16 },
    /// Only the first fragment has ports, so that all of them, the first too, go by their identification.
    Fragments { id: u32 },
}

impl FlowKey {
    /// The flow of the packet with this header.
    #[must_use]
    pub fn of(header: &Header) -> Self {
        let within = match header.fragment {
            Some(fragment) => Within::Fragments { id: fragment.id },
            None => Within::Transport {
                protocol: header.protocol,
                src_port: header.ports.map_or(0, |ports| ports.src),
                dst_port: header.ports.map_or(0, |ports| ports.dst),
            },
        };
        Self { src: header.src, dst: header.dst, within }
    }

    /// The flow of packets between two ports, which are 0 for protocols without them.
    #[must_use]
    pub fn transport(protocol: u8, src: (IpAddr, u16), dst: (IpAddr, u16)) -> Self {
        let within = Within::Transport { protocol, src_port: src.1, dst_port: dst.1 };
        Self { src: src.0, dst: dst.0, within }
    }

    /// The key that the answers to this flow have.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let within = match self.within {
            Within::Transport { protocol, src_port, dst_port } => {
                Within::Transport { protocol, src_port: dst_port, dst_port: src_port }
            }
            Within::Fragments { id } => Within::Fragments { id },
        };
        Self { src: self.dst, dst: self.src, within }
    }

    /// An even 32-bit hash, the same for the same key and seed in every build and process. The two directions
    /// of a connection hash independently.
    #[must_use]
    pub fn hash(&self, seed: &FlowSeed) -> u32 {
        // Fixed layout with a leading tag, so that no two keys give the same bytes.
        let mut bytes = [0; 39];
        let (version, len) = match (self.src, self.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                bytes[7..11].copy_from_slice(&src.octets());
                bytes[11..15].copy_from_slice(&dst.octets());
                (4, 15)
            }
            (src, dst) => {
                bytes[7..23].copy_from_slice(&v6_octets(src));
                bytes[23..39].copy_from_slice(&v6_octets(dst));
                (6, 39)
            }
        };
        match self.within {
            Within::Transport { protocol, src_port, dst_port } => {
                bytes[0] = version;
                bytes[1] = protocol;
                bytes[2..4].copy_from_slice(&src_port.to_be_bytes());
                bytes[4..6].copy_from_slice(&dst_port.to_be_bytes());
            }
            Within::Fragments { id } => {
                bytes[0] = 0x80 | version;
                bytes[1..5].copy_from_slice(&id.to_be_bytes());
            }
        }
        let hash = seed.0.hash(&bytes[..len]).to_be_bytes();
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
    }
}

fn v6_octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}
