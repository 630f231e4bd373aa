use super::*;

fn written(entries: &[Entry]) -> BytesMut {
    let mut buf = BytesMut::new();
    varint::encode(&mut buf, 7);
    entries.iter().for_each(|entry| entry.encode(&mut buf));
    buf
}

#[test]
fn what_is_told_is_read_as_the_same() {
    let of = |tier| [false, true].map(|metered| Some(Policy { tier, metered }));
    let policies = Tier::ALL.into_iter().flat_map(of).chain([None]);
    let entry = |(policy, number): (_, u32)| Entry { id: number, silent: number % 3 == 0, policy };
    let entries: Vec<Entry> = policies.zip(0..).map(entry).collect();
    assert_eq!(decode(&written(&entries)), Some((7, entries)));
}

#[test]
fn a_notice_that_is_cut_off_says_nothing() {
    let whole = written(&[Entry {
        id: 300,
        silent: true,
        policy: Some(Policy { tier: Tier::Backup, metered: true }),
    }]);
    // Without entries it is one that tells of no path.
    assert_eq!(decode(&whole[..1]), Some((7, Vec::new())));
    for len in 2..whole.len() {
        assert_eq!(decode(&whole[..len]), None, "{len} bytes");
    }
}

#[test]
fn a_tier_of_a_later_version_is_passed_over() {
    let mut buf = written(&[]);
    varint::encode(&mut buf, 1);
    varint::encode(&mut buf, 60 << 2);
    assert_eq!(decode(&buf), Some((7, vec![Entry { id: 1, silent: false, policy: None }])));
}

#[test]
fn a_notice_of_more_paths_than_there_can_be_is_refused() {
    let entries: Vec<Entry> = (0..65).map(|id| Entry { id, silent: false, policy: None }).collect();
    assert_eq!(decode(&written(&entries[..64])).map(|(_, entries)| entries.len()), Some(64));
    assert_eq!(decode(&written(&entries)), None);
}
