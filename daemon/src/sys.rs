//! The daemon's only room for `unsafe` code.

#![expect(unsafe_code, reason = "the one place where it is allowed")]

use std::io;
use std::os::fd::OwnedFd;

#[cfg(test)]
use rustix::thread::{UnshareFlags, unshare_unsafe};
use tokio::io::unix::AsyncFd;

/// Lets the runtime watch a descriptor. To be called within a tokio runtime.
///
/// # Errors
/// Where the kernel cannot watch that kind of descriptor.
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open for as long as it lives, and gives the same descriptor each time it is asked.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}

/// Moves the calling thread into a network namespace of its own.
///
/// # Errors
/// Those of `unshare(2)`; `EPERM` without `CAP_SYS_ADMIN`.
#[cfg(test)]
pub(crate) fn unshare_network() -> io::Result<()> {
    // SAFETY: only `CLONE_FILES` can take descriptors away from other threads; it is not among the flags.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(())
}
