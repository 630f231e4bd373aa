//! What the tunnel pays per packet, outside QUIC: time, and allocations, of which there should be few.
//!
//! `cargo bench -p tandem-engine`. For 10 Gbit/s on one core, everything together may take 960 ns a packet.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

/// Length of a full packet in bytes.
const MTU: usize = 1420;

/// A full TCP packet over IPv4, ECT(0), of a flow that `port` tells apart.
fn tcp_v4(port: u16) -> BytesMut {
    let mut packet = BytesMut::zeroed(MTU);
    packet[..4].copy_from_slice(&[0x45, 2, (MTU >> 8) as u8, MTU as u8]);
    packet[6..10].copy_from_slice(&[0x40, 0, 64, 6]);
    packet[12..20].copy_from_slice(&[10, 77, 0, 2, 192, 0, 2, 9]);
    packet[20..22].copy_from_slice(&port.to_be_bytes());
    packet
}

/// The same over IPv6, behind `extensions` headers of destination options.
fn tcp_v6(extensions: usize) -> BytesMut {
    let mut packet = BytesMut::zeroed(MTU);
    packet[0] = 0x60;
    packet[4..6].copy_from_slice(&((MTU - 40) as u16).to_be_bytes());
    packet[6] = if extensions == 0 { 6 } else { 60 };
    packet[8] = 0xfd;
    packet[24] = 0x20;
    for extension in 0..extensions {
        packet[40 + extension * 8] = if extension + 1 == extensions { 6 } else { 60 };
    }
    packet
}

#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
fn start() -> Instant {
    Instant::now()
}

mod ip {
    use super::*;
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
