//! A timer as exact as the kernel's: tokio's own counts in milliseconds, which is too coarse for pacing.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::io::unix::AsyncFd;

/// A `timerfd`, watched by the runtime.
#[derive(Debug)]
pub(super) struct Timer {
    descriptor: AsyncFd<OwnedFd>,
    armed: Option<Instant>,
}

impl Timer {
    /// A timer that is not armed. To be called within a tokio runtime.
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let descriptor = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { descriptor: crate::sys::watch(descriptor)?, armed: None })
    }

    /// Completes at `deadline`; never where there is none.
    pub(super) fn poll_expired(
        &mut self,
        context: &mut Context<'_>,
        now: Instant,
        deadline: Option<Instant>,
    ) -> Poll<io::Result<()>> {
        if deadline != self.armed {
            self.arm(now, deadline)?;
        }
        loop {
            let mut guard = ready!(self.descriptor.poll_read_ready(context))?;
            let mut expirations = [0; 8];
            match guard.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut expirations)?)) {
                Ok(read) => {
                    self.armed = None;
                    return Poll::Ready(read.map(drop));
                }
                Err(_would_block) => {}
            }
        }
    }

    fn arm(&mut self, now: Instant, deadline: Option<Instant>) -> io::Result<()> {
        // Zero disarms; what is due already is due in a nanosecond.
        let after = deadline
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now).max(Duration::from_nanos(1)));
        let it_value = Timespec {
            tv_sec: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: after.subsec_nanos().into(),
        };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        rustix::time::timerfd_settime(self.descriptor.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        self.armed = deadline;
        Ok(())
    }
}
