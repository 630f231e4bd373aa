//! The data thread: the engine between the sockets and the TUN device, and nothing else.
//!
//! It runs a runtime of its own, so that neither the store's disk nor a slow resolver ever delays a packet. The
//! control thread gives it [`Job`]s, which run between two turns of its loop, and gets the engine's events.

mod engine;
mod eventloop;
mod moderation;
mod neighbours;
mod ports;
mod timer;

use std::io;
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use tokio::sync::{mpsc, oneshot};

pub(super) use engine::Engine;
pub(super) use eventloop::EventLoop;
pub(super) use neighbours::Neighbours;
pub(super) use ports::Ports;

use crate::host::tun::TunDevice;

/// Something to be done on the data thread.
pub(super) type Job<E> = Box<dyn FnOnce(&mut EventLoop<E>, Instant) + Send>;

/// The way to the data thread. It ends when the last clone is dropped.
pub(super) struct Handle<E: Engine> {
    jobs: mpsc::UnboundedSender<Job<E>>,
}

/// The same without keeping the thread alive.
struct WeakHandle<E: Engine> {
    jobs: mpsc::WeakUnboundedSender<Job<E>>,
}

impl<E: Engine> WeakHandle<E> {
    /// Runs `job` on the data thread, if that still runs.
    fn tell(&self, job: impl FnOnce(&mut EventLoop<E>, Instant) + Send + 'static) {
        if let Some(jobs) = self.jobs.upgrade() {
            Handle { jobs }.tell(job);
        }
    }
}

impl<E: Engine> Clone for Handle<E> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone() }
    }
}

impl<E: Engine> Handle<E> {
    /// Runs `job` on the data thread and gives what it gives.
    ///
    /// # Errors
    /// When the data thread has ended.
    pub(super) async fn ask<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut EventLoop<E>, Instant) -> R + Send + 'static,
    ) -> anyhow::Result<R> {
        let (answer, answered) = oneshot::channel();
        self.tell(move |data, now| {
            // Who asked may have given up.
            let _ = answer.send(job(data, now));
        });
        answered.await.map_err(|_| anyhow!("the data thread has ended"))
    }

    fn downgrade(&self) -> WeakHandle<E> {
        WeakHandle { jobs: self.jobs.downgrade() }
    }

    /// Runs `job` on the data thread, if that still runs.
    pub(super) fn tell(&self, job: impl FnOnce(&mut EventLoop<E>, Instant) + Send + 'static) {
        // A data thread that ended is noticed by its events, which end with it.
        let _ = self.jobs.send(Box::new(job));
    }
}

/// A running data thread.
pub(super) struct DataThread<E: Engine> {
    /// The way to it.
    pub(super) handle: Handle<E>,
    /// What the engine tells; ends with the thread.
    pub(super) events: mpsc::UnboundedReceiver<E::Event>,
    thread: JoinHandle<io::Result<()>>,
}

impl<E: Engine> DataThread<E> {
    /// Starts the thread with `engine` behind the device `tun`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(engine: E, tun: TunDevice) -> anyhow::Result<Self> {
        let (jobs, waiting) = mpsc::unbounded_channel();
        let (told, events) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("data".to_owned())
            .spawn(move || run(engine, tun, waiting, told))
            .context("cannot start the data thread")?;
        Ok(Self { handle: Handle { jobs }, events, thread })
    }

    /// Ends the thread, and waits until sockets and device are closed.
    ///
    /// # Errors
    /// Why the thread ended by itself, if it did.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        drop(self.handle);
        match self.thread.join() {
            Ok(ended) => ended.context("the TUN device failed"),
            Err(_) => Err(anyhow!("the data thread panicked")),
        }
    }
}

fn run<E: Engine>(
    engine: E,
    tun: TunDevice,
    jobs: mpsc::UnboundedReceiver<Job<E>>,
    events: mpsc::UnboundedSender<E::Event>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async { EventLoop::new(engine, Some(tun.attach()?), jobs, events)?.run().await })
}
