use super::super::testing::{udp, v4, v6};
use super::*;

fn key(packet: &[u8]) -> FlowKey {
    FlowKey::of(&Header::parse(packet).unwrap())
}

fn seed() -> FlowSeed {
    FlowSeed::new(&[7; 16])
}

#[test]
fn the_hash_is_the_same_in_every_build() {
    // Computed with another implementation of SipHash-1-3 over: version, protocol, ports, a zero, addresses.
    assert_eq!(key(&v4(17, &udp(1000, 53, 20))).hash(&seed()), 0x1b93_7375);
    assert_eq!(key(&v6(17, &udp(1000, 53, 20))).hash(&seed()), 0x28ff_7ae6);
}

#[test]
fn another_seed_gives_another_hash() {
    let key = key(&v4(17, &udp(1000, 53, 20)));
    assert_ne!(key.hash(&seed()), key.hash(&FlowSeed::new(&[8; 16])));
}

#[test]
fn every_part_of_the_five_tuple_counts() {
    let base = v4(17, &udp(1000, 53, 20));
    let hashes: std::collections::HashSet<u32> = [9, 12, 15, 16, 19, 20, 21, 22, 23]
        .into_iter()
        .map(|at| {
            let mut packet = base.clone();
            packet[at] = if at == 9 { 6 } else { packet[at] ^ 1 };
            key(&packet).hash(&seed())
        })
        .chain([key(&base).hash(&seed())])
        .collect();
    assert_eq!(hashes.len(), 10);
}

#[test]
fn fields_outside_the_five_tuple_do_not_count() {
    let base = v4(17, &udp(1000, 53, 20));
    for at in [1, 4, 8, 27, 35] {
        let mut packet = base.clone();
        packet[at] ^= 0x11;
        assert_eq!(key(&packet), key(&base), "byte {at}");
    }
}

#[test]
fn all_fragments_of_a_packet_are_one_flow() {
    let mut first = v4(17, &udp(1000, 53, 24));
    first[6] = 0x20;
    let mut last = v4(17, &udp(0xffff, 0xeeee, 24));
    last[7] = 3;
    assert_eq!(key(&first), key(&last));
    let mut other = last.clone();
    other[5] ^= 1;
    assert_ne!(key(&other), key(&last));
}

#[test]
fn the_way_back_has_its_own_hash_and_finds_the_way_there() {
    let there = key(&v4(17, &udp(1000, 53, 20)));
    let mut reply = v4(17, &udp(53, 1000, 20));
    let (src, dst) = (reply[12..16].to_vec(), reply[16..20].to_vec());
    reply[12..16].copy_from_slice(&dst);
    reply[16..20].copy_from_slice(&src);
    let back = key(&reply);
    assert_eq!(there.reversed(), back);
    assert_eq!(back.reversed(), there);
    assert_ne!(there.hash(&seed()), back.hash(&seed()));
}

#[test]
fn neighbouring_flows_spread_evenly_over_buckets() {
    let mut buckets = [0u32; 256];
    for port in 0..25_600u16 {
        let packet = v4(6, &udp(20_000 + port, 443, 20));
        buckets[key(&packet).hash(&seed()) as usize % 256] += 1;
    }
    // Mean 100, standard deviation 10.
    assert!(buckets.iter().all(|&count| (50..=150).contains(&count)), "{buckets:?}");
}

#[test]
fn a_seed_does_not_print_its_secret() {
    assert_eq!(format!("{:?}", FlowSeed::new(&[0x41; 16])), "FlowSeed(..)");
}
