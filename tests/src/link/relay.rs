//! The thread that carries one direction of a link.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tandem_sim::link::{Shape, Shaper};

use super::config::LinkConfig;
use super::frame::{self, ETHERNET};
use super::{Shared, lock};
use crate::sys;

/// Frames read in one go, before those that are due are delivered.
const BATCH: usize = 64;
/// Frames this close to their time are delivered with the present batch: it saves wake-ups and is far below the
/// promised millisecond.
const COALESCE: Duration = Duration::from_micros(50);
/// Room for the largest frame, since nothing limits the MTU of a TAP but the device itself.
const FRAME_ROOM: usize = 9_216 + ETHERNET;
const SPARE_FRAMES: usize = 512;

/// A frame with its buffer, as large as the buffer was when pushed.
type Frame = Vec<u8>;

/// Which direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Away from the first end.
    Up,
    /// Towards it.
    Down,
}

impl Way {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    fn shape(self, config: &LinkConfig) -> &Shape {
        match self {
            Self::Up => &config.up,
            Self::Down => &config.down,
        }
    }
}

/// State of one relay thread.
pub(super) struct Relay {
    way: Way,
    from: Arc<File>,
    to: Arc<File>,
    waker: Arc<OwnedFd>,
    shared: Arc<Shared>,
    config: LinkConfig,
    generation: u64,
    shaper: Shaper<Frame>,
    /// Buffers to be used again, so that carrying frames allocates nothing.
    spare: Vec<Frame>,
}

impl Relay {
    pub(super) fn new(
        way: Way,
        from: Arc<File>,
        to: Arc<File>,
        waker: Arc<OwnedFd>,
        shared: Arc<Shared>,
        seed: u64,
    ) -> Self {
        let config = lock(&shared.config).clone();
        let shaper = Shaper::new(way.shape(&config).clone(), seed, Instant::now());
        let spare = (0..SPARE_FRAMES).map(|_| Vec::with_capacity(FRAME_ROOM)).collect();
        Self { way, from, to, waker, shared, config, generation: 0, shaper, spare }
    }

    /// Carries frames until the link is dropped.
    pub(super) fn run(mut self) {
        sys::keep_time();
        while !self.shared.stop.load(Ordering::Acquire) {
            self.follow_config();
            let more = self.read_batch();
            self.deliver();
            self.publish_counts();
            if !more {
                self.sleep();
            }
        }
    }

    fn follow_config(&mut self) {
        let generation = self.shared.generation.load(Ordering::Acquire);
        if generation == self.generation {
            return;
        }
        self.generation = generation;
        self.config = lock(&self.shared.config).clone();
        self.shaper.reshape(Instant::now(), self.way.shape(&self.config).clone(), &mut self.spare);
        if !self.config.carrier {
            self.shaper.clear(&mut self.spare);
        }
    }

    /// Takes what the TAP holds; `true` if there may be more.
    fn read_batch(&mut self) -> bool {
        for _ in 0..BATCH {
            let mut frame = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(FRAME_ROOM));
            frame.resize(FRAME_ROOM, 0);
            let length = match (&*self.from).read(&mut frame) {
                Ok(length) => length,
                Err(error) => {
                    self.spare.push(frame);
                    // EIO: the interface is down; poll will say when that changes.
                    return error.kind() == ErrorKind::Interrupted;
                }
            };
            frame.truncate(length);
            self.accept(frame);
        }
        true
    }

    fn accept(&mut self, mut frame: Frame) {
        let now = Instant::now();
        let passes = self.passes(&frame) && (self.way == Way::Down || self.translate(&mut frame, now));
        if !passes {
            self.shared.counters[self.way as usize].filtered.fetch_add(1, Ordering::Relaxed);
            self.spare.push(frame);
            return;
        }
        self.shaper.advance(now, &mut self.spare);
        if let Err(refused) = self.shaper.push(frame, now) {
            self.spare.push(refused);
        }
    }

    fn passes(&self, frame: &[u8]) -> bool {
        let shape = self.way.shape(&self.config);
        self.config.carrier
            && !shape.blackhole
            && frame.len() <= shape.mtu.saturating_add(ETHERNET)
            && !(self.config.udp_blocked && frame::is_udp(frame))
    }

    /// Lets the NAT, which stands at the far end, see the frame; `false` means drop it.
    fn translate(&self, frame: &mut [u8], now: Instant) -> bool {
        let (Some(nat), Some(packet)) = (&self.shared.nat, frame::ipv4_of(frame)) else { return true };
        match self.way {
            Way::Up => lock(nat).outbound(packet, now),
            Way::Down => lock(nat).inbound(packet, now),
        }
    }

    fn deliver(&mut self) {
        let now = Instant::now() + COALESCE;
        self.shaper.advance(now, &mut self.spare);
        let (mut frames, mut bytes, mut filtered) = (0, 0, 0);
        while let Some(mut frame) = self.shaper.pop(now) {
            // Downwards the NAT is behind the air for the sender: what has expired meanwhile is dropped.
            let passes = self.way == Way::Up || self.translate(&mut frame, now);
            // The far interface may be down, then a frame is lost as on any wire.
            if passes && (&*self.to).write(&frame).is_ok() {
                frames += 1;
                bytes += frame.len() as u64;
            } else {
                filtered += 1;
            }
            self.spare.push(frame);
        }
        let counters = &self.shared.counters[self.way as usize];
        counters.frames.fetch_add(frames, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        counters.filtered.fetch_add(filtered, Ordering::Relaxed);
    }

    fn publish_counts(&self) {
        let counts = self.shaper.counts();
        let counters = &self.shared.counters[self.way as usize];
        counters.queue_drops.store(counts.queue_drops, Ordering::Relaxed);
        counters.lost.store(counts.lost, Ordering::Relaxed);
    }

    /// Sleeps until a frame arrives, one is due, or the settings change.
    fn sleep(&self) {
        let timeout = self.shaper.deadline().map(|due| {
            let wait = due.saturating_duration_since(Instant::now());
            Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) }
        });
        let mut fds = [PollFd::new(&*self.from, PollFlags::IN), PollFd::new(&*self.waker, PollFlags::IN)];
        // A failure (EINTR) only means to look again.
        if poll(&mut fds, timeout.as_ref()).is_ok() && fds[1].revents().contains(PollFlags::IN) {
            let _ = rustix::io::read(&*self.waker, &mut [0u8; 8]);
        }
        if fds[0].revents().contains(PollFlags::ERR) {
            // A TAP whose interface is down polls as an error for ever; do not spin on it.
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
