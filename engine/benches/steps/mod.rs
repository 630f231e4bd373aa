//! The steps of a packet's way, each alone, and the whole way.

use std::hint::black_box;
use std::time::Duration;

use tandem_engine::class::Class;
use tandem_engine::fuzzing::{Classes, End, GateStep, Lanes, Paths};
use tandem_engine::ip::{FlowKey, FlowSeed, Header};
use tandem_engine::queue::{ClassQueue, Config};
use tandem_engine::split::{self, Rejoiner, Splitter};

use crate::common::{MTU, Stream, start, tcp_v4, tcp_v6, tunnel};

/// One step.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Packets to measure it with: enough that its own start does not show.
    pub(crate) packets: u64,
    /// Lets so many packets take it.
    pub(crate) run: fn(u64),
}

/// Bytes of a packet that fits one datagram of any path. What glibc pays for a buffer of more than 1032 bytes depends
/// on all that was freed before, and differs from run to run.
const SHORT: usize = 1000;
/// Room that a path leaves to a piece.
const ROOM: usize = 1200;
/// Bytes of one that fits two.
const LONG: usize = 2000;

pub(crate) const STEPS: &[Step] = &[
    Step { name: "parse IPv4", packets: 20_000, run: |packets| parse(packets, &tcp_v4(1)) },
    Step { name: "parse IPv6", packets: 20_000, run: |packets| parse(packets, &tcp_v6(0)) },
    Step { name: "flow hash", packets: 20_000, run: flow_hash },
    Step { name: "classify", packets: 20_000, run: |packets| classify(packets, 1) },
    Step { name: "classify, 500 flows", packets: 20_000, run: |packets| classify(packets, 500) },
    Step { name: "enqueue and dequeue", packets: 20_000, run: queue },
    Step { name: "choose of 2 paths", packets: 20_000, run: |packets| choose(packets, 2) },
    Step { name: "choose of 5 paths", packets: 20_000, run: |packets| choose(packets, 5) },
    Step { name: "gate", packets: 20_000, run: gate },
    Step { name: "encode", packets: 10_000, run: |packets| encode(packets, SHORT) },
    Step { name: "encode in 2 pieces", packets: 10_000, run: |packets| encode(packets, LONG) },
    Step { name: "encode and decode", packets: 10_000, run: encode_and_decode },
    Step { name: "resequence", packets: 20_000, run: resequence },
    Step { name: "split and rejoin", packets: 10_000, run: split_and_rejoin },
    Step { name: "tunnel up", packets: 6400, run: |packets| stream(packets, End::Client, 1) },
    Step { name: "tunnel up, 2 paths", packets: 6400, run: |packets| stream(packets, End::Client, 2) },
    Step { name: "tunnel down", packets: 6400, run: |packets| stream(packets, End::Gateway, 1) },
];

/// What callgrind counts: it begins when this is entered, and ends when this is left. The rest, such as gathering
/// entropy for a handshake, takes what the clock makes it take.
#[inline(never)]
fn measured(times: u64, step: &mut dyn FnMut()) {
    for _ in 0..times {
        step();
    }
}

fn parse(packets: u64, packet: &[u8]) {
    measured(packets, &mut || {
        black_box(Header::parse(black_box(packet)).is_ok());
    });
}

fn flow_hash(packets: u64) {
    let packet = tcp_v4(1);
    let seed = FlowSeed::new(&[7; 16]);
    let Ok(header) = Header::parse(&packet) else { return };
    measured(packets, &mut || {
        black_box(FlowKey::of(black_box(&header)).hash(&seed));
    });
}

fn classify(packets: u64, flows: u16) {
    let all: Vec<_> = (0..flows).map(tcp_v4).collect();
    let parsed: Vec<_> =
        all.iter().filter_map(|packet| Some((Header::parse(packet).ok()?, packet))).collect();
    let mut classes = Classes::default();
    let mut now = start();
    let mut next = 0;
    measured(packets, &mut || {
        now += Duration::from_micros(10);
        next = (next + 1) % parsed.len();
        let (header, packet) = &parsed[next];
        black_box(classes.of(now, header, packet));
    });
}

fn queue(packets: u64) {
    let mut queue = ClassQueue::new(Config::default());
    let mut now = start();
    for flow in 0..512 {
        let class = Class::ALL[usize::from(flow % 4)];
        queue.push(now, tcp_v4(flow), u32::from(flow) % 16, class, class);
    }
    measured(packets, &mut || {
        now += Duration::from_nanos(10);
        if let Some((class, queued)) = queue.pop(now) {
            queue.push(now, queued.packet, queued.flow_hash, class, class);
        }
    });
}

fn choose(packets: u64, paths: u32) {
    let mut paths = Paths::new(paths);
    measured(packets, &mut || {
        if paths.choose(black_box(MTU)).is_none() {
            paths.drain();
        }
    });
}

fn gate(packets: u64) {
    let Some(mut gate) = GateStep::new(start()) else { return };
    measured(packets, &mut || {
        black_box(gate.pass());
    });
}

fn encode(packets: u64, len: usize) {
    let mut pair = tunnel(1);
    let mut packet = tcp_v4(1);
    packet.resize(len, 0);
    let packet = packet.freeze();
    measured(packets, &mut || {
        black_box(pair.encode_only(packet.clone()));
    });
}

fn encode_and_decode(packets: u64) {
    let mut pair = tunnel(1);
    let packet = tcp_v4(1).split_to(SHORT).freeze();
    measured(packets, &mut || {
        for datagram in pair.encoded(packet.clone()) {
            black_box(pair.decode_only(&datagram));
        }
    });
}

fn resequence(packets: u64) {
    let mut lanes = Lanes::default();
    let (now, packet) = (start(), tcp_v4(1).freeze());
    measured(packets, &mut || {
        black_box(lanes.pass(now, 7, packet.clone()));
    });
}

fn split_and_rejoin(packets: u64) {
    let packet = tcp_v4(1);
    let mut splitter = Splitter::new();
    let mut rejoiner = Rejoiner::new(split::Config::default());
    let now = start();
    let mut datagram = Vec::with_capacity(MTU);
    measured(packets, &mut || {
        for piece in splitter.split(black_box(&packet), ROOM).into_iter().flatten() {
            datagram.clear();
            piece.write(&mut datagram);
            black_box(rejoiner.receive(now, &datagram));
        }
    });
}

fn stream(packets: u64, from: End, links: usize) {
    let mut stream = Stream::new(from, links);
    measured(packets / Stream::BATCH as u64, &mut || stream.pass_batch());
}
