use super::*;

fn lengths(packet: usize, room: usize) -> Vec<usize> {
    let packet = vec![0; packet];
    Splitter::new().split(&packet, room).unwrap().map(|piece| piece.len()).collect()
}

#[test]
fn pieces_are_few_and_even() {
    assert_eq!(lengths(1420, 1200), [714, 714]);
    assert_eq!(lengths(1421, 1200), [715, 714]);
    assert_eq!(lengths(2393, 1200), [802, 802, 801]);
}

#[test]
fn what_fits_is_one_piece() {
    assert_eq!(lengths(1196, 1200), [1200]);
    assert_eq!(lengths(1197, 1200), [603, 602]);
    assert_eq!(lengths(1, 5), [5]);
    assert_eq!(lengths(1420, usize::MAX), [1424]);
}

#[test]
fn nothing_has_no_pieces() {
    assert_eq!(lengths(0, 100), []);
}

#[test]
fn too_little_room_is_an_error_that_says_so() {
    assert_eq!(lengths(800, 104).len(), MAX_PIECES);
    let error = Splitter::new().split(&[0; 801], 104).unwrap_err();
    assert_eq!(error.to_string(), "801 bytes do not fit into 8 pieces of 104 bytes each, headers included");
    for room in 0..=HEADER_LEN {
        assert!(Splitter::new().split(&[0; 10], room).is_err());
    }
}

#[test]
fn every_room_is_kept_and_every_byte_sent() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut splitter = Splitter::new();
    for _ in 0..20_000 {
        let (len, room) = (random.usize(1..3000), random.usize(5..1500));
        let packet: Vec<u8> = (0..len).map(|at| at as u8).collect();
        let Ok(pieces) = splitter.split(&packet, room) else { continue };
        assert_eq!(pieces.len(), len.div_ceil(room - HEADER_LEN));
        let mut sent: Vec<u8> = Vec::new();
        for (index, piece) in pieces.clone().enumerate() {
            assert!(piece.len() <= room);
            let (header, bytes) =
                (Header::decode(&[&piece.header, piece.bytes].concat()).unwrap().0, piece.bytes);
            assert_eq!(usize::from(header.index), index);
            assert_eq!(header.last, index + 1 == pieces.len());
            sent.extend(bytes);
        }
        assert_eq!(sent, packet);
    }
}

#[test]
fn identifiers_wrap() {
    let mut splitter = Splitter { next_id: ID_MODULUS - 1 };
    let ids: Vec<_> = (0..3).map(|_| splitter.split(&[1], 100).unwrap().id).collect();
    assert_eq!(ids, [ID_MODULUS - 1, 0, 1]);
}
