//! The gateway's data threads: one per worker, each with an engine, sockets and a queue of the TUN device.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::sync::Arc;
use std::task::Poll;
use std::thread::available_parallelism;
use std::time::Instant;

use tandem_engine::gateway::{Gateway, GatewayEvent, Worker};
use tandem_engine::link::LinkId;

use crate::app::data::{DataThread, EventLoop, Handle, Neighbours};
use crate::host::tun::TunDevice;
use crate::host::udp::BindError;

/// Most workers that are started without being asked for.
const MOST: usize = 16;

/// How many workers there are where nobody said: one per processor.
pub(super) fn default_count() -> NonZeroU8 {
    let processors = available_parallelism().map_or(1, usize::from).min(MOST);
    u8::try_from(processors).ok().and_then(NonZeroU8::new).unwrap_or(NonZeroU8::MIN)
}

/// The ways to all workers, by their index.
#[derive(Clone)]
pub(super) struct Workers(Arc<[(Worker, Handle<Gateway>)]>);

impl Workers {
    /// Runs `job` on the thread of one worker.
    pub(super) fn tell(
        &self,
        worker: usize,
        job: impl FnOnce(&mut EventLoop<Gateway>, Instant) + Send + 'static,
    ) {
        if let Some((_, handle)) = self.0.get(worker) {
            handle.tell(job);
        }
    }

    /// Runs `job` on the threads of all of them.
    pub(super) fn tell_all(
        &self,
        job: impl FnOnce(&mut EventLoop<Gateway>, Instant) + Clone + Send + 'static,
    ) {
        self.0.iter().for_each(|(_, handle)| handle.tell(job.clone()));
    }

    /// Runs `job` on the threads of all of them, and gives what each gives.
    ///
    /// # Errors
    /// When one of the threads has ended.
    pub(super) async fn ask_all<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut EventLoop<Gateway>, Instant) -> R + Clone + Send + 'static,
    ) -> anyhow::Result<Vec<R>> {
        let mut answers = Vec::with_capacity(self.0.len());
        for (_, handle) in self.0.iter() {
            answers.push(handle.ask(job.clone()).await?);
        }
        Ok(answers)
    }

    /// Listens on `address` with all workers: each has a socket of its own there, and the kernel gives each its own
    /// connections' datagrams.
    ///
    /// # Errors
    /// When a thread has ended. The inner error: [`BindError`].
    pub(super) async fn listen(
        &self,
        link: LinkId,
        mut address: SocketAddr,
    ) -> anyhow::Result<Result<(), BindError>> {
        // One after the other: the kernel counts sockets in the order in which they were bound.
        for (worker, handle) in self.0.iter() {
            let worker = *worker;
            match handle.ask(move |data, _| data.ports.listen(link, address, worker)).await? {
                // With the port that the first one got, where any was asked for.
                Ok(got) => address = got,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(()))
    }
}

/// The running threads.
pub(super) struct WorkerThreads {
    pub(super) workers: Workers,
    threads: Vec<DataThread<Gateway>>,
}

impl WorkerThreads {
    /// Starts a thread for each engine, with one of the device's queues.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(engines: Vec<(Worker, Gateway)>, queues: Vec<TunDevice>) -> anyhow::Result<Self> {
        let mut threads = Vec::with_capacity(engines.len());
        let mut workers = Vec::with_capacity(engines.len());
        for ((worker, engine), queue) in engines.into_iter().zip(queues) {
            let thread = DataThread::start(engine, queue)?;
            workers.push((worker, thread.handle.clone()));
            threads.push(thread);
        }
        let all: Vec<_> = workers.iter().map(|(_, handle)| handle.clone()).collect();
        for (worker, handle) in workers.iter().filter(|(worker, _)| *worker != Worker::ALONE) {
            let neighbours = Neighbours::new(worker.index(), &all);
            handle.tell(move |data, _| data.neighbours = neighbours);
        }
        Ok(Self { workers: Workers(workers.into()), threads })
    }

    /// What the next worker tells that has something to tell, and which one. None once one of them has ended.
    pub(super) async fn next_event(&mut self) -> Option<(usize, GatewayEvent)> {
        poll_fn(|context| {
            for (worker, thread) in self.threads.iter_mut().enumerate() {
                if let Poll::Ready(event) = thread.events.poll_recv(context) {
                    return Poll::Ready(event.map(|event| (worker, event)));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Ends all threads, and waits until sockets and device are closed.
    ///
    /// # Errors
    /// Why the first of those that ended by themselves did.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        drop(self.workers);
        let stopped: Vec<_> = self.threads.into_iter().map(DataThread::stop).collect();
        stopped.into_iter().collect()
    }
}
