//! What the tunnel pays per packet, step by step and as a whole: time, and allocations, of which there should be few.
//!
//! `cargo bench -p tandem-engine --bench packets`. For 10 Gbit/s on one core, everything together may take 960 ns a
//! packet. Times depend on the machine and its mood; `instructions` beside this file counts what does not.

mod common;

use std::time::Duration;

use common::{MTU, start, tcp_v4, tcp_v6};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

mod ip {
    use super::*;
    use tandem_engine::fuzzing::Classes;
    use tandem_engine::ip::{FlowKey, FlowSeed, Header, ecn};

    #[divan::bench]
    fn parse_v4(bencher: Bencher<'_, '_>) {
        let packet = tcp_v4(1);
        bencher.bench_local(|| Header::parse(black_box(&packet)));
    }

    #[divan::bench(args = [0, 2])]
    fn parse_v6(bencher: Bencher<'_, '_>, extensions: usize) {
        let packet = tcp_v6(extensions);
        bencher.bench_local(|| Header::parse(black_box(&packet)));
    }

    #[divan::bench(args = [4, 6])]
    fn hash(bencher: Bencher<'_, '_>, version: u8) {
        let packet = if version == 4 { tcp_v4(1) } else { tcp_v6(0) };
        let seed = FlowSeed::new(&[7; 16]);
        let Ok(header) = Header::parse(&packet) else { return };
        bencher.bench_local(|| FlowKey::of(black_box(&header)).hash(&seed));
    }

    /// The class of a packet, among so many flows.
    #[divan::bench(args = [1, 500])]
    fn classify(bencher: Bencher<'_, '_>, flows: u16) {
        let packets: Vec<_> = (0..flows).map(tcp_v4).collect();
        let headers: Vec<_> = packets.iter().filter_map(|packet| Header::parse(packet).ok()).collect();
        let mut classes = Classes::default();
        let (mut now, mut next) = (start(), 0);
        bencher.bench_local(|| {
            now += Duration::from_micros(10);
            next = (next + 1) % packets.len();
            classes.of(now, &headers[next], black_box(&packets[next]))
        });
    }

    #[divan::bench]
    fn mark_ce(bencher: Bencher<'_, '_>) {
        let mut packet = tcp_v4(1);
        bencher.bench_local(|| ecn::mark_ce(black_box(&mut packet)));
    }
}

mod queue {
    use super::*;
    use tandem_engine::queue::{Config, FqCodel};

    /// One packet out and in again, with 32 packets of each flow waiting.
    #[divan::bench(args = [1, 16, 256])]
    fn pop_and_push(bencher: Bencher<'_, '_>, flows: u32) {
        let mut queue = FqCodel::new(Config::default());
        let mut now = start();
        for _ in 0..32 {
            for flow in 0..flows {
                queue.push(now, tcp_v4(flow as u16), flow);
            }
        }
        bencher.bench_local(|| {
            // At once, so that no delay stands and CoDel drops nothing.
            now += Duration::from_nanos(10);
            if let Some(queued) = queue.pop(now) {
                queue.push(now, queued.packet, queued.flow_hash);
            }
        });
    }

    /// Nothing waits: the price of a queue where none is needed.
    #[divan::bench]
    fn push_and_pop_when_empty(bencher: Bencher<'_, '_>) {
        let mut queue = FqCodel::new(Config::default());
        let now = start();
        let mut spare = Some(tcp_v4(1));
        bencher.bench_local(|| {
            if let Some(packet) = spare.take() {
                queue.push(now, packet, 1);
            }
            spare = queue.pop(now).map(|queued| queued.packet);
        });
    }

    /// A full queue: each packet in makes the largest flow lose one.
    #[divan::bench]
    fn push_when_full(bencher: Bencher<'_, '_>) {
        let mut queue = FqCodel::new(Config { limit_packets: 1000, ..Config::default() });
        let now = start();
        for packet in 0..1000 {
            queue.push(now, tcp_v4(1), packet % 100);
        }
        let mut flow = 0;
        bencher.with_inputs(|| tcp_v4(1)).bench_local_values(|packet| {
            flow = (flow + 1) % 100;
            queue.push(now, packet, flow);
        });
    }
}

mod split {
    use super::*;
    use tandem_engine::split::{Config, Rejoiner, Splitter};

    const ROOM: usize = 1200;

    #[divan::bench]
    fn split(bencher: Bencher<'_, '_>) {
        let packet = tcp_v4(1);
        let mut splitter = Splitter::new();
        let mut datagram = Vec::with_capacity(ROOM);
        bencher.counter(BytesCount::new(MTU)).bench_local(|| {
            for piece in splitter.split(black_box(&packet), ROOM).into_iter().flatten() {
                datagram.clear();
                piece.write(&mut datagram);
                black_box(&datagram);
            }
        });
    }

    #[divan::bench(args = [false, true])]
    fn split_and_rejoin(bencher: Bencher<'_, '_>, reversed: bool) {
        let packet = tcp_v4(1);
        let mut splitter = Splitter::new();
        let mut rejoiner = Rejoiner::new(Config::default());
        let now = start();
        let mut datagrams = [const { Vec::new() }; 2];
        bencher.counter(BytesCount::new(MTU)).bench_local(|| {
            let pieces = splitter.split(black_box(&packet), ROOM).into_iter().flatten();
            for (piece, datagram) in pieces.zip(&mut datagrams) {
                datagram.clear();
                piece.write(datagram);
            }
            if reversed {
                datagrams.reverse();
            }
            let mut packets = datagrams.iter().filter_map(|datagram| rejoiner.receive(now, datagram));
            packets.next()
        });
    }
}

mod path {
    use super::*;
    use tandem_engine::fuzzing::{GateStep, Lanes, Paths};

    /// Which path, of some that fill up and are emptied.
    #[divan::bench(args = [1, 2, 5])]
    fn choose(bencher: Bencher<'_, '_>, paths: u32) {
        let mut paths = Paths::new(paths);
        bencher.bench_local(|| {
            let choice = paths.choose(black_box(MTU));
            if choice.is_none() {
                paths.drain();
            }
            choice
        });
    }

    /// One packet through a gate and its fate back.
    #[divan::bench]
    fn gate(bencher: Bencher<'_, '_>) {
        let Some(mut gate) = GateStep::new(start()) else { return };
        bencher.bench_local(|| gate.pass());
    }

    /// A place for a packet, and its turn at the other end.
    #[divan::bench]
    fn resequence(bencher: Bencher<'_, '_>) {
        let mut lanes = Lanes::default();
        let (now, packet) = (start(), tcp_v4(1).freeze());
        bencher.bench_local(|| lanes.pass(now, black_box(7), packet.clone()));
    }

    /// Two packets, of which the first waits for the second.
    #[divan::bench]
    fn resequence_swapped(bencher: Bencher<'_, '_>) {
        let mut lanes = Lanes::default();
        let (now, packet) = (start(), tcp_v4(1).freeze());
        bencher.bench_local(|| lanes.pass_swapped(now, black_box(7), [packet.clone(), packet.clone()]));
    }
}

mod tunnel {
    use std::cell::RefCell;

    use super::*;
    use common::{Stream, tunnel};
    use tandem_engine::fuzzing::End;

    /// From a packet to a datagram, or to two if it is longer than the path's datagrams.
    #[divan::bench(args = [1200, 2000])]
    fn encode(bencher: Bencher<'_, '_>, len: usize) {
        let mut pair = tunnel(1);
        let mut packet = tcp_v4(1);
        packet.resize(len, 0);
        let packet = packet.freeze();
        bencher.counter(BytesCount::new(len)).bench_local(|| pair.encode_only(packet.clone()));
    }

    /// And back.
    #[divan::bench]
    fn decode(bencher: Bencher<'_, '_>) {
        let pair = RefCell::new(tunnel(1));
        let packet = tcp_v4(1).split_to(1200).freeze();
        bencher
            .counter(BytesCount::new(packet.len()))
            .with_inputs(|| pair.borrow_mut().encoded(packet.clone()))
            .bench_local_values(|datagrams| {
                let mut pair = pair.borrow_mut();
                datagrams.iter().filter_map(|datagram| pair.decode_only(datagram)).last()
            });
    }

    /// A packet from one host to the other: both ends, encryption and acknowledgements included.
    #[divan::bench(args = [1, 2])]
    fn up(bencher: Bencher<'_, '_>, paths: usize) {
        let mut stream = Stream::new(End::Client, paths);
        bencher.counter(BytesCount::new(MTU * Stream::BATCH)).bench_local(|| stream.pass_batch());
    }

    /// The other way.
    #[divan::bench]
    fn down(bencher: Bencher<'_, '_>) {
        let mut stream = Stream::new(End::Gateway, 1);
        bencher.counter(BytesCount::new(MTU * Stream::BATCH)).bench_local(|| stream.pass_batch());
    }
}
