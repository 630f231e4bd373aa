//! Bulk TCP: as much as goes, over several flows, either way.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use socket2::Socket;

use super::meter::Meter;
use super::{Connect, Direction, Place, join, set_congestion};
use crate::netns::Namespace;

/// What to transfer.
#[derive(Debug, Clone)]
pub struct Bulk {
    /// Connections at once.
    pub flows: usize,
    /// Which end sends.
    pub direction: Direction,
    /// For how long.
    pub duration: Duration,
    /// How the client connects; its congestion control holds for both ends.
    pub connect: Connect,
}

impl Bulk {
    /// A download for that long with the kernel's Cubic.
    #[must_use]
    pub fn download(flows: usize, duration: Duration) -> Self {
        let connect = Connect { congestion: Some("cubic".to_owned()), ..Connect::default() };
        Self { flows, direction: Direction::Download, duration, connect }
    }

    /// The same the other way.
    #[must_use]
    pub fn upload(flows: usize, duration: Duration) -> Self {
        Self { direction: Direction::Upload, ..Self::download(flows, duration) }
    }

    /// Past the routing table, over one interface.
    #[must_use]
    pub fn over(mut self, interface: &str) -> Self {
        self.connect.interface = Some(interface.to_owned());
        self
    }

    /// Connects all flows and starts the transfer.
    ///
    /// # Errors
    /// When a flow cannot connect.
    pub fn start(&self, client: &Namespace, server: Place<'_>) -> Result<Transfer> {
        let listener = server.namespace.run(|| self.connect.listen(server.addr))?;
        let to = listener.local_addr()?;
        let mut pairs = Vec::new();
        for _ in 0..self.flows {
            let client = client.run(|| self.connect.open(to))?;
            let (server, _) = listener.accept()?;
            let server = Socket::from(server);
            set_congestion(&server, self.connect.congestion.as_deref())?;
            pairs.push((client, server));
        }
        let meter = Arc::new(Meter::new(self.duration + Duration::from_secs(1)));
        let deadline = meter.start() + self.duration;
        let mut transfer = Transfer {
            meter,
            stop: Arc::default(),
            no_more: Arc::default(),
            duration: self.duration,
            receivers: Vec::new(),
            senders: Vec::new(),
            _listener: listener,
        };
        for (client, server) in pairs {
            let (sender, receiver) = match self.direction {
                Direction::Download => (server, client),
                Direction::Upload => (client, server),
            };
            transfer.carry(sender, receiver, deadline)?;
        }
        Ok(transfer)
    }

    /// Runs the whole transfer.
    ///
    /// # Errors
    /// When a flow cannot connect or breaks.
    pub fn run(&self, client: &Namespace, server: Place<'_>) -> Result<BulkReport> {
        self.start(client, server)?.finish()
    }
}

/// A transfer under way.
#[derive(Debug)]
pub struct Transfer {
    meter: Arc<Meter>,
    /// Receivers end at once.
    stop: Arc<AtomicBool>,
    /// Senders end, and close their connections.
    no_more: Arc<AtomicBool>,
    duration: Duration,
    receivers: Vec<JoinHandle<Result<FlowReport>>>,
    senders: Vec<JoinHandle<Result<()>>>,
    /// Further subflows of an MPTCP connection find their way through the listening socket.
    _listener: TcpListener,
}

/// How long a socket may block before its thread looks at the time.
const TICK: Duration = Duration::from_millis(100);

impl Transfer {
    /// What has arrived so far, over all flows.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    fn carry(&mut self, sender: Socket, receiver: Socket, deadline: Instant) -> Result<()> {
        sender.set_write_timeout(Some(TICK))?;
        receiver.set_read_timeout(Some(TICK))?;
        let no_more = self.no_more.clone();
        self.senders
            .push(thread::Builder::new().name("bulk-send".into()).spawn(move || send(sender, &no_more))?);
        let receiver = Receiver {
            socket: receiver,
            meter: self.meter.clone(),
            duration: self.duration,
            deadline,
            stop: self.stop.clone(),
            no_more: self.no_more.clone(),
        };
        self.receivers
            .push(thread::Builder::new().name("bulk-receive".into()).spawn(move || receiver.run())?);
        Ok(())
    }

    /// Ends the transfer before its time, whatever is still under way.
    pub fn stop(&self) {
        self.no_more.store(true, Ordering::Release);
        self.stop.store(true, Ordering::Release);
    }

    /// Sends nothing more. What is under way still arrives, until the transfer's time is over: then, what was sent and
    /// what arrived are the same bytes.
    pub fn drain(&self) {
        self.no_more.store(true, Ordering::Release);
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When a flow broke, with its error.
    pub fn finish(self) -> Result<BulkReport> {
        let flows: Vec<FlowReport> = self.receivers.into_iter().map(join).collect::<Result<_>>()?;
        self.no_more.store(true, Ordering::Release);
        for sender in self.senders {
            join(sender)?;
        }
        let elapsed = self.meter.start().elapsed().min(self.duration);
        let bytes = self.meter.total();
        Ok(BulkReport {
            bytes,
            goodput_bps: bytes as f64 * 8.0 / elapsed.as_secs_f64(),
            longest_pause: self.meter.longest_pause(),
            samples: self.meter.samples(),
            flows,
        })
    }
}

/// One flow at its receiver.
#[derive(Debug, Clone)]
pub struct FlowReport {
    /// Payload received.
    pub bytes: u64,
    /// Longest time without a byte, up to the end of the transfer.
    pub longest_pause: Duration,
}

/// A finished transfer, measured at the receiver.
#[derive(Debug, Clone)]
pub struct BulkReport {
    /// Payload over all flows.
    pub bytes: u64,
    /// Payload in bits per second.
    pub goodput_bps: f64,
    /// Longest time in which no flow received anything.
    pub longest_pause: Duration,
    /// Bytes in each slot of [`super::meter::SLOT`].
    pub samples: Vec<u64>,
    /// Each flow.
    pub flows: Vec<FlowReport>,
}

impl BulkReport {
    /// Goodput in Mbit/s.
    #[must_use]
    pub fn mbps(&self) -> f64 {
        self.goodput_bps / 1e6
    }
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn send(mut socket: Socket, no_more: &AtomicBool) -> Result<()> {
    let chunk = vec![0x5a_u8; 128 * 1024];
    while !no_more.load(Ordering::Acquire) {
        match socket.write(&chunk) {
            Ok(_) => {}
            Err(error) if is_timeout(error.kind()) => {}
            // The receiver closes when its time is over.
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => break,
            Err(error) => return Err(error).context("a sender's TCP connection broke"),
        }
    }
    Ok(())
}

/// The end of a flow at which its bytes are counted.
struct Receiver {
    socket: Socket,
    /// Of all flows.
    meter: Arc<Meter>,
    duration: Duration,
    deadline: Instant,
    stop: Arc<AtomicBool>,
    no_more: Arc<AtomicBool>,
}

impl Receiver {
    fn run(mut self) -> Result<FlowReport> {
        let flow = Meter::new(self.duration);
        let mut buffer = vec![0_u8; 256 * 1024];
        while Instant::now() < self.deadline && !self.stop.load(Ordering::Acquire) {
            match self.socket.read(&mut buffer) {
                // A sender that has no more to send closes.
                Ok(0) if self.no_more.load(Ordering::Acquire) => break,
                Ok(0) => bail!("a TCP connection was closed in mid-transfer"),
                Ok(bytes) => {
                    self.meter.add(bytes);
                    flow.add(bytes);
                }
                Err(error) if is_timeout(error.kind()) => {}
                Err(error) => return Err(error).context("a receiver's TCP connection broke"),
            }
        }
        let last = flow.last_arrival();
        let silence = flow.start().elapsed().saturating_sub(last);
        Ok(FlowReport { bytes: flow.total(), longest_pause: flow.longest_pause().max(silence) })
    }
}
