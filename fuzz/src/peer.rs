//! A peer that holds a valid key and breaks every rule above QUIC: any bytes on any stream, any datagram.
//!
//! The other end may close the connection, but it stays whole: a new one works, only leased addresses come out of the
//! gateway and only assigned ones enter the client's host, and what is held for the peer has bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tandem_engine::fuzzing::{End, Pair};
use tandem_engine::ip::Header;

use crate::input::Input;

/// Steps of one input.
const MAX_STEPS: usize = 100;

/// Choices: which end breaks rules, and what it sends.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let bad = if input.flag() { End::Gateway } else { End::Client };
    let mut pair = Pair::new(crate::start(), 1).expect("a client and a gateway");
    assert!(pair.establish(), "a tunnel over a perfect network");
    for _ in 0..MAX_STEPS {
        if input.is_empty() {
            break;
        }
        step(&mut pair, bad, &mut input);
        check(&mut pair);
    }
    works_again(&mut pair);
}

fn step(pair: &mut Pair, bad: End, input: &mut Input<'_>) {
    let choice = input.byte();
    match choice % 7 {
        0 | 1 => {
            let bytes = Bytes::copy_from_slice(if choice & 0x80 == 0 { input.short() } else { input.long() });
            pair.send_raw_datagram(bad, bytes);
            pair.exchange();
        }
        2 | 3 => {
            let stream = u64::from(input.byte());
            let bytes = Bytes::copy_from_slice(if choice & 0x80 == 0 { input.short() } else { input.long() });
            // On the other end's unidirectional streams nobody but that end writes, QUIC sees to it.
            let is_own = (stream & 1 == 0) == (bad == End::Client);
            if is_own || stream & 2 == 0 {
                pair.send_raw_stream(bad, stream, bytes, choice % 7 == 3);
            }
        }
        4 => {
            // Any packet from either host: what is not one goes no further.
            let bytes = if choice & 0x80 == 0 { input.short() } else { input.long() };
            pair.client.handle_packet(pair.now, BytesMut::from(bytes));
            pair.gateway.handle_packet(pair.now, BytesMut::from(bytes));
        }
        5 => pair.exchange(),
        _ => {
            pair.exchange();
            pair.advance(Duration::from_millis(1 << (input.byte() % 12)));
        }
    }
}

fn check(pair: &mut Pair) {
    while let Some(packet) = pair.gateway.poll_packet() {
        let header = Header::parse(&packet).expect("only packets reach the host");
        let gateway = [10, 77, 0, 1].into();
        assert!(
            [Pair::CLIENT, Pair::CLIENT_V6, gateway].contains(&header.src),
            "a packet from {}, which nobody was leased",
            header.src
        );
    }
    while let Some(packet) = pair.client.poll_packet() {
        assert!(Header::parse(&packet).is_ok(), "only packets reach the host");
    }
    while pair.client.poll_event().is_some() {}
    assert!(pair.gateway.connections() <= 4, "{} connections of one peer", pair.gateway.connections());
}

/// After that, this very gateway and this very client can still make a tunnel.
fn works_again(pair: &mut Pair) {
    pair.exchange();
    pair.client.disconnect(pair.now);
    // Closing takes three probe timeouts (RFC 9000 §10.2).
    for _ in 0..40 {
        pair.exchange();
        pair.advance(Duration::from_millis(100));
    }
    check(pair);
    assert!(pair.establish(), "no tunnel after a peer broke rules");
}
