//! Packets in pieces, and pieces that nobody sent.

use std::collections::VecDeque;
use std::time::Duration;

use tandem_engine::split::{Config, Rejoiner, Splitter};

use crate::input::Input;

/// Tight, so that inputs of a few bytes reach the bounds.
const BOUNDS: Config = Config { timeout: Duration::from_millis(500), max_packets: 4, max_bytes: 12_000 };
/// Most bytes of one packet.
const MAX_LEN: u16 = 9000;

/// Choices: which packets are cut, and what happens to which piece.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut world = World {
        now: crate::start(),
        splitter: Splitter::new(),
        rejoiner: Rejoiner::new(BOUNDS),
        packets: Vec::new(),
        on_the_way: VecDeque::new(),
        forged: false,
        rejoined: 0,
    };
    while !input.is_empty() {
        world.step(&mut input);
        assert!(world.rejoiner.bytes() <= BOUNDS.max_bytes);
        assert!(world.rejoiner.len() <= BOUNDS.max_packets);
        assert_eq!(world.rejoiner.stats().rejoined, world.rejoined);
        assert!(!world.rejoiner.is_empty() || world.rejoiner.bytes() == 0);
    }
    world.end();
}

struct World {
    now: std::time::Instant,
    splitter: Splitter,
    rejoiner: Rejoiner,
    packets: Vec<Vec<u8>>,
    on_the_way: VecDeque<Vec<u8>>,
    /// Whether a piece came that nobody sent: then what is rejoined can be anything, within bounds.
    forged: bool,
    rejoined: u64,
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 8 {
            0 => {
                let len = usize::from(input.u16() % (MAX_LEN + 1));
                self.send(len, usize::from(input.u16()));
            }
            1 => self.deliver(),
            2 => self.on_the_way.rotate_left(usize::from(!self.on_the_way.is_empty())),
            3 => self.on_the_way.extend(self.on_the_way.front().cloned()),
            4 => drop(self.on_the_way.pop_front()),
            5 => self.now += Duration::from_millis(input.u16().into()),
            6 => {
                self.forged = true;
                let piece = input.short();
                self.receive(piece);
            }
            _ => {
                self.rejoiner.handle_timeout(self.now);
                assert!(self.rejoiner.poll_timeout().is_none_or(|at| at > self.now));
            }
        }
    }

    /// Cuts a packet whose bytes tell it from every other.
    fn send(&mut self, len: usize, room: usize) {
        let number = self.packets.len() as u8;
        let packet: Vec<u8> = (0..len).map(|at| number ^ (at % 251) as u8).collect();
        let Ok(pieces) = self.splitter.split(&packet, room) else { return };
        assert_eq!(pieces.len(), pieces.clone().count());
        for piece in pieces {
            let mut datagram = Vec::new();
            piece.write(&mut datagram);
            assert_eq!(datagram.len(), piece.len());
            assert!(datagram.len() <= room);
            self.on_the_way.push_back(datagram);
        }
        self.packets.push(packet);
    }

    fn deliver(&mut self) {
        if let Some(piece) = self.on_the_way.pop_front() {
            self.receive(&piece);
        }
    }

    fn receive(&mut self, piece: &[u8]) {
        let Some(packet) = self.rejoiner.receive(self.now, piece) else { return };
        self.rejoined += 1;
        if !self.forged {
            assert!(self.packets.iter().any(|sent| sent[..] == packet[..]), "a packet that nobody sent");
        }
    }

    /// After all that, a packet whose pieces come in order is rejoined.
    fn end(&mut self) {
        self.on_the_way.clear();
        self.now += BOUNDS.timeout;
        self.rejoiner.handle_timeout(self.now);
        assert!(
            self.rejoiner.is_empty() && self.rejoiner.bytes() == 0 && self.rejoiner.poll_timeout().is_none()
        );
        let before = self.rejoined;
        self.send(1420, 1200);
        self.deliver();
        self.deliver();
        assert_eq!(self.rejoined, before + 1);
    }
}
