//! UDP at a constant rate, as calls send it, and UDP echo.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use socket2::SockRef;

use super::{Direction, Place, any_like, join};
use crate::netns::Namespace;
use crate::sys;

/// A stream of datagrams of equal size and distance.
#[derive(Debug, Clone)]
pub struct Stream {
    /// Which end sends.
    pub direction: Direction,
    /// UDP payload in bytes, at least 16.
    pub payload: usize,
    /// Time between two datagrams.
    pub interval: Duration,
    /// For how long.
    pub duration: Duration,
    /// So much of it at the beginning is not measured.
    pub lead: Duration,
    /// Whether the other end sends as much back on the same sockets, as in a call.
    pub is_call: bool,
    /// Interface the client binds to, past the routing table.
    pub interface: Option<String>,
}

/// What became of a stream, measured at its receiver.
#[derive(Debug, Clone)]
pub struct StreamReport {
    /// Datagrams sent, like all figures without those of the lead.
    pub sent: u64,
    /// Distinct datagrams received.
    pub received: u64,
    /// Received more than once.
    pub duplicates: u64,
    /// Arrived after one that was sent later.
    pub reordered: u64,
    /// One-way delays in the order of arrival.
    pub delays: Vec<Duration>,
    /// Longest time between two arrivals.
    pub longest_gap: Duration,
    /// When the last one arrived, counted from the first sending.
    pub last_arrival: Option<Duration>,
    /// Number of the first that is measured.
    first: u64,
    /// Numbers of those that arrived, the first of all being 0.
    seen: BTreeSet<u64>,
}

impl StreamReport {
    /// Share of datagrams that never came, 0 to 1.
    #[must_use]
    pub fn loss_ratio(&self) -> f64 {
        if self.sent == 0 { 0.0 } else { 1.0 - self.received as f64 / self.sent as f64 }
    }

    /// How many of the datagrams with these numbers were sent and never came.
    #[must_use]
    pub fn lost_among(&self, numbers: Range<u64>) -> u64 {
        let start = numbers.start.max(self.first);
        let sent = start..numbers.end.min(self.first + self.sent).max(start);
        (sent.end - sent.start) - self.seen.range(sent).count() as u64
    }

    /// The one-way delay that this share (0 to 1) of the datagrams does not exceed.
    #[must_use]
    pub fn delay_quantile(&self, share: f64) -> Option<Duration> {
        let mut sorted = self.delays.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        sorted.get((last as f64 * share).round() as usize).copied()
    }
}

/// Sequence number and time of sending.
const HEADER: usize = 16;
/// How long the receiver waits for stragglers.
const STRAGGLERS: Duration = Duration::from_secs(1);

impl Stream {
    /// Sends the stream and waits for what arrives.
    ///
    /// # Errors
    /// When a socket cannot be had, or the server never hears of a client that wants to receive.
    pub fn run(&self, client: &Namespace, server: Place<'_>) -> Result<StreamReport> {
        self.start(client, server)?.finish()
    }

    /// Starts the stream. A client that is to receive speaks first, so that NATs know the way. What is sent back in a call
    /// is not read.
    ///
    /// # Errors
    /// As [`Stream::run`].
    pub fn start(&self, client: &Namespace, server: Place<'_>) -> Result<RunningStream> {
        ensure!(self.payload >= HEADER, "a datagram of the stream has at least {HEADER} bytes");
        let (near, far) = pair(client, server, self.interface.as_deref())?;
        if self.is_call || self.direction == Direction::Download {
            far.connect(introduce(&near, &far)?)?;
        }
        let (sender, receiver) = match self.direction {
            Direction::Upload => (near, far),
            Direction::Download => (far, near),
        };
        let epoch = Instant::now();
        let answering = match self.is_call {
            true => Some(self.send(receiver.try_clone()?, epoch)?),
            false => None,
        };
        let sending = self.send(sender, epoch)?;
        let first = self.first();
        let until = epoch + self.duration + STRAGGLERS;
        let receiving = thread::Builder::new()
            .name("udp-receive".into())
            .spawn(move || receive_all(&receiver, epoch, until, first))?;
        Ok(RunningStream { sending, answering, receiving, first })
    }

    fn send(&self, socket: UdpSocket, epoch: Instant) -> Result<JoinHandle<Result<u64>>> {
        let stream = self.clone();
        let sending = move || Ok(send_all(&stream, &socket, epoch));
        Ok(thread::Builder::new().name("udp-send".into()).spawn(sending)?)
    }

    /// Number of the first datagram after the lead.
    fn first(&self) -> u64 {
        u64::try_from(self.lead.as_nanos().div_ceil(self.interval.as_nanos().max(1))).unwrap_or(u64::MAX)
    }
}

/// Lets the far socket learn the near one's address, as it looks from there.
pub(super) fn introduce(near: &UdpSocket, far: &UdpSocket) -> Result<SocketAddr> {
    far.set_read_timeout(Some(Duration::from_millis(250)))?;
    for _ in 0..20 {
        // Errors are those of earlier tries; what counts is what arrives.
        let _ = near.send(b"hello");
        if let Ok((_, from)) = far.recv_from(&mut [0; 16]) {
            return Ok(from);
        }
    }
    bail!("the client's datagrams do not reach the server")
}

/// A stream under way.
#[derive(Debug)]
pub struct RunningStream {
    sending: JoinHandle<Result<u64>>,
    answering: Option<JoinHandle<Result<u64>>>,
    receiving: JoinHandle<Result<StreamReport>>,
    first: u64,
}

impl RunningStream {
    /// Waits for the end, and for stragglers.
    ///
    /// # Errors
    /// When the receiving socket fails.
    pub fn finish(self) -> Result<StreamReport> {
        let sent = join(self.sending)?.saturating_sub(self.first);
        self.answering.map(join).transpose()?;
        Ok(StreamReport { sent, ..join(self.receiving)? })
    }
}

/// A socket of the client, connected to one of the server; over `interface` if one is named.
pub(super) fn pair(
    client: &Namespace,
    server: Place<'_>,
    interface: Option<&str>,
) -> Result<(UdpSocket, UdpSocket)> {
    let far = server.namespace.run(|| bind(SocketAddr::new(server.addr, 0), None))?;
    let far_addr = far.local_addr()?;
    let near = client.run(|| {
        let socket = bind(any_like(far_addr), interface)?;
        socket.connect(far_addr).with_context(|| format!("no route to {far_addr}"))?;
        Ok(socket)
    })?;
    Ok((near, far))
}

pub(super) fn bind(addr: SocketAddr, interface: Option<&str>) -> Result<UdpSocket> {
    let socket = UdpSocket::bind(addr).with_context(|| format!("cannot bind {addr}"))?;
    if let Some(interface) = interface {
        SockRef::from(&socket)
            .bind_device(Some(interface.as_bytes()))
            .with_context(|| format!("cannot bind to the interface {interface}"))?;
    }
    Ok(socket)
}

fn send_all(stream: &Stream, socket: &UdpSocket, epoch: Instant) -> u64 {
    // The delay to be measured is the network's, not the scheduler's.
    sys::keep_time();
    let mut payload = vec![0_u8; stream.payload];
    let mut sent = 0_u64;
    loop {
        let due = stream.interval * u32::try_from(sent).unwrap_or(u32::MAX);
        if due >= stream.duration {
            return sent;
        }
        thread::sleep((epoch + due).saturating_duration_since(Instant::now()));
        payload[..8].copy_from_slice(&sent.to_be_bytes());
        payload[8..16].copy_from_slice(&(epoch.elapsed().as_nanos() as u64).to_be_bytes());
        // What cannot be sent (no route for a moment) is lost, as it is for a call.
        let _ = socket.send(&payload);
        sent += 1;
    }
}

fn receive_all(socket: &UdpSocket, epoch: Instant, until: Instant, first: u64) -> Result<StreamReport> {
    sys::keep_time();
    let mut report = StreamReport {
        sent: 0,
        received: 0,
        duplicates: 0,
        reordered: 0,
        delays: Vec::new(),
        longest_gap: Duration::ZERO,
        last_arrival: None,
        first,
        seen: BTreeSet::new(),
    };
    let mut highest = None;
    let mut buffer = vec![0_u8; 65_536];
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    while Instant::now() < until {
        let Ok(length) = socket.recv(&mut buffer) else { continue };
        let at = epoch.elapsed();
        let Some((number, sent_at)) = header(&buffer[..length]).filter(|(number, _)| *number >= first) else {
            continue;
        };
        if !report.seen.insert(number) {
            report.duplicates += 1;
            continue;
        }
        report.received += 1;
        report.delays.push(at.saturating_sub(sent_at));
        report.reordered += u64::from(highest > Some(number));
        highest = highest.max(Some(number));
        if let Some(last) = report.last_arrival.replace(at) {
            report.longest_gap = report.longest_gap.max(at.saturating_sub(last));
        }
    }
    Ok(report)
}

fn header(datagram: &[u8]) -> Option<(u64, Duration)> {
    let number = u64::from_be_bytes(*datagram.first_chunk()?);
    let sent_at = u64::from_be_bytes(*datagram.get(8..)?.first_chunk()?);
    Some((number, Duration::from_nanos(sent_at)))
}

/// A server that sends every datagram back, until it is dropped.
#[derive(Debug)]
pub struct EchoServer {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl EchoServer {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn start(at: Place<'_>) -> Result<Self> {
        let socket = at.namespace.run(|| bind(SocketAddr::new(at.addr, 0), None))?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let addr = socket.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        thread::Builder::new().name("udp-echo".into()).spawn(move || {
            let mut buffer = vec![0_u8; 65_536];
            while !stopped.load(Ordering::Acquire) {
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    let _ = socket.send_to(&buffer[..length], from);
                }
            }
        })?;
        Ok(Self { addr, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

/// A client of an [`EchoServer`] that keeps its port, so that NATs and tunnels see one flow.
#[derive(Debug)]
pub struct EchoClient {
    socket: UdpSocket,
}

impl EchoClient {
    /// Connects to the server, over one interface if named.
    ///
    /// # Errors
    /// When there is no route.
    pub fn new(from: &Namespace, server: SocketAddr, interface: Option<&str>) -> Result<Self> {
        let any = any_like(server);
        let socket = from.run(|| {
            let socket = bind(any, interface)?;
            socket.connect(server).with_context(|| format!("no route to {server}"))?;
            Ok(socket)
        })?;
        Ok(Self { socket })
    }

    /// Sends a datagram of that many bytes and waits for its echo; the round trip time, or `None` if none came.
    ///
    /// # Errors
    /// When the socket fails otherwise than by silence.
    pub fn exchange(&self, bytes: usize, patience: Duration) -> Result<Option<Duration>> {
        let payload = vec![0xa5_u8; bytes];
        let started = Instant::now();
        // An ICMP error for an earlier datagram surfaces here; the echo then simply does not come.
        let _ = self.socket.send(&payload);
        let mut buffer = vec![0_u8; 65_536];
        while let Some(left) = patience.checked_sub(started.elapsed()).filter(|left| !left.is_zero()) {
            self.socket.set_read_timeout(Some(left))?;
            if let Ok(length) = self.socket.recv(&mut buffer)
                && length == bytes
            {
                return Ok(Some(started.elapsed()));
            }
        }
        Ok(None)
    }
}
