//! A flow of UDP datagrams that behaves as QUIC does: paced, clocked by acknowledgements, with the loss detection of
//! RFC 9002 and Cubic (RFC 9438). A tunnel sees of it what it sees of a video or a download over HTTP/3.
//!
//! What it does is decided by the two ends of the simulated worlds ([`tandem_sim::host::quic`]); here are their sockets.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use tandem_sim::host::quic::{ACK_ROOM, QuicStats, Receiver, Sender};

use super::meter::Meter;
use super::udp::{introduce, pair};
use super::{Direction, Place, join};
use crate::netns::Namespace;

/// What to transfer.
#[derive(Debug, Clone)]
pub struct QuicFlow {
    /// Which end sends.
    pub direction: Direction,
    /// For how long.
    pub duration: Duration,
    /// Interface the client binds to, past the routing table.
    pub interface: Option<String>,
}

/// UDP payload of a datagram: the least that QUIC requires of a path (RFC 9000 §14), and what fits every tunnel.
pub const PAYLOAD: usize = 1_200;
/// The packet number.
const HEADER: usize = 8;
/// How long a thread sleeps at most before it looks whether it shall end.
const TICK: Duration = Duration::from_millis(50);

/// A flow under way.
#[derive(Debug)]
pub struct RunningQuic {
    meter: Arc<Meter>,
    stop: Arc<AtomicBool>,
    sending: JoinHandle<Result<QuicStats>>,
    receiving: JoinHandle<Result<()>>,
}

/// A finished flow.
#[derive(Debug, Clone)]
pub struct QuicReport {
    /// Payload that arrived, each packet once.
    pub bytes: u64,
    /// What the sender counted.
    pub sender: QuicStats,
    /// Bytes in each slot of [`super::meter::SLOT`].
    pub samples: Vec<u64>,
}

impl QuicFlow {
    /// Runs the whole flow.
    ///
    /// # Errors
    /// As [`QuicFlow::start`], or when a socket fails.
    pub fn run(&self, client: &Namespace, server: Place<'_>) -> Result<QuicReport> {
        self.start(client, server)?.finish()
    }

    /// Starts the flow. A client that is to receive speaks first, so that NATs know the way.
    ///
    /// # Errors
    /// When a socket cannot be had, or the server never hears of the client.
    pub fn start(&self, client: &Namespace, server: Place<'_>) -> Result<RunningQuic> {
        let (near, far) = pair(client, server, self.interface.as_deref())?;
        far.connect(introduce(&near, &far)?)?;
        let (sender, receiver) = match self.direction {
            Direction::Upload => (near, far),
            Direction::Download => (far, near),
        };
        let meter = Arc::new(Meter::new(self.duration + Duration::from_secs(1)));
        let stop = Arc::new(AtomicBool::new(false));
        let until = meter.start() + self.duration;
        let (counted, stopped) = (meter.clone(), stop.clone());
        let receiving = thread::Builder::new()
            .name("quic-receive".into())
            .spawn(move || receive(&receiver, &counted, until, &stopped))?;
        let stopped = stop.clone();
        let sending =
            thread::Builder::new().name("quic-send".into()).spawn(move || send(&sender, until, &stopped))?;
        Ok(RunningQuic { meter, stop, sending, receiving })
    }
}

impl RunningQuic {
    /// Waits for the end.
    ///
    /// # Errors
    /// When a socket failed.
    pub fn finish(self) -> Result<QuicReport> {
        let sent = join(self.sending);
        // A sender that failed leaves a receiver that would wait for it.
        self.stop.store(true, Ordering::Release);
        join(self.receiving)?;
        Ok(QuicReport { bytes: self.meter.total(), sender: sent?, samples: self.meter.samples() })
    }
}

fn send(socket: &UdpSocket, until: Instant, stop: &AtomicBool) -> Result<QuicStats> {
    let mut sender = Sender::paced(Instant::now());
    let mut payload = vec![0x5a_u8; PAYLOAD];
    let mut buffer = [0_u8; ACK_ROOM];
    while Instant::now() < until && !stop.load(Ordering::Acquire) {
        let now = Instant::now();
        sender.handle_timeout(now);
        while let Some(number) = sender.poll_send(now) {
            payload[..HEADER].copy_from_slice(&number.to_be_bytes());
            // What cannot be sent is a loss, which the missing acknowledgement tells.
            let _ = socket.send(&payload);
        }
        // Blocks for the first acknowledgement only, and takes all that are there.
        let due = sender.poll_timeout().map(|due| due.saturating_duration_since(Instant::now()));
        let mut wait = Some(due.map_or(TICK, |due| due.min(TICK)));
        while let Some(length) = receive_within(socket, &mut buffer, wait)? {
            sender.handle_ack(Instant::now(), &buffer[..length]);
            wait = None;
        }
    }
    Ok(sender.stats())
}

fn receive(socket: &UdpSocket, meter: &Meter, until: Instant, stop: &AtomicBool) -> Result<()> {
    let mut receiver = Receiver::default();
    let mut buffer = [0_u8; 2 * PAYLOAD];
    let mut ack = [0_u8; ACK_ROOM];
    while Instant::now() < until && !stop.load(Ordering::Acquire) {
        let now = Instant::now();
        let wait = receiver.poll_timeout().map_or(TICK, |due| due.saturating_duration_since(now).min(TICK));
        if let Some(length) = receive_within(socket, &mut buffer, Some(wait))?
            && let Some(number) = buffer[..length].first_chunk()
            && length == PAYLOAD
            && receiver.handle_packet(Instant::now(), u64::from_be_bytes(*number))
        {
            meter.add(length);
        }
        if let Some(length) = receiver.poll_ack(Instant::now(), &mut ack) {
            let _ = socket.send(&ack[..length]);
        }
    }
    Ok(())
}

/// The length of a datagram that came within the time; `None` asks only for what is there already. The socket's own
/// timeout would be as coarse as the kernel's ticks, which are longer than a pacer's steps.
fn receive_within(socket: &UdpSocket, buffer: &mut [u8], wait: Option<Duration>) -> Result<Option<usize>> {
    if let Some(wait) = wait.and_then(|wait| Timespec::try_from(wait).ok()) {
        // If that fails, so does what follows.
        let _ = poll(&mut [PollFd::new(socket, PollFlags::IN)], Some(&wait));
    }
    match recv(socket, buffer, RecvFlags::DONTWAIT) {
        Ok((length, _)) => Ok(Some(length)),
        // An ICMP error for an earlier datagram is what a QUIC endpoint ignores as well.
        Err(error) if error != Errno::INVAL => Ok(None),
        Err(error) => Err(error).context("a QUIC-like flow cannot receive"),
    }
}
