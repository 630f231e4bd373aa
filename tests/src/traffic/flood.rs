//! Small UDP datagrams, as many as one thread can send: what costs by the packet, and not by the byte.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use socket2::SockRef;

use super::udp::{introduce, pair};
use super::{Direction, Place, join};
use crate::netns::Namespace;

/// Datagrams of equal size, one system call each, without a pause between them.
#[derive(Debug, Clone)]
pub struct Flood {
    /// Which end sends.
    pub direction: Direction,
    /// UDP payload in bytes.
    pub payload: usize,
    /// Start that is not counted.
    pub warm_up: Duration,
    /// How long after it arrivals are counted.
    pub length: Duration,
}

/// What became of it in the time that counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct FloodReport {
    /// Datagrams given to the kernel, per second.
    pub sent_per_second: f64,
    /// Datagrams received, per second.
    pub received_per_second: f64,
}

/// Room for what arrives while the receiver waits for a processor; the kernel gives as much of it as it may.
const RECEIVE_BUFFER: usize = 4 << 20;
/// How long either end can be blind to the end of the test.
const PATIENCE: Duration = Duration::from_millis(100);

impl Flood {
    /// Sends, and counts what arrives.
    ///
    /// # Errors
    /// When a socket cannot be had, or the client's datagrams do not reach the server at all.
    pub fn run(&self, client: &Namespace, server: Place<'_>) -> Result<FloodReport> {
        let (near, far) = pair(client, server, None)?;
        far.connect(introduce(&near, &far)?)?;
        let (sender, receiver) = match self.direction {
            Direction::Upload => (near, far),
            Direction::Download => (far, near),
        };
        SockRef::from(&receiver).set_recv_buffer_size(RECEIVE_BUFFER)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (sent, received) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let payload = vec![0x5a; self.payload];
        let sending = spawn("flood-send", sender, &stop, &sent, move |socket| {
            // A full queue or no route for a moment is a loss like any other.
            let _ = socket.send(&payload);
            true
        })?;
        let mut buffer = vec![0; self.payload];
        let receiving = spawn("flood-receive", receiver, &stop, &received, move |socket| {
            socket.recv(&mut buffer).is_ok()
        })?;
        thread::sleep(self.warm_up);
        let before = (Instant::now(), sent.load(Ordering::Relaxed), received.load(Ordering::Relaxed));
        thread::sleep(self.length);
        let seconds = before.0.elapsed().as_secs_f64();
        let report = FloodReport {
            sent_per_second: (sent.load(Ordering::Relaxed) - before.1) as f64 / seconds,
            received_per_second: (received.load(Ordering::Relaxed) - before.2) as f64 / seconds,
        };
        stop.store(true, Ordering::Release);
        join(sending)?;
        join(receiving)?;
        Ok(report)
    }
}

/// A thread that counts what it does until it is told to stop.
fn spawn(
    name: &str,
    socket: UdpSocket,
    stop: &Arc<AtomicBool>,
    count: &Arc<AtomicU64>,
    mut one: impl FnMut(&UdpSocket) -> bool + Send + 'static,
) -> Result<thread::JoinHandle<Result<()>>> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let (stop, count) = (stop.clone(), count.clone());
    Ok(thread::Builder::new().name(name.to_owned()).spawn(move || {
        while !stop.load(Ordering::Acquire) {
            if one(&socket) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    })?)
}
