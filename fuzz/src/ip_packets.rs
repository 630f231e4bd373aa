//! IP packets, from the host and from the peer: read, told apart, marked, cut and answered.

use std::net::IpAddr;

use tandem_engine::ip::fragment::fragment_v4;
use tandem_engine::ip::icmp::{self, Unreachable};
use tandem_engine::ip::{Ecn, FlowKey, FlowSeed, Header, Version, ecn};

use crate::input::Input;

const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 0, 1));
const V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1));

/// Two bytes are an MTU, the rest is a packet.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mtu = input.u16();
    let packet = input.rest();
    marks(packet);
    match Header::parse(packet) {
        Ok(header) => {
            fields(&header, packet);
            flows(&header);
            fragments(&header, packet, mtu);
            answers(&header, packet, mtu);
        }
        Err(_) => {
            assert!(fragment_v4(packet, mtu).is_err());
            assert!(icmp::packet_too_big(packet, mtu, V4).is_none());
        }
    }
}

fn fields(header: &Header, packet: &[u8]) {
    assert!(header.payload <= header.len && header.len <= packet.len());
    assert_eq!(Header::parse(&packet[..header.len]), Ok(*header), "bytes after the packet matter to nobody");
    assert!(header.dscp < 64);
    assert_eq!(header.src.is_ipv4(), header.dst.is_ipv4());
    assert_eq!(header.src.is_ipv4(), header.version == Version::V4);
    assert!(header.ports.is_none() || (header.has_payload_start() && header.payload + 4 <= header.len));
}

fn flows(header: &Header) {
    let key = FlowKey::of(header);
    let seed = FlowSeed::new(&[7; 16]);
    assert_eq!(key.reversed().reversed(), key);
    assert_eq!(key.hash(&seed), FlowKey::of(header).hash(&seed));
}

fn marks(packet: &[u8]) {
    let mut marked = packet.to_vec();
    let is_marked = ecn::mark_ce(&mut marked);
    let (Ok(before), Ok(after)) = (Header::parse(packet), Header::parse(&marked)) else { return };
    assert_eq!(is_marked, before.ecn != Ecn::NotEct);
    assert_eq!(after, Header { ecn: if is_marked { Ecn::Ce } else { Ecn::NotEct }, ..before });
    if before.version == Version::V4 {
        let sealed = |packet: &[u8]| sum(&packet[..before.payload]) == 0xffff;
        assert!(sealed(&marked) || !sealed(packet), "a right checksum stays right");
    }
    let mut again = marked.clone();
    ecn::mark_ce(&mut again);
    assert_eq!(again, marked, "a mark is made once");
}

fn fragments(header: &Header, packet: &[u8], mtu: u16) {
    let Ok(fragments) = fragment_v4(packet, mtu) else { return };
    assert_eq!(header.version, Version::V4);
    let packet = &packet[..header.len];
    let fragments: Vec<_> = fragments.collect();
    if packet.len() <= usize::from(mtu) {
        assert_eq!(fragments, [packet]);
        return;
    }
    let mut payload = Vec::new();
    let start = header.fragment.map_or(0, |fragment| usize::from(fragment.offset));
    let more_after = header.fragment.is_some_and(|fragment| fragment.more);
    for (index, fragment) in fragments.iter().enumerate() {
        assert!(fragment.len() <= usize::from(mtu));
        let part = Header::parse(fragment).expect("a fragment is a packet");
        assert_eq!(sum(&fragment[..part.payload]), 0xffff);
        let place = part.fragment.expect("a fragment says so");
        assert_eq!(usize::from(place.offset), start + payload.len());
        assert_eq!(place.more, more_after || index + 1 < fragments.len());
        assert_eq!((part.src, part.dst, part.protocol), (header.src, header.dst, header.protocol));
        payload.extend_from_slice(&fragment[part.payload..]);
    }
    assert_eq!(payload, &packet[header.payload..]);
}

fn answers(header: &Header, packet: &[u8], mtu: u16) {
    let from = if header.src.is_ipv4() { V4 } else { V6 };
    let other = if header.src.is_ipv4() { V6 } else { V4 };
    let reasons =
        [Unreachable::NoRoute, Unreachable::Host, Unreachable::Prohibited, Unreachable::SourceAddress];
    let unreachable = reasons.map(|reason| icmp::unreachable(packet, reason, from));
    for answer in unreachable.into_iter().chain([icmp::packet_too_big(packet, mtu, from)]).flatten() {
        let shown = Header::parse(&answer).expect("an answer is a packet");
        assert_eq!((shown.src, shown.dst, shown.len), (from, header.src, answer.len()));
        assert!(answer.len() <= if header.src.is_ipv4() { 576 } else { 1280 });
        assert!(answer.len() <= header.len + 48, "no amplification");
        assert!(icmp::unreachable(&answer, Unreachable::Host, from).is_none(), "no error answers an error");
        if header.src.is_ipv4() {
            assert_eq!(sum(&answer[..20]), 0xffff);
            assert_eq!(sum(&answer[20..]), 0xffff);
        }
    }
    assert!(icmp::unreachable(packet, Unreachable::Host, other).is_none());
}

/// The one's complement sum (RFC 1071); 0xffff over what includes its right checksum.
fn sum(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0)));
    words.fold(0, |sum, word| (sum + word) % 0x1_0000 + (sum + word) / 0x1_0000)
}
