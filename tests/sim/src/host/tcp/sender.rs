//! The end that sends data.

mod ack;
mod recovery;
mod timer;
mod transmit;

use std::any::Any;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::super::Endpoint;
use super::config::TcpConfig;
use super::congestion::Congestion;
use super::handshake::{Agreed, Handshake, INITIAL_WINDOW};
use super::pattern::Pattern;
use super::prr::Prr;
use super::rack::{Bounds, Rack};
use super::rate::RateSampler;
use super::results::SenderStats;
use super::rtt::RttEstimator;
use super::scoreboard::Scoreboard;
use super::segment;
use super::window::Window;
use timer::Timer;
use transmit::Pacing;

/// The sending end of a connection.
#[derive(Debug)]
pub struct TcpSender {
    config: TcpConfig,
    handshake: Handshake,
    transfer: Option<Box<Transfer>>,
}

impl TcpSender {
    /// A sender that opens at the configured start, or waits to be opened.
    pub fn new(config: TcpConfig) -> Self {
        Self { config, handshake: Handshake::new(config), transfer: None }
    }

    /// Counters, once the connection is open.
    pub fn stats(&self) -> Option<&SenderStats> {
        self.transfer.as_ref().map(|transfer| &transfer.stats)
    }

    /// The smoothed round trip, once there is one.
    pub fn smoothed_rtt(&self) -> Option<Duration> {
        self.transfer.as_ref()?.rtt.smoothed()
    }

    /// The least round trip of the last five minutes.
    pub fn least_rtt(&self) -> Option<Duration> {
        self.transfer.as_ref()?.rtt.least()
    }

    /// Bytes that the receiver has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.transfer.as_ref().map_or(0, |transfer| transfer.board.una())
    }
}

impl Endpoint for TcpSender {
    fn handle_packet(&mut self, now: Instant, packet: &[u8]) {
        let Ok((header, _)) = segment::parse(packet) else { return };
        if header.src != self.config.remote || header.dst != self.config.local {
            return;
        }
        if let Some(agreed) = self.handshake.handle(now, &header) {
            self.transfer = Some(Box::new(Transfer::new(now, &self.config, agreed)));
        }
        if let Some(transfer) = &mut self.transfer {
            transfer.handle(now, &header);
        }
    }

    fn poll_packet(&mut self, now: Instant) -> Option<BytesMut> {
        if let Some(header) = self.handshake.poll(now) {
            return Some(header.encode(0, |_| {}));
        }
        self.transfer.as_mut()?.poll(now)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.transfer {
            Some(transfer) => transfer.poll_timeout(),
            None => self.handshake.poll_timeout(),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        match &mut self.transfer {
            Some(transfer) => transfer.handle_timeout(now),
            None => self.handshake.handle_timeout(now),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Where the sender stands between losses: Linux's `icsk_ca_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Nothing unusual.
    Open,
    /// Something arrived out of order, and nothing is taken for lost.
    Disorder,
    /// The window shrinks because of ECN or a tail loss.
    Reducing,
    /// Fast recovery.
    Recovery,
    /// After a timeout.
    Loss,
}

/// What it takes to take a reduction back.
#[derive(Debug, Default)]
struct Undo {
    /// Where the recovery began, if it can be taken back.
    marker: Option<u64>,
    /// Repetitions not yet found needless; none if there was no repetition.
    outstanding: Option<u32>,
    /// Threshold before, unless the network said that the reduction is right.
    threshold: Option<u32>,
    window: u32,
    /// This end's clock at the first repetition.
    repeated_at: Option<u32>,
}

/// A probe of the tail (RFC 8985, section 7).
#[derive(Debug, Default)]
struct TailProbe {
    /// What was sent by the end of the last probe; its acknowledgement tells whether the tail was lost.
    until: Option<u64>,
    /// The probe was a repetition.
    repeated: bool,
    /// One has to go out.
    due: bool,
}

/// An open connection.
#[derive(Debug)]
struct Transfer {
    agreed: Agreed,
    source: super::config::Source,
    pattern: Pattern,
    opened: Instant,
    board: Scoreboard,
    rack: Rack,
    rtt: RttEstimator,
    rate: RateSampler,
    window: Window,
    congestion: Congestion,
    prr: Prr,
    pacing: Pacing,
    phase: Phase,
    /// What was sent when the phase began; acknowledging it ends the phase.
    high: u64,
    undo: Undo,
    probe: TailProbe,
    /// Finding out whether a timeout was needless (RFC 5682).
    checking_timeout: bool,
    /// New data goes before repetitions, for that purpose.
    new_data_first: bool,
    timer: Option<(Instant, Timer)>,
    /// Timeouts in a row.
    backoff: u32,
    /// Answers the peer's closed window by asking again.
    window_probe_due: bool,
    /// First byte beyond the peer's window.
    edge: u64,
    /// The next new segment tells the peer that the window has shrunk (RFC 3168).
    cwr_due: bool,
    last_sent: Instant,
    /// When the program will have more to send.
    source_wakes: Option<Instant>,
    stats: SenderStats,
}

impl Transfer {
    fn new(now: Instant, config: &TcpConfig, agreed: Agreed) -> Self {
        let mut rtt = RttEstimator::default();
        if let Some(sample) = agreed.rtt {
            rtt.update(sample, 0, 0);
            rtt.update_least(now, sample);
        }
        let mut stats = SenderStats::default();
        let window = Window::new(now);
        stats.window.record(now, window.segments);
        Self {
            agreed,
            source: config.source,
            pattern: TcpConfig::pattern(config.local, config.remote),
            opened: now,
            board: Scoreboard::default(),
            rack: Rack::new(),
            rtt,
            rate: RateSampler::new(now),
            window,
            congestion: Congestion::new(config.algorithm, now, config.initial_sequence, agreed.rtt),
            prr: Prr::default(),
            pacing: Pacing::new(now),
            phase: Phase::Open,
            high: 0,
            undo: Undo::default(),
            probe: TailProbe::default(),
            checking_timeout: false,
            new_data_first: false,
            timer: None,
            backoff: 0,
            window_probe_due: false,
            edge: INITIAL_WINDOW,
            cwr_due: false,
            last_sent: now,
            source_wakes: None,
            stats,
        }
    }

    /// The window shrinks step by step.
    fn is_reducing(&self) -> bool {
        matches!(self.phase, Phase::Reducing | Phase::Recovery)
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            recovering: self.phase >= Phase::Recovery,
            least_rtt: self.rtt.least().unwrap_or_default(),
            smoothed_rtt: self.rtt.smoothed().unwrap_or_default(),
        }
    }
}
