//! Round trips of small datagrams at a steady pace, each measured whether or not those before it have come back.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::udp::bind;
use super::{any_like, join};
use crate::netns::Namespace;
use crate::sys;

/// Datagrams to a [`super::udp::EchoServer`].
#[derive(Debug, Clone)]
pub struct Ping {
    /// Time between two.
    pub interval: Duration,
    /// For how long they are sent; answers are waited for a second longer.
    pub duration: Duration,
    /// Interface to bind to, past the routing table.
    pub interface: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct PingReport {
    /// Datagrams sent.
    pub sent: u64,
    /// Round trip times of those that came back, sorted.
    pub round_trips: Vec<Duration>,
}

/// Bytes of UDP payload: as many as `ping` sends by default.
const PAYLOAD: usize = 56;
const STRAGGLERS: Duration = Duration::from_secs(1);

impl Ping {
    /// Starts to send.
    ///
    /// # Errors
    /// When there is no route.
    pub fn start(&self, from: &Namespace, server: SocketAddr) -> Result<JoinHandle<Result<PingReport>>> {
        let socket = from.run(|| {
            let socket = bind(any_like(server), self.interface.as_deref())?;
            socket.connect(server).with_context(|| format!("no route to {server}"))?;
            Ok(socket)
        })?;
        let ping = self.clone();
        let exchange = move || {
            // What is measured is the network, not the scheduler.
            sys::keep_time();
            ping.exchange(&socket)
        };
        Ok(thread::Builder::new().name("ping".into()).spawn(exchange)?)
    }

    /// Sends all and waits for the answers.
    ///
    /// # Errors
    /// As [`Ping::start`].
    pub fn run(&self, from: &Namespace, server: SocketAddr) -> Result<PingReport> {
        join(self.start(from, server)?)
    }

    fn exchange(&self, socket: &std::net::UdpSocket) -> Result<PingReport> {
        let start = Instant::now();
        let mut report = PingReport::default();
        let mut payload = [0_u8; PAYLOAD];
        let mut buffer = [0_u8; 2 * PAYLOAD];
        loop {
            let elapsed = start.elapsed();
            let due = self.interval * u32::try_from(report.sent).unwrap_or(u32::MAX);
            let sending = due < self.duration;
            if sending && elapsed >= due {
                payload[..8].copy_from_slice(&(elapsed.as_nanos() as u64).to_be_bytes());
                // No route for a moment is a loss like any other.
                let _ = socket.send(&payload);
                report.sent += 1;
                continue;
            }
            let until = if sending { due } else { self.duration + STRAGGLERS };
            let Some(wait) = until.checked_sub(elapsed).filter(|wait| !wait.is_zero()) else { break };
            socket.set_read_timeout(Some(wait))?;
            let Ok(length) = socket.recv(&mut buffer) else { continue };
            if length == PAYLOAD
                && let Some(sent_at) = buffer.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
            {
                let sent_at = Duration::from_nanos(sent_at);
                report.round_trips.push(start.elapsed().saturating_sub(sent_at));
            }
        }
        report.round_trips.sort_unstable();
        Ok(report)
    }
}
