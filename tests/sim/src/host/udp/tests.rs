use super::*;
use crate::world::{client_inner, server_inner};

const MS: Duration = Duration::from_millis(1);

fn arrive(sink: &mut Sink, at: Instant, number: u64) {
    sink.handle_packet(at, &datagram((client_inner(), 1), (server_inner(), 2), 100, number));
}

#[test]
fn a_source_sends_at_its_interval_until_its_end() {
    let start = Instant::now();
    let ends = (start, start + 10 * MS);
    let mut source = Source::new((client_inner(), 1), (server_inner(), 2), 100, 3 * MS, ends);
    let mut sent = Vec::new();
    while let Some(at) = source.poll_timeout() {
        while let Some(packet) = source.poll_packet(at) {
            sent.push((at - start, number(&packet).unwrap()));
        }
    }
    assert_eq!(sent, [(Duration::ZERO, 0), (3 * MS, 1), (6 * MS, 2), (9 * MS, 3)]);
}

#[test]
fn a_sink_knows_how_late_a_latecomer_is() {
    let start = Instant::now();
    let mut sink = Sink::default();
    for (at, number) in [(0, 0), (1, 2), (2, 4), (9, 3), (10, 1)] {
        arrive(&mut sink, start + at * MS, number);
    }
    assert_eq!(sink.reordered, 2);
    assert_eq!(sink.latest, 9 * MS, "1 was overtaken by 2, 9 ms before it came");
}

#[test]
fn a_pause_counts_from_the_beginning_and_to_the_end() {
    let start = Instant::now();
    let mut sink = Sink::default();
    arrive(&mut sink, start + 4 * MS, 0);
    arrive(&mut sink, start + 6 * MS, 1);
    assert_eq!(sink.longest_pause(start, start + 9 * MS), 4 * MS);
    assert_eq!(sink.longest_pause(start, start + 20 * MS), 14 * MS);
}
