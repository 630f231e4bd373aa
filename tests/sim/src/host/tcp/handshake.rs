//! Opening a connection from either end: SYN, SYN-ACK, ACK, and their repetition (RFC 9293, section 3.5).
//!
//! Both ends are of this module's kind, so SACK and timestamps are always offered; a SYN without them is not
//! answered. There is no closing: a flow ends by having nothing more to send.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::config::{Open, TcpConfig};
use super::options::{Options, SynOptions, TIMESTAMPS_LEN, Timestamps};
use super::segment::{HEADERS_LEN, Header, flag};
use super::sequence::Sequence;

/// First timeout of a SYN (RFC 6298, section 2.1).
const INITIAL_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeouts before the first doubled one: Linux's `tcp_syn_linear_timeouts`.
const LINEAR_TIMEOUTS: u32 = 4;
/// Longest timeout, as Linux has it.
const MAX_TIMEOUT: Duration = Duration::from_secs(120);
/// Shift for a window of 6 MiB and below, as Linux chooses it.
pub(super) const WINDOW_SCALE: u8 = 7;
/// The window in a SYN, which is not scaled: Linux's initial 64 KiB.
pub(super) const INITIAL_WINDOW: u64 = 64_240;

/// Header fields that stay, and clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire {
    config: TcpConfig,
    /// Newest timestamp of the peer to echo: TS.Recent of RFC 7323.
    pub(super) recent: u32,
}

impl Wire {
    /// Milliseconds of this end's timestamp clock, which does not start at zero.
    pub(super) fn clock(&self, now: Instant) -> u32 {
        let elapsed = now.saturating_duration_since(self.config.start).as_millis() as u32;
        self.config.initial_sequence.wrapping_add(elapsed)
    }

    /// A header with timestamps.
    pub(super) fn header(&self, now: Instant, flags: u8, seq: u32, ack: u32) -> Header {
        Header {
            src: self.config.local,
            dst: self.config.remote,
            seq,
            ack,
            flags,
            window: INITIAL_WINDOW as u16,
            options: Options {
                timestamps: Some(Timestamps { value: self.clock(now), echo: self.recent }),
                ..Options::default()
            },
            ecn_capable: false,
            congestion: false,
        }
    }
}

/// What both ends agreed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreed {
    pub(super) wire: Wire,
    pub(super) local: Sequence,
    pub(super) remote: Sequence,
    /// Payload of a full segment, in bytes.
    pub(super) mss: u16,
    /// Left shift of the peer's windows.
    pub(super) peer_scale: u8,
    pub(super) ecn: bool,
    /// The round trip of the handshake, unless a repetition makes it ambiguous.
    pub(super) rtt: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// An active end before its start, or a passive one before a SYN.
    Waiting,
    /// SYN or SYN-ACK is out.
    Sent,
    Established,
}

/// One end's part of the handshake.
#[derive(Debug)]
pub(super) struct Handshake {
    config: TcpConfig,
    state: State,
    wire: Wire,
    /// The peer's SYN: its number, options, and whether ECN was asked or granted.
    peer: Option<(u32, SynOptions, bool)>,
    /// When the SYN or SYN-ACK was sent last.
    sent: Instant,
    /// How often it was sent.
    tries: u32,
    deadline: Option<Instant>,
    /// A SYN, SYN-ACK or the ACK of a SYN-ACK has to go out.
    due: bool,
}

impl Handshake {
    pub(super) fn new(config: TcpConfig) -> Self {
        let active = config.open == Open::Active;
        Self {
            config,
            state: State::Waiting,
            wire: Wire { config, recent: 0 },
            peer: None,
            sent: config.start,
            tries: 0,
            deadline: active.then_some(config.start),
            due: false,
        }
    }

    /// Takes a segment while not established, or one with SYN later; tells what was agreed when that is complete.
    pub(super) fn handle(&mut self, now: Instant, header: &Header) -> Option<Agreed> {
        let established = self.state == State::Established;
        if header.has(flag::SYN) {
            if established {
                // Our ACK was lost; a passive end has nothing to say to an old SYN.
                self.due = header.has(flag::ACK);
                return None;
            }
            self.handle_syn(header)?;
        } else if established || self.peer.is_none() {
            return None;
        }
        let expected = Sequence::new(self.config.initial_sequence).wire(0);
        if self.state != State::Sent || !header.has(flag::ACK) || header.ack != expected {
            return None;
        }
        self.state = State::Established;
        self.deadline = None;
        self.due = self.config.open == Open::Active;
        self.agreed(now)
    }

    /// Remembers the peer's SYN or SYN-ACK, if it has what is needed and comes in turn.
    fn handle_syn(&mut self, header: &Header) -> Option<()> {
        let (syn, timestamps) = (header.options.syn?, header.options.timestamps?);
        let answer = header.has(flag::ACK);
        if !syn.sack_permitted || answer != (self.config.open == Open::Active) {
            return None;
        }
        // RFC 3168, section 6.1.1: both bits ask, ECE alone grants.
        let ecn = header.has(flag::ECE) && (answer || header.has(flag::CWR));
        self.peer = Some((header.seq, syn, ecn && self.config.ecn));
        self.wire.recent = timestamps.value;
        if !answer {
            self.state = State::Sent;
            self.due = true;
        }
        Some(())
    }

    fn agreed(&self, now: Instant) -> Option<Agreed> {
        let (seq, syn, ecn) = self.peer?;
        let mss = syn.mss.min(self.own_mss());
        Some(Agreed {
            wire: self.wire,
            local: Sequence::new(self.config.initial_sequence),
            remote: Sequence::new(seq),
            mss: mss.saturating_sub(TIMESTAMPS_LEN as u16).max(1),
            peer_scale: syn.window_scale,
            ecn,
            rtt: (self.tries == 1).then(|| now.saturating_duration_since(self.sent)),
        })
    }

    /// What the handshake has to send.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Header> {
        if !std::mem::take(&mut self.due) {
            return None;
        }
        let local = Sequence::new(self.config.initial_sequence);
        let ack = self.peer.map(|(seq, ..)| Sequence::new(seq).wire(0));
        if self.state == State::Established {
            // Only the ACK of a SYN-ACK: data follows at once, or windows do.
            return Some(self.wire.header(now, flag::ACK, local.wire(0), ack?));
        }
        self.sent = now;
        self.deadline = Some(now + self.timeout());
        self.tries += 1;
        let ecn = match self.peer {
            None if self.config.ecn => flag::ECE | flag::CWR,
            Some((_, _, true)) => flag::ECE,
            _ => 0,
        };
        let flags = flag::SYN | ecn | ack.map_or(0, |_| flag::ACK);
        let mut header = self.wire.header(now, flags, local.syn(), ack.unwrap_or(0));
        header.options.syn =
            Some(SynOptions { mss: self.own_mss(), window_scale: WINDOW_SCALE, sack_permitted: true });
        Some(header)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            self.state = State::Sent;
            self.due = true;
        }
    }

    /// How long to wait for an answer to what is sent next.
    fn timeout(&self) -> Duration {
        let doublings = self.tries.saturating_sub(LINEAR_TIMEOUTS).min(7);
        (INITIAL_TIMEOUT * (1 << doublings)).min(MAX_TIMEOUT)
    }

    fn own_mss(&self) -> u16 {
        self.config.mtu.saturating_sub(HEADERS_LEN as u16)
    }
}
