use super::super::Splitter;
use super::*;
use crate::ip::testing::start;

fn rejoiner() -> Rejoiner {
    Rejoiner::new(Config::default())
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn packet(seed: u64, len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(len).collect()
}

fn pieces(splitter: &mut Splitter, packet: &[u8], room: usize) -> Vec<Vec<u8>> {
    let write = |piece: super::super::Piece<'_>| {
        let mut payload = Vec::new();
        piece.write(&mut payload);
        payload
    };
    splitter.split(packet, room).unwrap().map(write).collect()
}

fn piece(id: u32, index: u8, last: bool, bytes: &[u8]) -> Vec<u8> {
    [&Header { id, index, last }.encode(), bytes].concat()
}

/// Takes in pieces at one instant and returns what became whole.
fn receive_all(rejoiner: &mut Rejoiner, now: Instant, payloads: &[Vec<u8>]) -> Vec<BytesMut> {
    payloads.iter().filter_map(|payload| rejoiner.receive(now, payload)).collect()
}

#[test]
fn two_pieces_make_the_packet_in_either_order() {
    let (mut rejoiner, now) = (rejoiner(), start());
    let packet = packet(1, 1420);
    let mut pieces = pieces(&mut Splitter::new(), &packet, 1200);
    assert_eq!(pieces.len(), 2);
    for _ in 0..2 {
        assert_eq!(receive_all(&mut rejoiner, now, &pieces), [&packet[..]]);
        assert!(rejoiner.is_empty());
        assert_eq!(rejoiner.bytes(), 0);
        pieces.reverse();
    }
}

#[test]
fn a_single_piece_is_a_packet() {
    let packet = packet(1, 100);
    let pieces = pieces(&mut Splitter::new(), &packet, 1200);
    assert_eq!(receive_all(&mut rejoiner(), start(), &pieces), [&packet[..]]);
}

#[test]
fn packets_interleaved_over_paths_of_different_delay_all_come_out() {
    let mut random = fastrand::Rng::with_seed(9);
    let (mut rejoiner, mut splitter) = (rejoiner(), Splitter::new());
    let start = start();
    let mut arrivals = Vec::new();
    let mut sent = Vec::new();
    for number in 0..2000 {
        let packet = packet(number, random.usize(1201..4000));
        for piece in pieces(&mut splitter, &packet, 1200) {
            let delay = [10, 60][random.usize(..2)] + random.u64(..5);
            arrivals.push((number / 10 + delay, piece));
        }
        sent.push(packet);
    }
    arrivals.sort_by_key(|(at, _)| *at);
    let mut got: Vec<_> =
        arrivals.iter().filter_map(|(at, piece)| rejoiner.receive(start + millis(*at), piece)).collect();
    got.sort();
    sent.sort();
    assert_eq!(got, sent);
    assert_eq!((rejoiner.len(), rejoiner.bytes()), (0, 0));
}

#[test]
fn a_duplicate_piece_changes_nothing() {
    let (mut rejoiner, now) = (rejoiner(), start());
    let packet = packet(1, 3000);
    let pieces = pieces(&mut Splitter::new(), &packet, 1200);
    assert_eq!(pieces.len(), 3);
    for index in [1, 1, 2, 1, 2] {
        assert_eq!(rejoiner.receive(now, &pieces[index]), None);
    }
    assert_eq!(rejoiner.receive(now, &pieces[0]).unwrap(), packet[..]);
    assert_eq!(rejoiner.stats(), Stats { rejoined: 1, duplicates: 3, ..Stats::default() });
}

#[test]
fn a_lost_piece_does_not_leak() {
    let mut rejoiner = rejoiner();
    let start = start();
    for id in 0..100 {
        rejoiner.receive(start + millis(u64::from(id)), &piece(id, 0, false, &[1; 1000]));
    }
    assert_eq!((rejoiner.len(), rejoiner.bytes()), (100, 100_000));
    assert_eq!(rejoiner.poll_timeout(), Some(start + millis(500)));
    rejoiner.handle_timeout(start + millis(549));
    assert_eq!(rejoiner.len(), 50);
    rejoiner.handle_timeout(start + millis(600));
    assert_eq!((rejoiner.len(), rejoiner.bytes(), rejoiner.poll_timeout()), (0, 0, None));
    assert_eq!(rejoiner.stats().expired, 100);
}

#[test]
fn a_piece_that_comes_too_late_does_not_meet_its_packet() {
    let (mut rejoiner, start) = (rejoiner(), start());
    rejoiner.receive(start, &piece(7, 0, false, b"one "));
    assert_eq!(rejoiner.receive(start + millis(500), &piece(7, 1, true, b"two")), None);
    assert_eq!(rejoiner.len(), 1);
}

#[test]
fn an_identifier_used_again_waits_for_its_own_time() {
    let (mut rejoiner, start) = (rejoiner(), start());
    rejoiner.receive(start, &piece(7, 0, false, b"old"));
    assert!(rejoiner.receive(start, &piece(7, 1, true, b"old")).is_some());
    rejoiner.receive(start + millis(400), &piece(7, 0, false, b"new "));
    let joined = rejoiner.receive(start + millis(800), &piece(7, 1, true, b"one"));
    assert_eq!(joined.unwrap(), b"new one"[..]);
}

#[test]
fn pieces_that_contradict_each_other_are_given_up() {
    let contradictions = [
        [piece(1, 0, false, b"aa"), piece(1, 0, false, b"ab")],
        [piece(1, 0, false, b"aa"), piece(1, 0, false, b"aaa")],
        [piece(1, 1, true, b"aa"), piece(1, 1, false, b"aa")],
        [piece(1, 1, true, b"aa"), piece(1, 2, true, b"aa")],
        [piece(1, 1, true, b"aa"), piece(1, 2, false, b"aa")],
        [piece(1, 2, false, b"aa"), piece(1, 1, true, b"aa")],
    ];
    for pair in contradictions {
        let mut rejoiner = rejoiner();
        assert_eq!(receive_all(&mut rejoiner, start(), &pair), Vec::<BytesMut>::new());
        assert_eq!((rejoiner.len(), rejoiner.bytes()), (0, 0), "{pair:?}");
        assert_eq!(rejoiner.stats().inconsistent, 1);
    }
}

#[test]
fn a_whole_packet_supersedes_pieces_under_its_identifier() {
    let (mut rejoiner, now) = (rejoiner(), start());
    rejoiner.receive(now, &piece(1, 0, false, b"part"));
    assert_eq!(rejoiner.receive(now, &piece(1, 0, true, b"whole")).unwrap(), b"whole"[..]);
    assert_eq!((rejoiner.len(), rejoiner.bytes()), (0, 0));
}

#[test]
fn a_packet_longer_than_ip_allows_is_given_up() {
    let (mut rejoiner, now) = (rejoiner(), start());
    rejoiner.receive(now, &piece(1, 0, false, &[1; 40_000]));
    rejoiner.receive(now, &piece(1, 1, false, &[1; 40_000]));
    assert_eq!((rejoiner.len(), rejoiner.stats().inconsistent), (0, 1));
}

#[test]
fn a_flood_of_first_pieces_stays_within_bounds_and_costs_the_oldest() {
    let config = Config { max_packets: 100, max_bytes: 50_000, ..Config::default() };
    let (mut rejoiner, now) = (Rejoiner::new(config), start());
    for id in 0..10_000 {
        rejoiner.receive(now, &piece(id, 0, false, &[1; 1000]));
        assert!(rejoiner.bytes() <= 50_000 && rejoiner.len() <= 100 && rejoiner.order.len() <= 100);
    }
    assert_eq!(rejoiner.stats().evicted, 9950);
    assert!(rejoiner.receive(now, &piece(9_999, 1, true, &[1; 10])).is_some());
    for id in 0..10_000 {
        rejoiner.receive(now, &piece(id, 0, false, &[1]));
        assert!(rejoiner.len() <= 100 && rejoiner.order.len() <= 100);
    }
}

#[test]
fn completed_packets_do_not_pile_up_behind_an_incomplete_one() {
    let config = Config { max_packets: 100, ..Config::default() };
    let (mut rejoiner, now) = (Rejoiner::new(config), start());
    rejoiner.receive(now, &piece(0, 0, false, b"stuck"));
    for id in 1..1000 {
        rejoiner.receive(now, &piece(id, 0, false, b"a"));
        assert!(rejoiner.receive(now, &piece(id, 1, true, b"b")).is_some());
        assert!(rejoiner.order.len() <= 100);
    }
}

#[test]
fn noise_keeps_the_books_right() {
    let mut random = fastrand::Rng::with_seed(21);
    let config = Config { max_packets: 20, max_bytes: 2000, ..Config::default() };
    let mut rejoiner = Rejoiner::new(config);
    let mut now = start();
    for _ in 0..300_000 {
        now += millis(if random.u8(..200) == 0 { 600 } else { 1 });
        let len = [50, 200][random.usize(..2)];
        let mut payload = piece(random.u32(..30), random.u8(..10), random.u8(..4) == 0, &vec![0; len]);
        if random.u8(..20) == 0 {
            payload.truncate(random.usize(..5));
        }
        if let Some(packet) = rejoiner.receive(now, &payload) {
            assert!(packet.len() <= 200 * MAX_PIECES);
        }
        let held: usize = rejoiner.partials.values().map(|partial| partial.buffer.len()).sum();
        assert_eq!(rejoiner.bytes(), held);
        assert!(held <= 2000 && rejoiner.len() <= 20);
        assert_eq!(rejoiner.poll_timeout().is_some(), !rejoiner.is_empty());
    }
    let stats = rejoiner.stats();
    let all =
        [stats.rejoined, stats.duplicates, stats.malformed, stats.inconsistent, stats.expired, stats.evicted];
    assert!(all.iter().all(|&count| count > 100), "{stats:?}");
}
