use std::sync::LazyLock;

use super::*;
use crate::class::Class;
use crate::lane::Sequencer;
use crate::quic::Datagram;

fn at(ms: u64) -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(crate::testing::start);
    *START + Duration::from_millis(ms)
}

#[test]
fn a_rate_is_of_the_last_two_intervals() {
    let mut meter = Meter::new(at(0));
    let rate = |meter: &Meter, ms, tx| meter.rate(at(ms), meter.lately(Bytes { tx, rx: 0 }).tx);
    assert_eq!(rate(&meter, 0, 0), 0, "no time has passed");
    assert_eq!(rate(&meter, 500, 1000), 2000);
    meter.roll(at(1000), Bytes { tx: 2000, rx: 0 });
    assert_eq!(rate(&meter, 1000, 2000), 2000, "from the beginning");
    meter.roll(at(2000), Bytes { tx: 2000, rx: 0 });
    assert_eq!(rate(&meter, 2000, 2000), 0, "the first second no longer counts");
    assert_eq!(rate(&meter, 3000, 8000), 3000);
}

fn again() -> Outgoing {
    Outgoing::Again(Datagram::new(at(0), bytes::Bytes::from_static(b"lost")))
}

#[test]
fn what_was_sent_again_is_counted_and_a_report_is_not() {
    let mut tally = Tally::default();
    tally.note(at(0), &Outgoing::Report(bytes::Bytes::new()));
    assert_eq!((tally.retransmitted, tally.sent_lately(at(0))), (0, false));
    tally.note(at(0), &again());
    tally.note(at(0), &again());
    assert_eq!((tally.retransmitted, tally.sent_lately(at(0))), (2, true));
}

#[test]
fn what_was_sent_is_of_late_for_two_seconds() {
    let mut tally = Tally::default();
    assert!(!tally.sent_lately(at(0)));
    let place = Sequencer::default().place(0, Class::default());
    tally.note(at(0), &Outgoing::Packet { packet: bytes::Bytes::new(), place, twin: None });
    assert!(tally.sent_lately(at(1999)));
    assert!(!tally.sent_lately(at(2000)));
}
