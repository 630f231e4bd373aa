//! Capsules, and what those of CONNECT-IP say.

use bytes::Bytes;
use tandem_engine::masque::capsule::{self, Decoder, Error, MAX_VALUE, RawCapsule};
use tandem_engine::masque::connect_ip::{Address, AddressRange, Capsule, Prefix, routes};

use crate::input::Input;

/// The first byte is the length of the pieces that the rest is cut into.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let piece = usize::from(input.byte()) + 1;
    let bytes = input.rest();
    let whole = decode(bytes, usize::MAX);
    assert_eq!(whole, decode(bytes, piece), "cut into pieces of {piece}");
    for raw in whole.0 {
        check(raw);
    }
}

/// The capsules, and whether the stream may end here.
fn decode(bytes: &[u8], piece: usize) -> (Vec<RawCapsule>, Result<(), Error>) {
    let mut decoder = Decoder::default();
    let mut capsules = Vec::new();
    for mut chunk in bytes.chunks(piece.min(bytes.len().max(1))) {
        loop {
            match decoder.decode(&mut chunk) {
                Ok(Some(capsule)) => capsules.push(capsule),
                Ok(None) => break,
                Err(error) => return (capsules, Err(error)),
            }
        }
        assert!(chunk.is_empty(), "a decoder that wants more has taken all");
    }
    let end = decoder.finish();
    (capsules, end)
}

fn check(raw: RawCapsule) {
    assert!(raw.value.len() <= MAX_VALUE);
    let encoded = capsule::encode(raw.kind, &raw.value);
    assert_eq!(decode(&encoded, usize::MAX), (vec![raw.clone()], Ok(())));
    let Ok(Some(capsule)) = Capsule::decode(raw) else { return };
    match &capsule {
        Capsule::AddressAssign(addresses) => {
            addresses.iter().for_each(address);
            advertised(addresses.iter().map(|address| address.prefix).collect());
        }
        Capsule::AddressRequest(addresses) => {
            assert!(!addresses.is_empty());
            addresses.iter().for_each(address);
        }
        Capsule::RouteAdvertisement(ranges) => {
            for range in ranges {
                assert!(range.start() <= range.end());
                assert_eq!(AddressRange::new(range.start(), range.end(), range.protocol()), Some(*range));
            }
        }
        Capsule::Datagram(_) => {}
    }
    assert_eq!(read_again(&capsule.encode()).as_ref(), Some(&capsule));
}

fn read_again(encoded: &Bytes) -> Option<Capsule> {
    let (mut capsules, end) = decode(encoded, usize::MAX);
    assert_eq!(end, Ok(()));
    Capsule::decode(capsules.pop()?).ok()?
}

fn address(address: &Address) {
    let prefix = address.prefix;
    assert!(prefix.contains(prefix.address()) && prefix.contains(prefix.last()));
    assert_eq!(Prefix::new(prefix.address(), prefix.length()), Some(prefix));
}

/// Whatever prefixes there are, the ranges that cover them are ones that a peer accepts.
fn advertised(prefixes: Vec<Prefix>) {
    let ranges = routes(prefixes.iter().copied());
    for prefix in &prefixes {
        let covers = |range: &AddressRange| range.start() <= prefix.address() && prefix.last() <= range.end();
        assert!(ranges.iter().any(covers), "{prefix} is left out");
    }
    let capsule = Capsule::RouteAdvertisement(ranges);
    let encoded = capsule.encode();
    // Ranges are longer than prefixes: a list of them can be too long for one capsule.
    if encoded.len() <= MAX_VALUE {
        assert_eq!(read_again(&encoded), Some(capsule));
    }
}
