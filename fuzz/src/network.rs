//! A client and a gateway, and a network in the hands of somebody who means harm: everything between them can be
//! lost, copied, held back, changed and made up, links and addresses change, the gateway forgets.
//!
//! Whatever happened, nothing comes out of the tunnel that did not go in, and once the network behaves again the tunnel
//! stands again.

use std::time::Duration;

use bytes::Bytes;
use tandem_engine::fuzzing::{Datagram, End, Pair};
use tandem_engine::link::LinkId;

use crate::input::Input;
use crate::packet;

const LINKS: usize = 2;
/// Steps of one input: each may cost as much as a packet's encryption.
const MAX_STEPS: usize = 200;
/// Virtual time within which a working network has to bring the tunnel back: the connection's idle timeout (30 s), and
/// twice the longest pause between attempts (30 s).
const RECOVERY: Duration = Duration::from_secs(95);

/// Choices: what happens next.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut pair = Pair::new(crate::start(), LINKS).expect("a client and a gateway");
    (0..LINKS).for_each(|link| pair.link_up(link));
    pair.client.connect(pair.now);
    let mut world = World { pair, sent: 0 };
    for _ in 0..MAX_STEPS {
        if input.is_empty() {
            break;
        }
        world.step(&mut input);
        world.check_packets();
    }
    world.recover();
}

struct World {
    pair: Pair,
    /// Packets that went into the tunnel so far; each bears its number.
    sent: u32,
}

impl World {
    fn step(&mut self, input: &mut Input<'_>) {
        let choice = input.byte();
        // The high bit chooses the direction.
        let to = if choice & 0x80 == 0 { End::Gateway } else { End::Client };
        let pair = &mut self.pair;
        let queue = match to {
            End::Gateway => &mut pair.to_gateway,
            End::Client => &mut pair.to_client,
        };
        match choice % 19 {
            0 => pair.exchange(),
            1 => pair.collect(),
            2 | 3 => {
                if let Some(datagram) = queue.pop_front() {
                    pair.deliver(to, &datagram);
                }
            }
            4 => drop(queue.pop_front()),
            5 => queue.extend(queue.front().cloned()),
            6 => queue.rotate_left(usize::from(!queue.is_empty())),
            7 => self.corrupt(to, input),
            8 => self.forge(to, input),
            9 => pair.advance(Duration::from_millis(1 << (input.byte() % 16))),
            10 => {
                let deadline = pair.deadline().unwrap_or(pair.now);
                pair.advance(deadline.saturating_duration_since(pair.now));
            }
            11 | 12 => self.send(to, usize::from(input.u16() % 1600)),
            13 => pair.client.link_down(pair.now, LinkId(u32::from(input.byte()) % LINKS as u32)),
            14 => pair.link_up(usize::from(input.byte()) % LINKS),
            15 => {
                // A NAT forgets its mapping.
                let link = usize::from(input.byte()) % LINKS;
                let port = pair.remotes[link].port();
                pair.remotes[link].set_port(port.wrapping_add(LINKS as u16).max(1));
            }
            16 => pair.restart_gateway().expect("a gateway"),
            17 => pair.client.disconnect(pair.now),
            _ => pair.client.connect(pair.now),
        }
    }

    fn corrupt(&mut self, to: End, input: &mut Input<'_>) {
        let queue = match to {
            End::Gateway => &mut self.pair.to_gateway,
            End::Client => &mut self.pair.to_client,
        };
        let Some(datagram) = queue.front_mut() else { return };
        let mut data = datagram.data.to_vec();
        let place = usize::from(input.u16()) % data.len().max(1);
        match input.byte() {
            0 => data.truncate(place),
            change => {
                if let Some(byte) = data.get_mut(place) {
                    *byte ^= change;
                }
            }
        }
        datagram.data = Bytes::from(data);
    }

    fn forge(&mut self, to: End, input: &mut Input<'_>) {
        let link = usize::from(input.byte()) % LINKS;
        let data = Bytes::copy_from_slice(input.long());
        self.pair.deliver(to, &Datagram { link, data, ecn: None });
    }

    fn send(&mut self, to: End, len: usize) {
        let outward = to == End::Gateway;
        let packet = packet::numbered(outward, len, self.sent);
        self.sent += 1;
        match to {
            End::Gateway => self.pair.client.handle_packet(self.pair.now, packet),
            End::Client => self.pair.gateway.handle_packet(self.pair.now, packet),
        }
    }

    /// What comes out went in, or is an ICMP error.
    fn check_packets(&mut self) {
        while let Some(bytes) = self.pair.gateway.poll_packet() {
            assert!(packet::is_error(&bytes) || packet::is_numbered(&bytes, true, self.sent), "{bytes:?}");
        }
        while let Some(bytes) = self.pair.client.poll_packet() {
            assert!(packet::is_error(&bytes) || packet::is_numbered(&bytes, false, self.sent), "{bytes:?}");
        }
        while self.pair.client.poll_event().is_some() {}
    }

    /// The network behaves from now on.
    fn recover(&mut self) {
        self.pair.to_client.clear();
        self.pair.to_gateway.clear();
        (0..LINKS).for_each(|link| self.pair.link_up(link));
        self.pair.client.connect(self.pair.now);
        let end = self.pair.now + RECOVERY;
        while !self.passes() {
            assert!(self.pair.now < end, "no packet passes {RECOVERY:?} after the network was repaired");
            let soon = self.pair.now + Duration::from_millis(1);
            let next = self.pair.deadline().unwrap_or(end).clamp(soon, soon + Duration::from_millis(500));
            self.pair.advance(next - self.pair.now);
        }
    }

    /// Whether a packet sent now arrives at once.
    fn passes(&mut self) -> bool {
        self.pair.exchange();
        self.check_packets();
        if !self.pair.client.is_up() {
            return false;
        }
        let number = self.sent;
        self.send(End::Gateway, 100);
        self.pair.exchange();
        let arrived = std::iter::from_fn(|| self.pair.gateway.poll_packet());
        arrived
            .filter(|bytes| packet::is_numbered(bytes, true, number + 1))
            .any(|bytes| packet::number(&bytes) == number)
    }
}
