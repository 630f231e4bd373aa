use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::UdpSocket;
use std::sync::mpsc as channel;

use bytes::{Bytes, BytesMut};
use tandem_engine::gateway::Worker;
use tandem_engine::link::{Arrival, LinkId, Transmit};

use super::*;

/// Takes as long for its first datagram as it is told to, and tells when each came.
struct Slow {
    busy: channel::Sender<()>,
    go_on: channel::Receiver<()>,
    first: bool,
    arrived: VecDeque<(Instant, Bytes)>,
}

impl Engine for Slow {
    type Event = (Instant, Bytes);
    type Handover = Infallible;

    fn handle_udp(&mut self, now: Instant, _: &Arrival, data: BytesMut) {
        self.arrived.push_back((now, data.freeze()));
        if std::mem::take(&mut self.first) {
            self.busy.send(()).unwrap();
            self.go_on.recv().unwrap();
        }
    }

    fn handle_packet(&mut self, _: Instant, _: BytesMut) {}

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_transmit(&mut self, _: Instant, _: NonZeroUsize, _: &mut Vec<u8>) -> Option<Transmit> {
        None
    }

    fn poll_packet(&mut self) -> Option<Bytes> {
        None
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.arrived.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn poll_handover(&mut self) -> Option<(u8, Infallible)> {
        None
    }

    fn take_over(&mut self, _: Instant, _: u8, handover: Infallible) {
        match handover {}
    }

    fn may_be_lost(handover: &Infallible) -> bool {
        match *handover {}
    }
}

#[tokio::test]
async fn a_datagram_is_never_taken_to_have_come_before_it_was_sent() {
    let (busy, is_busy) = channel::channel();
    let (go_on, may_go_on) = channel::channel();
    let engine = Slow { busy, go_on: may_go_on, first: true, arrived: VecDeque::new() };
    let (_jobs, jobs) = mpsc::unbounded_channel();
    let (events, mut arrived) = mpsc::unbounded_channel();
    let mut turning = EventLoop::new(engine, None, jobs, events).unwrap();
    let address = turning.ports.listen(LinkId(0), ([127, 0, 0, 1], 0).into(), Worker::ALONE).unwrap();
    let turning = tokio::spawn(turning.run());

    let sender = std::thread::spawn(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"first", address).unwrap();
        // The second one comes in the turn that the first one has begun.
        is_busy.recv().unwrap();
        let sent = Instant::now();
        socket.send_to(b"second", address).unwrap();
        go_on.send(()).unwrap();
        sent
    });
    let (_, first) = arrived.recv().await.unwrap();
    let (came, second) = arrived.recv().await.unwrap();
    assert_eq!((&first[..], &second[..]), (&b"first"[..], &b"second"[..]));
    let sent = sender.join().unwrap();
    assert!(came >= sent, "came {:?} before it was sent", sent - came);
    turning.abort();
}
