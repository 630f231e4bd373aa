use std::collections::VecDeque;

use super::*;
use crate::ip::testing::start;

fn queued(id: u32) -> Queued {
    Queued { packet: BytesMut::new(), flow_hash: id, enqueued: start() }
}

#[test]
fn queues_in_one_store_behave_like_queues_of_their_own() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut store = Store::default();
    let mut fifos = [Fifo::default(); 4];
    let mut models: [VecDeque<u32>; 4] = Default::default();
    for id in 0..20_000 {
        let which = random.usize(..4);
        if random.u8(..5) < 2 {
            store.push(&mut fifos[which], queued(id));
            models[which].push_back(id);
        } else {
            let got = store.pop(&mut fifos[which]).map(|queued| queued.flow_hash);
            assert_eq!(got, models[which].pop_front());
        }
    }
}

#[test]
fn memory_is_used_again() {
    let mut store = Store::default();
    let mut fifo = Fifo::default();
    for round in 0..1000 {
        for id in 0..10 {
            store.push(&mut fifo, queued(round * 10 + id));
        }
        while store.pop(&mut fifo).is_some() {}
    }
    assert_eq!(store.nodes.len(), 10);
}
