use super::super::testing::{mangled, plain_sum, udp, v4, v4_with_options, v6};
use super::*;

/// Puts fragments together again, in whatever order they come.
fn reassembled(fragments: &[BytesMut]) -> Vec<u8> {
    let mut payload = Vec::new();
    for fragment in fragments {
        let header = Header::parse(fragment).unwrap();
        let offset = header.fragment.map_or(0, |fragment| usize::from(fragment.offset));
        let data = &fragment[header.payload..];
        payload.resize(payload.len().max(offset + data.len()), 0);
        payload[offset..offset + data.len()].copy_from_slice(data);
    }
    payload
}

#[test]
fn fragments_fit_the_mtu_and_rejoin() {
    let packet = v4(17, &udp(1000, 53, 4000));
    for mtu in [28, 68, 576, 1280, 1420, 1500] {
        let fragments: Vec<_> = fragment_v4(&packet, mtu).unwrap().collect();
        for (index, fragment) in fragments.iter().enumerate() {
            assert!(fragment.len() <= usize::from(mtu));
            assert_eq!(plain_sum(&fragment[..20]), 0xffff);
            let header = Header::parse(fragment).unwrap();
            let place = header.fragment.unwrap();
            assert_eq!(place.id, 0x1234);
            assert_eq!(place.more, index + 1 < fragments.len());
            assert_eq!((header.protocol, header.len), (17, fragment.len()));
        }
        assert_eq!(reassembled(&fragments), packet[20..], "mtu {mtu}");
    }
}

#[test]
fn a_packet_that_fits_comes_out_as_it_was() {
    for packet in [v4(17, &udp(1, 2, 400)), v4(17, &[])] {
        let fragments: Vec<_> = fragment_v4(&packet, 420).unwrap().collect();
        assert_eq!(fragments, [packet]);
    }
}

#[test]
fn a_fragment_is_cut_again_in_its_place() {
    let mut packet = v4(17, &[9; 64]);
    packet[6..8].copy_from_slice(&[0x20, 100]);
    let fragments: Vec<_> = fragment_v4(&packet, 52).unwrap().collect();
    let places: Vec<_> = fragments
        .iter()
        .map(|fragment| Header::parse(fragment).unwrap().fragment.unwrap())
        .map(|place| (place.offset, place.more))
        .collect();
    assert_eq!(places, [(800, true), (832, true)]);
}

#[test]
fn only_options_with_the_copied_flag_go_into_every_fragment() {
    // Router alert (copied), no operation, record route (not copied).
    let options = [0x94, 4, 0, 0, 1, 7, 7, 4, 0, 0, 0, 0];
    let packet = v4_with_options(17, &options, &[5; 100]);
    let fragments: Vec<_> = fragment_v4(&packet, 80).unwrap().collect();
    assert_eq!(fragments[0][20..32], options);
    assert_eq!(fragments[1][0], 0x46);
    assert_eq!(fragments[1][20..24], [0x94, 4, 0, 0]);
    assert_eq!(plain_sum(&fragments[1][..24]), 0xffff);
    assert_eq!(reassembled(&fragments), [5; 100]);
}

#[test]
fn what_may_not_be_cut_says_why() {
    let mut df = v4(17, &udp(1, 2, 1480));
    df[6] = 0x40;
    assert_eq!(fragment_v4(&df, 1420).unwrap_err(), Error::DontFragment);
    assert_eq!(fragment_v4(&v6(17, &udp(1, 2, 1480)), 1420).unwrap_err(), Error::NotIpv4);
    assert_eq!(fragment_v4(&v4(17, &[0; 100]), 27).unwrap_err(), Error::MtuTooSmall(27));
    assert_eq!(
        fragment_v4(&[], 1420).unwrap_err(),
        Error::Malformed(super::super::Error::Truncated { needed: 20, available: 0 })
    );
    let mut beyond = v4(17, &[0; 100]);
    beyond[6..8].copy_from_slice(&[0x1f, 0xff]);
    assert_eq!(fragment_v4(&beyond, 68).unwrap_err(), Error::BeyondEnd);
}

#[test]
fn noise_is_cut_into_well_formed_fragments_or_refused() {
    let mut cut = 0;
    mangled(100_000, |packet| {
        let Ok(fragments) = fragment_v4(packet, 68) else { return };
        let header = Header::parse(packet).unwrap();
        let mut bytes = 0;
        for fragment in fragments {
            let part = Header::parse(&fragment).unwrap();
            assert_eq!(part.len, fragment.len());
            assert!(fragment.len() <= 68);
            bytes += part.len - part.payload;
        }
        assert_eq!(bytes, header.len - header.payload);
        cut += 1;
    });
    assert!(cut > 10_000);
}
