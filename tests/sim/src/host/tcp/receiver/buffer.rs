//! The receive window: it grows with what arrives in a round trip, and closes if the program does not read.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::super::config::TcpConfig;
use super::super::handshake::INITIAL_WINDOW;

/// How often a program with a limited rate reads.
const READ_INTERVAL: Duration = Duration::from_millis(10);

/// Dynamic right-sizing (Fisk and Feng 2001) as in Linux.
#[derive(Debug)]
pub(super) struct Buffer {
    mss: u64,
    /// Most that the window may become, and what it may be now.
    max: u64,
    limit: u64,
    /// What it is: it grows towards the limit by what arrives.
    window: u64,
    /// First byte that may not be sent. Never moves back.
    edge: u64,
    /// Bytes read in the last measured round trip, and when and where the present one began.
    space: u64,
    round: (Instant, u64),
    rtt: Option<Duration>,
    last_echo: Option<u32>,
    rate: Option<u64>,
    read: u64,
    read_at: Instant,
    unread: u64,
}

impl Buffer {
    pub(super) fn new(now: Instant, config: &TcpConfig, mss: u16, rtt: Option<Duration>) -> Self {
        let mss = u64::from(mss);
        // Half of the memory is for what the kernel needs besides the data.
        let max = config.receive_buffer / 2;
        let window = INITIAL_WINDOW.min(max);
        Self {
            mss,
            max,
            limit: window,
            window,
            edge: INITIAL_WINDOW,
            space: 10 * mss,
            round: (now, 0),
            rtt,
            last_echo: None,
            rate: config.read_rate,
            read: 0,
            read_at: now,
            unread: 0,
        }
    }

    pub(super) fn edge(&self) -> u64 {
        self.edge
    }

    pub(super) fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// Takes a round trip from the echo of this end's clock, once for each of its values.
    pub(super) fn take_echo(&mut self, clock: u32, echo: u32) {
        if self.last_echo.replace(echo) == Some(echo) {
            return;
        }
        let sample = Duration::from_millis(u64::from(clock.wrapping_sub(echo).max(1)));
        self.rtt = Some(self.rtt.map_or(sample, |rtt| (rtt * 7 + sample) / 8));
    }

    /// Takes an in-order segment of `len` bytes; everything before `next` has arrived.
    pub(super) fn take_segment(&mut self, now: Instant, len: u64, next: u64) {
        if len >= self.mss / 2 {
            self.window = (self.window + 2 * self.mss).min(self.limit);
        }
        self.read(now, next);
        let (begun, at) = self.round;
        if self.rtt.is_none_or(|rtt| now.saturating_duration_since(begun) < rtt) {
            return;
        }
        let copied = self.read - at;
        if copied > self.space {
            // Twice what came, and ahead of a slow start that goes on.
            let window = 2 * copied + 16 * self.mss;
            let grown =
                window + 2 * (window as f64 * (copied - self.space) as f64 / self.space as f64) as u64;
            self.limit = self.limit.max(grown.min(self.max));
            self.space = copied;
        }
        self.round = (now, self.read);
    }

    /// Lets the program read; true if the window that this opens is worth telling.
    pub(super) fn read(&mut self, now: Instant, next: u64) -> bool {
        match self.rate {
            None => (self.read, self.read_at) = (next, now),
            Some(rate) => {
                let elapsed = now.saturating_duration_since(self.read_at);
                if elapsed >= READ_INTERVAL || self.read == next {
                    let bytes = (rate as f64 * elapsed.as_secs_f64()) as u64;
                    (self.read, self.read_at) = ((self.read + bytes).min(next), now);
                }
            }
        }
        self.unread = next - self.read;
        let offered = self.edge.saturating_sub(next);
        let free = self.free();
        2 * offered <= self.window && free > 0 && free >= 2 * offered
    }

    /// When the program reads again.
    pub(super) fn wakes(&self) -> Option<Instant> {
        (self.unread > 0).then(|| self.read_at + READ_INTERVAL)
    }

    /// What may be offered: nothing rather than little (RFC 9293, section 3.8.6.2.2).
    fn free(&self) -> u64 {
        let free = self.window.saturating_sub(self.unread);
        if free < (self.window / 16).max(self.mss) { 0 } else { free }
    }

    /// The window to offer now, from `next` on.
    pub(super) fn offer(&mut self, next: u64) -> u64 {
        self.edge = self.edge.max(next + self.free());
        self.edge - next
    }
}
