//! The loop itself: one wake-up handles all that has come, in batches.

use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::task::{Context, Poll};
use std::time::Instant;

use tandem_engine::blocks::Blocks;
use tokio::sync::mpsc;

use super::moderation::Moderation;
use super::neighbours::Neighbours;
use super::timer::Timer;
use super::{Engine, Job, Ports};
use crate::host::tun::Tun;
use crate::host::udp::RecvBatch;

/// Datagrams handed to a socket at once, for segmentation offload. More would reach a slow link as one burst.
const MAX_SEGMENTS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");
/// Bytes of a block of packets for the engine: some forty. One that waits in a queue keeps its whole block.
const BLOCK: usize = 64 << 10;
/// Packets taken from the TUN device in one turn, or as many more as came in one piece: half of its queue.
const TUN_BATCH: usize = 256;

/// An engine with its sockets and its TUN device.
pub(in crate::app) struct EventLoop<E: Engine> {
    /// The engine.
    pub(in crate::app) engine: E,
    /// The sockets.
    pub(in crate::app) ports: Ports,
    /// The other workers.
    pub(in crate::app) neighbours: Neighbours<E>,
    /// None while a client enrols, which has no packets to carry.
    tun: Option<Tun>,
    jobs: mpsc::UnboundedReceiver<Job<E>>,
    events: mpsc::UnboundedSender<E::Event>,
    timer: Timer,
    moderation: Moderation,
    /// Packets that the present turn has taken in.
    packets: usize,
    received: RecvBatch,
    blocks: Blocks,
    outgoing: Vec<u8>,
}

enum Turn {
    /// Something was given to the engine.
    Worked,
    /// Nobody is left to give jobs.
    Finished,
}

impl<E: Engine> EventLoop<E> {
    /// A loop without sockets. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When the kernel gives no timer.
    pub(in crate::app) fn new(
        engine: E,
        tun: Option<Tun>,
        jobs: mpsc::UnboundedReceiver<Job<E>>,
        events: mpsc::UnboundedSender<E::Event>,
    ) -> io::Result<Self> {
        Ok(Self {
            engine,
            ports: Ports::default(),
            neighbours: Neighbours::default(),
            tun,
            jobs,
            events,
            timer: Timer::new()?,
            moderation: Moderation::new(Instant::now()),
            packets: 0,
            received: RecvBatch::new(),
            blocks: Blocks::new(BLOCK),
            outgoing: Vec::new(),
        })
    }

    /// Runs until nobody is left to give jobs.
    ///
    /// # Errors
    /// When the TUN device has failed or was deleted.
    pub(in crate::app) async fn run(mut self) -> io::Result<()> {
        while let Turn::Worked = poll_fn(|context| self.poll_input(context)).await? {
            let began = Instant::now();
            self.flush();
            let packets = std::mem::take(&mut self.packets);
            if let Some(pause) = self.moderation.pause(began, Instant::now(), packets) {
                // The thread has nothing else to do: what comes meanwhile is what it waits for.
                std::thread::sleep(pause);
            }
            // Otherwise, as long as there is always something to read, nothing else that has become readable is seen: of a
            // flood of small packets into the tunnel none came out, since no acknowledgement came in.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Gives the engine all that has come; completes when that was something.
    fn poll_input(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Turn>> {
        let mut worked = false;
        while let Poll::Ready(job) = self.jobs.poll_recv(context) {
            let Some(job) = job else { return Poll::Ready(Ok(Turn::Finished)) };
            // A job can bring what another worker has received, which was before now.
            job(self, Instant::now());
            worked = true;
        }
        let Self { engine, blocks, .. } = self;
        let received = self.ports.poll_recv(context, &mut self.received, |now, arrival, payload| {
            engine.handle_udp(now, arrival, blocks.copy(payload));
        });
        self.packets += received;
        worked |= received > 0;
        let now = Instant::now();
        if let Some(tun) = &mut self.tun {
            let each = |packet: &mut [u8]| engine.handle_packet(now, blocks.copy(packet));
            if let Poll::Ready(count) = tun.poll_recv(context, TUN_BATCH, each) {
                self.packets += count?;
                worked = true;
            }
        }
        let deadline = self.engine.poll_timeout();
        // While there is work to do anyway, the timer need not be set for each new deadline.
        let is_due = deadline.is_some_and(|deadline| deadline <= now);
        if is_due || !worked && self.timer.poll_expired(context, now, deadline)?.is_ready() {
            self.engine.handle_timeout(Instant::now());
            worked = true;
        }
        if worked { Poll::Ready(Ok(Turn::Worked)) } else { Poll::Pending }
    }

    /// Takes from the engine all that it has.
    pub(in crate::app) fn flush(&mut self) {
        let now = Instant::now();
        loop {
            self.outgoing.clear();
            let Some(transmit) = self.engine.poll_transmit(now, MAX_SEGMENTS, &mut self.outgoing) else {
                break;
            };
            self.ports.send(&transmit, &self.outgoing[..transmit.size]);
        }
        // The engine's own queue must not grow while the device takes nothing.
        match &mut self.tun {
            Some(tun) => tun.send(|| self.engine.poll_packet()),
            None => while self.engine.poll_packet().is_some() {},
        }
        self.neighbours.pass_on(&mut self.engine);
        while let Some(event) = self.engine.poll_event() {
            // The control thread may be on its way out.
            let _ = self.events.send(event);
        }
    }
}

#[cfg(test)]
mod tests;
