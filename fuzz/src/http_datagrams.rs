//! What stands before the payload of a datagram, what one says of a path, and the header fields that agree on its contexts.

use bytes::{Bytes, BytesMut};
use tandem_engine::h3::Headers;
use tandem_engine::masque::connect_ip::{self, Scope};
use tandem_engine::masque::datagram::{self, MAX_QUARTER_STREAM_ID};
use tandem_engine::masque::extension::{Contexts, FIELD};
use tandem_engine::path::Account;

use crate::input::Input;

/// The first byte says what the rest is: a datagram, a list of contexts, or a request's path.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 3 {
        0 => header(&Bytes::copy_from_slice(input.rest())),
        1 => contexts(input),
        _ => request(input),
    }
}

fn header(bytes: &Bytes) {
    if let Some((context, payload)) = datagram::parse_payload(bytes) {
        assert!(bytes.ends_with(&payload) && payload.len() < bytes.len());
        let _ = context;
    }
    let Ok(parsed) = datagram::parse(bytes) else { return };
    assert!(parsed.quarter <= MAX_QUARTER_STREAM_ID);
    assert_eq!(datagram::quarter_stream_id(parsed.quarter << 2), parsed.quarter);
    let Some((context, payload)) = &parsed.content else { return };
    account(payload);
    let mut again = BytesMut::new();
    datagram::encode_header(&mut again, parsed.quarter, *context);
    assert_eq!(again.len(), datagram::header_len(parsed.quarter, *context));
    again.extend_from_slice(payload);
    assert!(again.len() <= bytes.len());
    assert_eq!(datagram::parse(&again.freeze()), Ok(parsed));
}

/// What a peer says of a path is kept as it is, so it has to fit every unit in which it is shown.
fn account(payload: &[u8]) {
    let Some(account) = Account::decode(payload) else { return };
    assert!((0.0..=1.0).contains(&account.loss));
    for time in [Some(account.rtt), Some(account.rtt_min), account.delay_difference].into_iter().flatten() {
        assert!(u64::try_from(time.as_micros()).is_ok(), "{time:?}");
    }
    let mut again = Vec::new();
    account.encode(&mut again);
    assert!(again.len() <= payload.len().min(Account::MAX_LEN), "the shortest form of the same");
    assert_eq!(Account::decode(&again), Some(account));
}

fn contexts(mut input: Input<'_>) {
    // Values may be spread over several fields (RFC 9110 §5.3).
    let first = input.short().to_vec();
    let message = |value: Vec<u8>| Headers::default().with(FIELD, value);
    let offer = Contexts::from_headers(&message(first).with(FIELD, input.rest().to_vec()));
    let shown = offer.to_string();
    assert_eq!(Contexts::from_headers(&message(shown.clone().into_bytes())), offer, "{shown}");
    let names = ["seq", "split"];
    let agreed = offer.clone().accept(&names);
    for name in names {
        assert_eq!(agreed.id(name), offer.id(name));
        // The client allocates, and 0 is that of plain packets.
        assert!(offer.id(name).is_none_or(|id| id != 0 && id.is_multiple_of(2)));
    }
    assert_eq!(offer.clone().confirm(&agreed), agreed);
    assert!(Contexts::default().confirm(&offer).is_empty());
}

fn request(mut input: Input<'_>) {
    let wildcard = input.flag();
    let path = input.rest().to_vec();
    let headers =
        Headers::request("CONNECT", "https", "x", path.clone()).with(":protocol", connect_ip::PROTOCOL);
    let scope = connect_ip::scope_of(&headers);
    if scope.is_some() {
        assert!(path.starts_with(b"/.well-known/masque/ip/") && path.ends_with(b"/"));
    }
    if wildcard && path == connect_ip::PATH.as_bytes() {
        assert_eq!(scope, Some(Scope::Any));
    }
    let other = Headers::request("GET", "https", "x", path);
    assert_eq!(connect_ip::scope_of(&other), None);
    assert!(!connect_ip::is_granted(&other));
}
