//! What a flow looks like from what it does: a call, a transfer, or neither.
//!
//! Time is cut into windows of a second. A **call** is UDP that comes steadily, both ways, in packets too small or at
//! rates too low for a transfer. What looks alike and is none:
//!
//! | traffic | told by |
//! |---|---|
//! | QUIC that downloads, and its acknowledgements | packets of full length one way and tiny ones the other; on port 443, its fixed bit (RFC 9000 §17) |
//! | BitTorrent's uTP | the first two bytes of its header (BEP 29) |
//! | WireGuard, or any tunnel, with bulk inside | packets longer than any that a call sends |
//! | DNS | port 53 |
//!
//! A flow that was once a call stays one for some seconds of which little speaks for it: who listens to others says
//! little himself. **Bulk** is so many bytes within the last seconds, and ends with a pause.

use std::time::{Duration, Instant};

use crate::ip::{Header, protocol};

/// Length of a window.
const WINDOW: Duration = Duration::from_secs(1);
/// Parts of a window, for telling what is steady.
const SLOTS: u32 = 8;
/// Parts that must have packets: jitter of a sixteenth of a second is not uncommon on cellular links.
const STEADY_SLOTS: u32 = 6;
/// A call sends so many packets per window each way: voice sends 16 to 50, games 10 to 128.
const CALL_PACKETS: u32 = 8;
/// Bytes of UDP payload that no packet of a call exceeds. WebRTC sends 1200 and a few for encryption and relays.
const CALL_PAYLOAD: usize = 1230;
/// Mean payload up to which both ways are voice or a game's state, whatever the other way sends.
const SMALL_PAYLOAD: u32 = 800;
/// With more than that one way (video), mean payload of the other: more than acknowledgements have (QUIC's 25 to 45,
/// uTP's 20), not more than Opus with its headers.
const VOICE_PAYLOAD: u32 = 72;
/// Mean payload of either way, at least: more than uTP's acknowledgements, not more than G.729's 32.
const LEAST_PAYLOAD: u32 = 28;
/// Bytes per window and way that a call stays below: 5 Mbit/s, a video conference with several faces.
const CALL_BYTES: u32 = 625_000;
/// How long a call lasts without a window that looks like one.
const CALL_LASTS: Duration = Duration::from_secs(10);

/// Bytes within the last seconds that make a flow bulk; what is older counts half for each second.
const BULK_VOLUME: u32 = 256 << 10;
/// No more is remembered than this, so that a long transfer is forgotten as fast as a short one...
const MAX_VOLUME: u32 = 2 * BULK_VOLUME;
/// ...and it is bulk no more when this is left: after five seconds of silence.
const BULK_ENDS: u32 = 16 << 10;

/// Which way a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Into the tunnel.
    Out,
    /// Out of the tunnel.
    In,
}

/// What counts of a packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(super) header: Header,
    /// Of the IP packet, bytes.
    pub(super) len: u32,
    /// Of UDP payload, bytes; 0 without UDP.
    payload: u32,
    /// Whether no call sends such a packet.
    odd: bool,
}

impl Sample {
    /// Looks at a packet with this header.
    pub(crate) fn of(header: &Header, packet: &[u8]) -> Self {
        let is_udp = header.protocol == protocol::UDP;
        let payload = packet.get(header.payload + 8..).filter(|_| is_udp).unwrap_or_default();
        Self {
            header: *header,
            len: packet.len() as u32,
            payload: payload.len() as u32,
            odd: is_udp && is_odd(header, payload),
        }
    }
}

/// What went one way within a window.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    packets: u32,
    /// Of IP packets.
    bytes: u32,
    /// Of UDP payload.
    payload: u32,
    /// Bit for each part of the window that had a packet.
    slots: u8,
}

impl Count {
    fn is_steady(&self) -> bool {
        self.packets >= CALL_PACKETS && self.slots.count_ones() >= STEADY_SLOTS
    }

    fn mean_payload(&self) -> u32 {
        self.payload / self.packets.max(1)
    }
}

/// What is remembered of a flow's past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    /// When the present window began, and when it may end: comparing instants is cheaper than subtracting them.
    since: Instant,
    until: Instant,
    out: Count,
    into: Count,
    /// Packets of the window that no call would send.
    odd: u32,
    /// Until when it is a call.
    call_until: Option<Instant>,
    is_bulk: bool,
    volume: u32,
    /// Bytes/s of the last complete window: out and in.
    rates: (u64, u64),
}

impl Habit {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            until: now + WINDOW,
            out: Count::default(),
            into: Count::default(),
            odd: 0,
            call_until: None,
            is_bulk: false,
            volume: 0,
            rates: (0, 0),
        }
    }

    /// Notes a packet.
    pub(super) fn note(&mut self, now: Instant, way: Way, sample: &Sample) {
        if now >= self.until {
            self.complete(now, sample.header.protocol);
        }
        let count = match way {
            Way::Out => &mut self.out,
            Way::In => &mut self.into,
        };
        count.packets += 1;
        count.bytes = count.bytes.saturating_add(sample.len);
        count.payload = count.payload.saturating_add(sample.payload);
        if sample.payload > 0 {
            let elapsed = now.saturating_duration_since(self.since);
            count.slots |= 1 << (elapsed.subsec_micros() / (1_000_000 / SLOTS));
        }
        self.odd += u32::from(sample.odd);
        self.volume = self.volume.saturating_add(sample.len).min(MAX_VOLUME);
        self.is_bulk |= self.volume > BULK_VOLUME;
    }

    /// Ends the present window, and draws conclusions.
    fn complete(&mut self, now: Instant, protocol: u8) {
        let elapsed = now.saturating_duration_since(self.since);
        self.rates = (rate(self.out.bytes, elapsed), rate(self.into.bytes, elapsed));
        self.volume = self.volume.checked_shr(elapsed.as_secs() as u32).unwrap_or(0);
        self.is_bulk &= self.volume > BULK_ENDS;
        if protocol == protocol::UDP {
            self.judge_call(now, elapsed);
        }
        (self.since, self.until) = (now, now + WINDOW);
        (self.out, self.into, self.odd) = (Count::default(), Count::default(), 0);
    }

    fn judge_call(&mut self, now: Instant, elapsed: Duration) {
        // Of a window in which the flow was silent for long there is nothing to say.
        let is_whole = elapsed < 2 * WINDOW;
        let packets = self.out.packets + self.into.packets;
        let is_modest = self.out.bytes.max(self.into.bytes) <= CALL_BYTES;
        if !is_modest || self.odd > packets / 2 {
            self.call_until = None;
        } else if is_whole && self.odd == 0 && (self.begins_call() || (self.is_call(now) && self.goes_on())) {
            self.call_until = Some(now + CALL_LASTS);
        }
    }

    fn begins_call(&self) -> bool {
        let means = (self.out.mean_payload(), self.into.mean_payload());
        let (small, large) = (means.0.min(means.1), means.0.max(means.1));
        let least = if large <= SMALL_PAYLOAD { LEAST_PAYLOAD } else { VOICE_PAYLOAD };
        self.out.is_steady() && self.into.is_steady() && small >= least
    }

    /// One side may be silent but for a word now and then.
    fn goes_on(&self) -> bool {
        (self.out.is_steady() || self.into.is_steady()) && self.out.packets.min(self.into.packets) > 0
    }

    pub(super) fn is_call(&self, now: Instant) -> bool {
        self.call_until.is_some_and(|until| now < until)
    }

    pub(super) fn is_bulk(&self, now: Instant) -> bool {
        if !self.is_bulk || now < self.until {
            return self.is_bulk;
        }
        // Of the silence since the last packet nothing is noted yet.
        let silence = now.saturating_duration_since(self.since).as_secs() as u32;
        self.volume.checked_shr(silence).unwrap_or(0) > BULK_ENDS
    }

    /// Bytes/s out and in, lately.
    pub(super) fn rates(&self, now: Instant) -> (u64, u64) {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed < WINDOW {
            return self.rates;
        }
        (rate(self.out.bytes, elapsed), rate(self.into.bytes, elapsed))
    }
}

/// Whether no call sends such a packet.
fn is_odd(header: &Header, payload: &[u8]) -> bool {
    let on_port = |port| header.ports.is_some_and(|ports| ports.src == port || ports.dst == port);
    // QUIC's fixed bit (RFC 9000 §17). What shares a port with it begins with other bytes (RFC 9443).
    let is_quic = || payload.first().is_some_and(|first| first & 0x40 != 0) && on_port(443);
    // Type 0 to 4 and version 1; which extension follows (BEP 29).
    let is_utp = || matches!(payload, [0x01 | 0x11 | 0x21 | 0x31 | 0x41, 0..=2, ..]);
    payload.len() > CALL_PAYLOAD || on_port(53) || is_quic() || is_utp()
}

fn rate(bytes: u32, time: Duration) -> u64 {
    u64::from(bytes) * 1000 / (time.as_millis() as u64).max(1)
}
